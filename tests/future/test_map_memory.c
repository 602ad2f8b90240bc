/* test_map_memory.c: what a map has handed over is gone, arguments and results alike, before more of the input is asked for. */
#include "future/tasks.h"
#include <malloc.h>

enum { SIZE = 50000, LAST = 300, WINDOW = 6 };

/* Bytes in use, where the allocator tells. */
static size_t in_use(void)
{
#if defined __GLIBC__ && __GLIBC_PREREQ(2, 33)
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
#else
    return 0;
#endif
}

struct watching {
    size_t before, most;
    int given, told;
};

static int give(void *value, void *watching)
{
    struct watching *w = watching;
    size_t now = in_use();
    if (now > w->most) w->most = now;
    plait_bytes *block = value;
    if (w->given == LAST) return PLAIT_EDONE;
    w->given++;
    block->data = calloc(1, SIZE + 1);
    block->size = SIZE;
    return block->data ? 0 : PLAIT_ENOMEM;
}

static int doubled(const plait_bytes *in, plait_bytes *out)
{
    out->data = calloc(2, in->size + 1);
    out->size = 2 * in->size;
    return out->data ? 0 : PLAIT_ENOMEM;
}
PLAIT_TASK(doubled, plait_bytes, plait_bytes);

static int look(const plait_map_item *item, void *watching)
{
    struct watching *w = watching;
    check_code(item->error, 0);
    check_number(((const plait_bytes *)item->argument)->size, SIZE);
    check_number(((plait_bytes *)item->result)->size, 2 * SIZE);
    w->told++;
    return 0;
}

TEST_IN_EACH_KIND(E12_what_a_map_has_told_is_gone_before_more_is_asked_for)
{
    plait_executor *executors[] = { pool_of(2), plait_inline_executor() };
    for (int e = 0; e < 2; e++) {
        check_code(plait_await(plait_submit(executors[e], nothing, NULL), NULL), 0); /* it has what it needs */
        struct watching w = { .before = in_use() };
        plait_map_options o = { .next = give, .each = look, .context = &w, .window = WINDOW };
        check_code(plait_map(executors[e], doubled, NULL, 0, NULL, &o), 0);
        check_number(w.given, LAST);
        check_number(w.told, LAST);
        check(w.most <= w.before + (WINDOW + 2) * 3 * SIZE); /* of the 100 times that which came through it */
    }
    plait_executor_free(executors[0]);
}

/* The same without anybody who looks: results that nobody wants are dropped as they come. */
TEST_IN_EACH_KIND(E12_what_nobody_wants_is_gone_likewise)
{
    plait_executor *executors[] = { pool_of(2), plait_inline_executor() };
    for (int e = 0; e < 2; e++) {
        check_code(plait_await(plait_submit(executors[e], nothing, NULL), NULL), 0);
        struct watching w = { .before = in_use() };
        plait_map_options o = { .next = give, .context = &w, .window = WINDOW };
        check_code(plait_map(executors[e], doubled, NULL, 0, NULL, &o), 0);
        check_number(w.given, LAST);
        check(w.most <= w.before + (WINDOW + 2) * 3 * SIZE);
    }
    plait_executor_free(executors[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E12_what_a_map_has_told_is_gone_before_more_is_asked_for),
        cmocka_unit_test(E12_what_nobody_wants_is_gone_likewise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
