/* test_process_slice_values.c: strings, blocks and described structs go to worker processes in slices, too. */
#include "base/album.h"
#include <plait.h>
#include <string.h>

enum { SOME = 120, ALBUMS = 40 };
static const size_t chunks[] = { 0, 1, 2, 7, 64, 1000 };
enum { CHUNKS = sizeof chunks / sizeof *chunks };
static int codes[SOME];

static int repeat(const plait_bytes *in, plait_bytes *two)
{
    if (in->size % 100 == 7) return plait_fail(-EDOM, "size %zu", in->size);
    int err = plait_bytes_copy(two, NULL, 2 * in->size);
    if (err || !in->size) return err;
    memcpy(two->data, in->data, in->size);
    memcpy((char *)two->data + in->size, in->data, in->size);
    return 0;
}
PLAIT_TASK(repeat, plait_bytes, plait_bytes);
static int copy_album(const struct album *a, struct album *copy) { return plait_type_copy(album_type, copy, a); }
PLAIT_TASK_TYPED(copy_album, struct album, struct album, album_type);

static int give_bytes(void *value, void *given)
{
    size_t size = (size_t)(*(int *)given)++;
    int err = plait_bytes_copy(value, NULL, size);
    if (!err) memset(((plait_bytes *)value)->data, 'x', size);
    return err;
}

static void check_doubled(plait_bytes *two, size_t size, int code)
{
    check_code(code, size % 100 == 7 ? -EDOM : 0);
    if (code) return;
    check_number(two->size, 2 * size);
    for (size_t i = 0; i < two->size; i++) check_number(((char *)two->data)[i], 'x');
    plait_bytes_clear(two);
}

/* In so little memory that what is left behind would be missed. */
static void E6_E12_values_that_own_memory_pass_through_slices_and_leave_none(void **unused)
{
    (void)unused;
    plait_executor *ex =
        plait_process_executor_new(&(plait_process_options){ .workers = 2, .shared_limit = (size_t)16 << 20 });
    check(ex);
    static plait_bytes blocks[SOME], two[SOME];
    static struct album albums[ALBUMS], copies[ALBUMS];
    struct album sent = full;
    sent.left_out = 0;
    for (int i = 0; i < SOME; i++) { /* some large, among the small */
        check_code(plait_bytes_copy(&blocks[i], NULL, i % 20 == 19 ? 20000 : (size_t)i), 0);
        memset(blocks[i].data, 'x', blocks[i].size);
    }
    for (int i = 0; i < ALBUMS; i++) albums[i] = full;
    for (int c = 0; c < 30 * CHUNKS; c++) {
        plait_map_options o = { .chunk = chunks[c % CHUNKS], .errors = codes };
        check_code(plait_map(ex, repeat, blocks, SOME, two, &o), 0);
        for (int i = 0; i < SOME; i++) check_doubled(&two[i], blocks[i].size, codes[i]);
        int given = 0;
        o.next = give_bytes, o.context = &given;
        check_code(plait_map(ex, repeat, NULL, SOME, two, &o), 0);
        for (int i = 0; i < SOME; i++) check_doubled(&two[i], (size_t)i, codes[i]);
        o = (plait_map_options){ .chunk = chunks[c % CHUNKS] };
        check_code(plait_map(ex, repeat, blocks, SOME, NULL, &o), -EDOM);
        check_string(plait_error()->message, "size 7");
        check_code(plait_map(ex, copy_album, albums, ALBUMS, copies, &o), 0);
        for (int i = 0; i < ALBUMS; i++) check_copy(&copies[i], &sent), plait_type_clear(album_type, &copies[i]);
    }
    plait_executor_statistics s;
    plait_executor_get_statistics(ex, &s);
    check(s.bytes_copied > 0);
    for (int i = 0; i < SOME; i++) plait_bytes_clear(&blocks[i]);
    plait_executor_free(ex);
}

int main(void)
{
    plait_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E6_E12_values_that_own_memory_pass_through_slices_and_leave_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
