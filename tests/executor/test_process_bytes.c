/* test_process_bytes.c: large blocks of plait_bytes between a pool of processes and its parent: what lies where, who ends it,
   and that none is lost, whoever dies. */
#include "check.h"
#include "executor/process_pool.h"
#include "process/shared_registry.h"
#include "runners.h"
#include <fcntl.h>
#include <plait.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KIB = 1 << 10, MIB = 1 << 20 };

static plait_executor *pool(int workers, size_t limit)
{
    plait_executor *ex = plait_process_executor_new(
        &(plait_process_options){ .workers = workers, .shared_limit = limit, .idle_timeout = -1 });
    check(ex);
    return ex;
}

static void fill(plait_bytes *b, unsigned seed)
{
    for (size_t i = 0; i < b->size; i++) ((unsigned char *)b->data)[i] = (unsigned char)(seed + i % 251);
}

static bool is_filled(const plait_bytes *b, unsigned seed)
{
    for (size_t i = 0; i < b->size; i++)
        if (((unsigned char *)b->data)[i] != (unsigned char)(seed + i % 251)) return false;
    return ((char *)b->data)[b->size] == 0;
}

/* The heap may have addresses of that range too. */
static bool is_shared(const void *data)
{
    uintptr_t granule = ((uintptr_t)data - PLAIT_SHARED_BASE) >> PLAIT_SHARED_SHIFT;
    return granule < PLAIT_SHARED_GRANULES && atomic_load(&plait_shared_at[granule]);
}

/* A future that is done may hold its argument for a moment: so to be waited for. */
static size_t used(plait_executor *ex)
{
    plait_shared_memory_usage usage;
    plait_shared_memory_get_usage(((struct plait_process_pool *)ex)->memory, &usage);
    return usage.used;
}

static size_t memories(void)
{
    char line[4096];
    size_t count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    check(maps);
    while (fgets(line, sizeof line, maps)) count += strstr(line, "memfd:plait ") != NULL;
    fclose(maps);
    return count;
}

static int echo(const plait_bytes *in, plait_bytes *out) { return plait_bytes_copy(out, in->data, in->size); }
PLAIT_TASK(echo, plait_bytes, plait_bytes);
static int echo_of_heap(const plait_bytes *in, plait_bytes *out)
{
    out->data = malloc(in->size + 1);
    if (!out->data) return PLAIT_ENOMEM;
    memcpy(out->data, in->data, out->size = in->size);
    ((char *)out->data)[out->size] = 0;
    return 0;
}
PLAIT_TASK(echo_of_heap, plait_bytes, plait_bytes);
static int make(const size_t *size, plait_bytes *out)
{
    int err = plait_bytes_copy(out, NULL, *size);
    if (!err) fill(out, 7);
    return err;
}
PLAIT_TASK(make, size_t, plait_bytes);
static int place(const plait_bytes *in, uint64_t *address) { return *address = (uintptr_t)in->data, 0; }
PLAIT_TASK(place, plait_bytes, uint64_t);
static int is_right(const plait_bytes *in, bool *right) { return *right = is_filled(in, 7), 0; }
PLAIT_TASK(is_right, plait_bytes, bool);

static plait_bytes made(plait_executor *ex, size_t size)
{
    plait_bytes b;
    check_code(plait_await(plait_submit(ex, make, &size), &b), 0);
    check(b.size == size && is_filled(&b, 7));
    return b;
}

static void blocks_of_all_sizes_go_there_and_back(void **unused)
{
    (void)unused;
    static const size_t sizes[] = { 0, 1, 94, 95, 96, 97, 8191, 8192, 8193, 100000, MIB, 5 * MIB + 3 };
    plait_executor *ex = pool(2, 0);
    size_t before = used(ex);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        plait_bytes b, out;
        check_code(plait_bytes_copy(&b, NULL, sizes[i]), 0);
        fill(&b, (unsigned)i);
        check_code(plait_await(plait_submit(ex, echo, &b), &out), 0);
        check(out.size == sizes[i] && is_filled(&out, (unsigned)i) && out.data != b.data);
        check(is_shared(out.data) == (sizes[i] >= PLAIT_PARCEL_ROOM)); /* what is small lies in the parcel */
        plait_bytes_clear(&out);
        check_code(plait_await(plait_submit(ex, echo_of_heap, plait_bytes_take(&b)), &out), 0);
        check(out.size == sizes[i] && is_filled(&out, (unsigned)i));
        plait_bytes_clear(&out);
    }
    until(used(ex) < before + 300 * KIB); /* what the pool itself needs */
    plait_executor_free(ex);
}

static void M8_bytes_are_copied_once_at_submit_and_results_not_at_all(void **unused)
{
    (void)unused;
    plait_executor *ex = pool(1, 0);
    plait_executor_statistics s;
    plait_bytes b = made(ex, MIB);
    check(is_shared(b.data));
    plait_executor_get_statistics(ex, &s);
    check(s.bytes_copied == 0 && s.bytes_in_place == MIB);
    bool right = false;
    check_code(plait_await(plait_submit(ex, is_right, &b), &right), 0);
    check(right);
    plait_executor_get_statistics(ex, &s);
    check(s.bytes_copied == MIB && s.bytes_in_place == 2 * MIB);
    uint64_t where, address = (uintptr_t)b.data;
    check_code(plait_await(plait_submit(ex, place, plait_bytes_take(&b)), &where), 0);
    check(where == address && !b.data);
    plait_executor_get_statistics(ex, &s);
    check(s.bytes_copied == MIB && s.bytes_in_place == 3 * MIB);
    plait_executor_free(ex);
}

static void a_block_outlives_the_pool_that_made_it(void **unused)
{
    (void)unused;
    size_t before = memories();
    plait_executor *ex = pool(2, 0);
    plait_bytes one = made(ex, MIB), two = made(ex, 3 * MIB);
    plait_executor_free(ex);
    check_number(memories(), before + 1);
    check(is_filled(&one, 7) && is_filled(&two, 7));
    plait_bytes_clear(&one);
    check(is_filled(&two, 7));
    plait_bytes_clear(&two);
    check_number(memories(), before);
}

static void a_result_is_handed_on_to_any_executor(void **unused)
{
    (void)unused;
    plait_executor *ex = pool(1, 0), *other = pool(1, 0), *threads = plait_thread_executor_new(NULL);
    plait_executor *all[] = { ex, other, threads, plait_inline_executor(), plait_thread_per_task_executor() };
    size_t before = used(ex);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (int taken = 0; taken < 2; taken++) {
            plait_bytes b = made(ex, MIB);
            bool right = false;
            plait_future *f =
                taken ? plait_submit(all[i], is_right, plait_bytes_take(&b)) : plait_submit(all[i], is_right, &b);
            check_code(plait_await(f, &right), 0);
            check(right);
            plait_bytes_clear(&b);
        }
    until(used(ex) < before + MIB);
    plait_executor_free(threads);
    plait_executor_free(other);
    plait_executor_free(ex);
}

static void what_nobody_takes_is_given_back(void **unused)
{
    (void)unused;
    plait_executor *ex = pool(2, 0);
    size_t size = MIB;
    plait_bytes b = made(ex, size);
    plait_bytes_clear(&b);
    size_t before = used(ex);
    for (int i = 0; i < 8; i++) {
        check_code(plait_await(plait_submit(ex, make, &size), NULL), 0);
        plait_future *f = plait_submit(ex, make, &size), *again = plait_future_ref(f);
        check_code(plait_await(f, &b), 0); /* a copy: there is another owner */
        check(is_filled(&b, 7));
        plait_bytes_clear(&b);
        check_code(plait_await(again, &b), 0);
        plait_bytes_clear(&b);
    }
    until(used(ex) <= before + 300 * KIB);
    plait_executor_free(ex);
}

/* Files by which a task tells, and is told: the name is what the block begins with. */
static void name_in(plait_bytes *b, size_t size)
{
    check_code(plait_bytes_copy(b, NULL, size), 0);
    strcpy(b->data, "/tmp/plait-test-XXXXXX");
    int fd = mkstemp(b->data);
    check(fd >= 0 && close(fd) == 0);
}

static int dies_the_first_time(const plait_bytes *in, size_t *size)
{
    if (unlink(in->data) == 0) raise(SIGKILL);
    return *size = in->size, 0;
}
PLAIT_TASK(dies_the_first_time, plait_bytes, size_t);

static void a_retry_has_the_argument_still(void **unused)
{
    (void)unused;
    plait_executor *ex = pool(1, 0);
    for (int taken = 0; taken < 2; taken++) {
        plait_bytes b;
        size_t size = 0;
        name_in(&b, MIB);
        plait_submit_options o = { .retries = 1 };
        plait_future *f = taken ? plait_submit_with(ex, &o, dies_the_first_time, plait_bytes_take(&b))
                                : plait_submit_with(ex, &o, dies_the_first_time, &b);
        check_code(plait_await(f, &size), 0);
        check_number(size, MIB);
        plait_bytes_clear(&b);
    }
    plait_executor_free(ex);
}

static plait_bytes kept;
static int builds_and_dies(const plait_bytes *in, plait_bytes *out)
{
    plait_bytes other;
    if (plait_bytes_copy(&other, in->data, in->size) || plait_bytes_copy(out, NULL, 2 * in->size)) return PLAIT_ENOMEM;
    if (!is_shared(other.data) || !is_shared(out->data)) return -EINVAL;
    kept = other;
    raise(SIGKILL);
    return 0;
}
PLAIT_TASK(builds_and_dies, plait_bytes, plait_bytes);
static int keeps(const plait_bytes *in)
{
    plait_bytes_clear(&kept);
    return plait_bytes_copy(&kept, in->data, in->size);
}
PLAIT_TASK(keeps, plait_bytes, void);
static int dies(void)
{
    raise(SIGKILL);
    return 0;
}
PLAIT_TASK(dies, void, void);

static void M19_a_worker_that_dies_leaves_no_block_behind(void **unused)
{
    (void)unused;
    plait_executor *ex = pool(1, 0);
    plait_bytes b = made(ex, 4 * MIB);
    size_t before = used(ex);
    for (int i = 0; i < 4; i++) {
        check_code(plait_await(plait_submit(ex, builds_and_dies, &b), NULL), PLAIT_EWORKER);
        check_code(plait_await(plait_submit(ex, keeps, &b), NULL), 0);
        check(used(ex) > before + 4 * MIB);
        check_code(plait_await(plait_submit(ex, dies, NULL), NULL), PLAIT_EWORKER);
        until(used(ex) < before + MIB);
    }
    check(is_filled(&b, 7));
    plait_bytes_clear(&b);
    plait_executor_free(ex);
}

static void a_full_memory_fails_that_task_and_the_pool_goes_on(void **unused)
{
    (void)unused;
    enum { HELD = 24 };
    plait_executor *ex = pool(2, 8 * MIB);
    size_t large = 16 * MIB, size = MIB;
    check_code(plait_await(plait_submit(ex, make, &large), NULL), PLAIT_ENOMEM);
    check_contains(plait_error()->message, "no room for a value of 16777216 bytes");
    plait_bytes b, held[HELD];
    check_code(plait_bytes_copy(&b, NULL, large), 0);
    check_code(plait_await(plait_submit(ex, is_right, &b), NULL), PLAIT_ENOMEM);
    plait_bytes_clear(&b);
    for (int i = 0; i < HELD; i++) held[i] = made(ex, size); /* more than it may have: some lie elsewhere */
    check(is_shared(held[0].data) && !is_shared(held[HELD - 1].data));
    for (int i = 0; i < HELD; i++) {
        check(is_filled(&held[i], 7));
        plait_bytes_clear(&held[i]);
    }
    b = made(ex, size);
    check(is_shared(b.data));
    plait_bytes_clear(&b);
    plait_executor_free(ex);
}

static void a_small_memory_serves_many_large_arguments(void **unused)
{
    (void)unused;
    enum { MANY = 200 };
    plait_executor *ex = pool(2, 8 * MIB);
    plait_bytes b = made(ex, MIB);
    plait_future *f[MANY];
    for (int i = 0; i < MANY; i++) f[i] = plait_submit(ex, echo, &b);
    for (int i = 0; i < MANY; i++) {
        plait_bytes out;
        check_code(plait_await(f[i], &out), 0);
        check(is_filled(&out, 7));
        plait_bytes_clear(&out);
    }
    plait_bytes_clear(&b);
    plait_executor_free(ex);
}

/* The child has what its parent had: whatever either does with it, the other's is as it was. */
static void a_forked_child_has_blocks_of_its_own(void **unused)
{
    (void)unused;
    plait_executor *ex = pool(1, 0);
    plait_bytes b = made(ex, MIB), c = made(ex, MIB);
    int go[2], status;
    check(pipe(go) == 0);
    pid_t child = fork();
    check(child >= 0);
    if (!child) {
        char byte;
        plait_bytes_clear(&c);
        bool right = read(go[0], &byte, 1) == 1 && is_filled(&b, 7);
        plait_bytes_clear(&b);
        _exit(right ? 0 : 1);
    }
    plait_bytes_clear(&b);
    for (int i = 0; i < 4; i++) { /* which would be written where it was */
        plait_bytes d;
        size_t size = MIB;
        check_code(plait_await(plait_submit(ex, make, &size), &d), 0);
        memset(d.data, 99, d.size);
        plait_bytes_clear(&d);
    }
    check(write(go[1], "", 1) == 1);
    check(waitpid(child, &status, 0) == child);
    check_number(status, 0);
    check(is_filled(&c, 7));
    plait_bytes_clear(&c);
    close(go[0]), close(go[1]);
    plait_executor_free(ex);
}

struct page {
    char *title;
    plait_bytes picture;
};
PLAIT_TYPE(page_type, struct page, PLAIT_FIELD(struct page, title), PLAIT_FIELD(struct page, picture));
static int paint(const size_t *size, struct page *page)
{
    plait_bytes title;
    int err = plait_bytes_format(&title, "%*d", 20000, 1);
    if (!err) page->title = title.data, err = plait_bytes_copy(&page->picture, NULL, *size);
    if (!err) fill(&page->picture, 7);
    return err;
}
PLAIT_TASK_TYPED(paint, size_t, struct page, page_type);

static void a_described_struct_may_own_such_blocks(void **unused)
{
    (void)unused;
    plait_executor *ex = pool(1, 0);
    size_t size = MIB, before = 0;
    for (int i = 0; i < 4; i++) {
        struct page page;
        check_code(plait_await(plait_submit(ex, paint, &size), &page), 0);
        check(strlen(page.title) == 20000 && page.picture.size == MIB && is_filled(&page.picture, 7));
        plait_type_clear(page_type, &page);
        if (!i) before = used(ex);
    }
    until(used(ex) <= before + 64 * KIB);
    plait_executor_free(ex);
}

static int look_at_page(const struct page *page, bool *right)
{
    *right = is_shared(page->title) && is_shared(page->picture.data) && strcmp(page->title, "Anna") == 0 &&
             is_filled(&page->picture, 7);
    return 0;
}
PLAIT_TASK_TYPED(look_at_page, struct page, bool, page_type);

static void a_described_struct_is_read_where_it_was_laid_out(void **unused)
{
    (void)unused;
    static const size_t sizes[] = { 0, 5, 3000, MIB };
    plait_executor *ex = pool(1, 0);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct page page = { .title = (char *)"Anna" };
        bool right = false;
        check_code(plait_bytes_copy(&page.picture, NULL, sizes[i]), 0);
        fill(&page.picture, 7);
        check_code(plait_await(plait_submit(ex, look_at_page, &page), &right), 0);
        check(right);
        plait_bytes_clear(&page.picture);
    }
    plait_executor_free(ex);
}

static int builds_for_ever(const plait_bytes *in)
{
    for (plait_bytes b;;) {
        if (plait_bytes_copy(&b, in->data, in->size)) return PLAIT_ENOMEM;
        plait_bytes_clear(&kept);
        kept = b;
    }
    return 0;
}
PLAIT_TASK(builds_for_ever, plait_bytes, void);

static pid_t worker_of(plait_executor *ex)
{
    static plait_process_info list[8];
    plait_executor_statistics s;
    until((plait_executor_get_statistics(ex, &s), s.running == 1));
    until(plait_process_list(list, 8) == 1);
    return list[0].id;
}

/* Wherever a worker is when it is killed: in the midst of the allocator, more often than not. */
static void M19_what_a_worker_held_is_found_wherever_it_was_killed(void **unused)
{
    (void)unused;
    plait_executor *ex = pool(1, 0);
    plait_bytes b = made(ex, 64 * KIB);
    size_t before = used(ex);
    for (int i = 0; i < 20; i++) {
        plait_future *f = plait_submit(ex, builds_for_ever, &b);
        pid_t worker = worker_of(ex);
        until(used(ex) > before + 100 * KIB);
        for (int spin = i * 100; spin; spin--) plait_time();
        check(kill(worker, SIGKILL) == 0);
        check_code(plait_await(f, NULL), PLAIT_EWORKER);
        until(used(ex) < before + 100 * KIB);
    }
    check(is_filled(&b, 7));
    plait_bytes_clear(&b);
    plait_executor_free(ex);
}

int main(void)
{
    plait_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_of_all_sizes_go_there_and_back),
        cmocka_unit_test(M8_bytes_are_copied_once_at_submit_and_results_not_at_all),
        cmocka_unit_test(a_block_outlives_the_pool_that_made_it),
        cmocka_unit_test(a_result_is_handed_on_to_any_executor),
        cmocka_unit_test(what_nobody_takes_is_given_back),
        cmocka_unit_test(a_retry_has_the_argument_still),
        cmocka_unit_test(M19_a_worker_that_dies_leaves_no_block_behind),
        cmocka_unit_test(a_full_memory_fails_that_task_and_the_pool_goes_on),
        cmocka_unit_test(a_small_memory_serves_many_large_arguments),
        cmocka_unit_test(a_forked_child_has_blocks_of_its_own),
        cmocka_unit_test(a_described_struct_may_own_such_blocks),
        cmocka_unit_test(a_described_struct_is_read_where_it_was_laid_out),
        cmocka_unit_test(M19_what_a_worker_held_is_found_wherever_it_was_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
