/* Each request for memory is refused, one after the other: nothing crashes, hangs or leaks, and what was to be done either
   is done or has failed with a code. */
#include "base/hooks.h"
#include "fault.h"
#include "future/photo.h"
#include "future/tasks.h"
#include <pthread.h>

static plait_executor *executors[3];
static _Atomic int alive; /* tasks between their first and last line */

static int work(const int *n, int *out)
{
    atomic_fetch_add(&alive, 1);
    *out = *n + 1;
    int err = *n % 5 == 4 ? plait_fail(PLAIT_EUSER, "the fifth of five") : 0;
    atomic_fetch_sub(&alive, 1);
    return err;
}
PLAIT_TASK(work, int, int);

static int text_of(const plait_bytes *in, plait_bytes *out)
{
    return plait_bytes_format(out, "<%s>", (char *)in->data);
}
PLAIT_TASK(text_of, plait_bytes, plait_bytes);

static plait_executor *of_nest;
static int nest(const int *n, int *out);
PLAIT_TASK(nest, int, int);
static int nest(const int *n, int *out)
{
    *out = *n;
    int less = *n - 1;
    return less ? plait_await(plait_submit(of_nest, nest, &less), out) : 0;
}

static bool is_no_memory(int err) { return err == 0 || err == PLAIT_ENOMEM; }

/* What is tried; true when all went well. */

static bool submits(plait_executor *ex)
{
    int n = 1, out = 0;
    int err = plait_await(plait_submit(ex, work, &n), &out);
    check(is_no_memory(err));
    if (!err) check_number(out, 2);
    n = 4;
    int failed = plait_await(plait_submit_with(ex, (&(plait_submit_options){ .name = "fifth" }), work, &n), &out);
    check(failed == PLAIT_ENOMEM || failed == PLAIT_EUSER);
    bool words = plait_error() && plait_error()->code == failed;
    if (words && failed == PLAIT_EUSER) check_string(plait_error()->task, "fifth");
    return !err && failed == PLAIT_EUSER && words;
}

static bool hands_blocks_over(plait_executor *ex)
{
    plait_bytes in = { 0 }, out = { 0 };
    int err = plait_bytes_format(&in, "%d", 42);
    if (err) {
        check(!in.data);
        return false;
    }
    int copied = plait_await(plait_submit(ex, text_of, &in), &out);
    check(is_no_memory(copied));
    if (!copied) check_string(out.data, "<42>");
    plait_bytes_clear(&out);
    plait_future *f = plait_submit(ex, text_of, plait_bytes_take(&in));
    check(!in.data);
    plait_future_ref(f);
    err = plait_await(f, &out);
    check(is_no_memory(err));
    plait_bytes_clear(&out);
    int again = plait_await(f, NULL);
    check(is_no_memory(again));
    return !copied && !err && !again;
}

static bool hands_structs_over(plait_executor *ex)
{
    char *tags[] = { (char *)"sea", (char *)"sun" };
    struct photo photo = { (char *)"a", 4, 2, { (char *)"12345678", 8 }, 2, tags }, first, second;
    plait_future *f = plait_future_ref(plait_submit(ex, shrink, &photo));
    int err = plait_await(f, &first); /* a copy */
    check(is_no_memory(err));
    if (!err) check_string(first.tags[1], "sun");
    if (!err) plait_type_clear(photo_type, &first);
    int again = plait_await(f, &second); /* the result itself, where the task had memory to make it */
    check(is_no_memory(again));
    if (!again) check_string(second.path, "small-a");
    if (!again) plait_type_clear(photo_type, &second);
    return !err && !again;
}

static bool waits(plait_executor *ex)
{
    plait_future *fs[20];
    bool well = true;
    for (int i = 0; i < 20; i++) fs[i] = plait_submit(ex, work, &((int){ 5 * i }));
    for (int mode = PLAIT_ALL_COMPLETED; mode <= PLAIT_FIRST_EXCEPTION; mode++) {
        size_t done = 99;
        int err = plait_wait(fs, 20, (plait_wait_mode)mode, PLAIT_FOREVER, &done);
        check(is_no_memory(err));
        check(done <= 20);
        well &= !err;
    }
    for (int i = 0; i < 20; i++) {
        int err = plait_await(fs[i], NULL);
        check(is_no_memory(err));
        well &= !err;
    }
    return well;
}

static bool completes(plait_executor *ex)
{
    plait_completions *c = plait_completions_new();
    if (!c) return false;
    bool well = true;
    for (int i = 0; i < 10; i++) plait_completions_add(c, plait_submit(ex, work, &((int){ 5 * i })));
    for (int i = 0; i < 7; i++) {
        plait_future *f;
        check_code(plait_completions_next(c, &f, PLAIT_FOREVER), 0);
        int err = plait_await(f, NULL);
        check(is_no_memory(err));
        well &= !err;
    }
    check_number(plait_completions_pending(c), 3);
    plait_completions_free(c);
    return well;
}

static bool maps(plait_executor *ex)
{
    int in[12], out[12] = { 0 };
    for (int i = 0; i < 12; i++) in[i] = 5 * i;
    int err = plait_map(ex, work, in, 12, out, &((plait_map_options){ .window = 4 }));
    check(is_no_memory(err));
    check_number(alive, 0);
    for (int i = 0; i < 12 && !err; i++) check_number(out[i], 5 * i + 1);
    return !err;
}

static bool groups(plait_executor *ex)
{
    PLAIT_GROUP(group, ex);
    for (int i = 0; i < 10; i++) plait_group_submit(&group, work, &((int){ 5 * i }));
    int err = plait_group_wait(&group);
    check(is_no_memory(err));
    check_number(alive, 0);
    return !err;
}

static bool nests(plait_executor *ex)
{
    int n = 10, out = 0;
    of_nest = ex;
    int err = plait_await(plait_submit(ex, nest, &n), &out);
    check(is_no_memory(err));
    return !err;
}

static bool cancels(plait_executor *ex)
{
    struct gate gate = { 0 }, *at = &gate;
    plait_event_set(&gate.open);
    plait_future *fs[4];
    bool well = true;
    for (int i = 0; i < 4; i++) {
        fs[i] = plait_submit(ex, pass, &at);
        plait_future_cancel(fs[i]);
    }
    for (int i = 0; i < 4; i++) {
        int err = plait_await(fs[i], NULL);
        check(is_no_memory(err) || err == PLAIT_ETASK);
        well &= err != PLAIT_ENOMEM;
        well &= err != PLAIT_ETASK || (plait_error() && plait_error()->cause);
    }
    return well;
}

static void refuse_each(bool (*work_with)(plait_executor *))
{
    for (int e = 0; e < 3; e++) {
        check(work_with(executors[e])); /* all that is made once is there now */
        size_t nth = 0, refused;
        bool well;
        do {
            fault_nth("memory", ++nth);
            well = work_with(executors[e]);
            refused = fault_requests() >= nth;
            fault_off();
            check(nth < 1000);
        } while (refused);
        check(well);
        fault_all("memory");
        work_with(executors[e]);
        fault_off();
        check(work_with(executors[e])); /* and all is as before */
    }
}

static void begin(void)
{
    executors[0] = plait_inline_executor();
    executors[1] = plait_thread_per_task_executor();
    executors[2] = pool_of(1);
}

#define REFUSED(name)                                                                                                  \
    TEST_IN_EACH_KIND(name##_without_memory)                                                                           \
    {                                                                                                                  \
        begin();                                                                                                       \
        refuse_each(name);                                                                                             \
        plait_executor_free(executors[2]);                                                                             \
    }
REFUSED(submits)
REFUSED(hands_blocks_over)
REFUSED(hands_structs_over)
REFUSED(waits)
REFUSED(completes)
REFUSED(maps)
REFUSED(groups)
REFUSED(nests)
REFUSED(cancels)

TEST_IN_EACH_KIND(a_pool_without_memory)
{
    for (size_t nth = 1;; nth++) {
        int out = 0, n = 6;
        fault_nth("memory", nth);
        plait_executor *pool = plait_thread_executor_new(&((plait_thread_options){ .workers = 2, .name = "small" }));
        int err = pool ? plait_await(plait_submit(pool, square, &n), &out) : plait_error() ? plait_error()->code : 0;
        bool refused = fault_requests() >= nth;
        fault_off();
        check(is_no_memory(err));
        if (pool) check_code(plait_await(plait_submit(pool, square, &n), &out), 0);
        if (pool) check_number(out, 36);
        plait_executor_free(pool);
        if (!refused) break;
    }
}

/* A thread that was started for a task has what it needs to begin that: else a task that was taken would fail before its first
   line, and who submitted it, and thought it was on its way, might never learn. */
static pthread_t submitter;
static bool refuse_other_threads(const char *point)
{
    return strcmp(point, "memory") == 0 && !pthread_equal(pthread_self(), submitter);
}

static void a_new_thread_needs_no_memory_for_its_first_task(void **unused)
{
    (void)unused;
    enum { MANY = 20 };
    plait_future *fs[MANY];
    plait_executor *pool = pool_of(MANY / 2);
    submitter = pthread_self();
    plait_hooks.refuse = refuse_other_threads;
    for (int i = 0; i < MANY; i++) fs[i] = plait_submit(i % 2 ? pool : plait_thread_per_task_executor(), nothing, NULL);
    for (int i = 0; i < MANY; i++) check_code(plait_await(fs[i], NULL), 0);
    plait_executor_free(pool);
    plait_hooks.refuse = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_new_thread_needs_no_memory_for_its_first_task), /* first: no thread is as an earlier one has left it */
        cmocka_unit_test(submits_without_memory),
        cmocka_unit_test(hands_blocks_over_without_memory),
        cmocka_unit_test(hands_structs_over_without_memory),
        cmocka_unit_test(waits_without_memory),
        cmocka_unit_test(completes_without_memory),
        cmocka_unit_test(maps_without_memory),
        cmocka_unit_test(groups_without_memory),
        cmocka_unit_test(nests_without_memory),
        cmocka_unit_test(cancels_without_memory),
        cmocka_unit_test(a_pool_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
