/* test_everywhere.c: of everything a little, on threads that plait did not start, on small stacks and large ones, and in a
   child that was forked while other threads were in the midst of it. */
#include "child.h"
#include "future/tasks.h"
#include "park/context.h"
#include "sanitizers.h"
#include <plait/local.h>
#include <plait/throttle.h>
#include <plait/timer.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

enum { MANY = 20 };
static _Atomic int numbers_alive;

static void *make_number(void *unused)
{
    numbers_alive++;
    return calloc(1, unused ? 2 : 8);
}
static void destroy_number(void *number)
{
    numbers_alive--;
    free(number);
}
static plait_local number = { .make = make_number, .destroy = destroy_number };

static int sets(void *event)
{
    plait_event_set(event);
    return 0;
}

static int fails(void *code)
{
    check(plait_local_get(&number));
    return plait_fail(*(int *)code, "as was asked");
}

static void uses_futures(size_t stack_size)
{
    int in[MANY], out[MANY], code = -EIO, result;
    char text[200];
    plait_executor *pool = plait_thread_executor_new(&(plait_thread_options){ .workers = 2, .stack_size = stack_size });
    check(pool);
    for (int i = 0; i < MANY; i++) in[i] = i;
    check_code(plait_map(pool, square, in, MANY, out, NULL), 0);
    for (int i = 0; i < MANY; i++) check_number(out[i], i * i);
    check_code(plait_await(plait_submit(pool, fail_in_words, &code), NULL), -EIO);
    plait_error_describe(-EIO, text, sizeof text);
    check_contains(text, "no luck with -5");
    check_code(plait_await(plait_submit(plait_inline_executor(), square, &in[3]), &result), 0);
    check_code(plait_await(plait_submit(plait_thread_per_task_executor(), square, &in[3]), &result), 0);
    check_number(result, 9);
    plait_completions *c = plait_completions_new();
    plait_future *fs[MANY];
    for (int i = 0; i < 5; i++) plait_completions_add(c, plait_submit(pool, nothing, NULL));
    plait_completions_free(c);
    for (int i = 0; i < MANY; i++) fs[i] = plait_submit(pool, square, &in[i]);
    check_code(plait_wait(fs, MANY, PLAIT_ALL_COMPLETED, PLAIT_FOREVER, NULL), 0);
    check_code(plait_gather(fs, MANY, out, NULL), 0);
    {
        PLAIT_GROUP(group, pool);
        plait_group_submit(&group, fail_with, &code);
        check_code(plait_group_wait(&group), -EIO);
    }
    plait_executor_free(pool);
}

static void uses_objects(void)
{
    plait_queue *q = plait_queue_new(sizeof(int), PLAIT_UNBOUNDED);
    for (int i = 0; i < 5; i++) check_code(plait_queue_put(q, &i, PLAIT_FOREVER), 0);
    plait_queue_free(q);
    plait_event rung = PLAIT_EVENT_INIT;
    plait_timer *t = plait_timer_start(plait_after(PLAIT_MICROSECOND), sets, &rung, NULL);
    check_code(plait_event_wait(&rung, PLAIT_FOREVER), 0);
    plait_timer_free(t);
    plait_mutex m = PLAIT_MUTEX_INIT;
    plait_mutex_lock(&m);
    check_code(plait_mutex_lock_until(&m, PLAIT_FOREVER), PLAIT_EDEADLK);
    plait_mutex_unlock(&m);
    plait_throttle throttle;
    check_code(plait_throttle_init(&throttle, 1000000000, PLAIT_SECOND, 10), 0);
    check_code(plait_throttle_acquire(&throttle, 3, PLAIT_FOREVER), 0);
    int ends[2];
    check_number(pipe(ends), 0);
    check_code(plait_wait_fd(ends[0], POLLIN, plait_after(PLAIT_MICROSECOND)), PLAIT_ETIMEDOUT);
    check_code(plait_close(ends[0]), 0);
    check_code(plait_close(ends[1]), 0);
}

static int lives_with(size_t stack_size)
{
    int code = -EDOM, result;
    uses_futures(stack_size);
    uses_objects();
    plait_thread *t = plait_thread_start(fails, &code, &(plait_thread_start_options){ .stack_size = stack_size });
    check_code(plait_thread_join(t, &result, PLAIT_FOREVER), 0);
    check_code(result, -EDOM);
    check_string(plait_error()->message, "as was asked");
    plait_thread_free(t);
    check(plait_local_get(&number));
    return 0;
}

static int lives(void *unused)
{
    (void)unused;
    return lives_with(0);
}

/* The sanitizers' frames are larger. */
#if defined TSAN || defined ASAN
#define SMALL ((size_t)128 << 10)
#else
#define SMALL ((size_t)1) /* what the system demands at least */
#endif

static int lives_small(void *unused)
{
    (void)unused;
    return lives_with(SMALL);
}
static int lives_large(void *unused)
{
    (void)unused;
    return lives_with((size_t)64 << 20);
}

static void T20_small_stacks_and_large_ones_are_enough(void **unused)
{
    (void)unused;
    static int (*const run[2])(void *) = { lives_small, lives_large };
    for (int large = 0; large < 2; large++) {
        plait_thread *t = plait_thread_start(
            run[large], NULL, &(plait_thread_start_options){ .stack_size = large ? (size_t)64 << 20 : SMALL });
        int result = 1;
        check_code(plait_thread_join(t, &result, PLAIT_FOREVER), 0);
        check_code(result, 0);
        plait_thread_free(t);
    }
}

static void *locks_abroad(void *context)
{
    plait_mutex m = PLAIT_MUTEX_INIT;
    plait_mutex_lock(&m);
    check(plait_mutex_held(&m) && plait_local_get(&number));
    plait_mutex_unlock(&m);
    *(void **)context = plait_current();
    return NULL;
}

/* The first of all, so that no other thread gives back what this is about. */
static void L14_what_plait_knew_of_a_foreign_thread_goes_to_the_next_one(void **unused)
{
    (void)unused;
    void *first = NULL, *context;
    check(plait_current());
    for (int i = 0; i < 100; i++) {
        pthread_t thread;
        check_number(pthread_create(&thread, NULL, locks_abroad, &context), 0);
        check_number(pthread_join(thread, NULL), 0);
        check_number(numbers_alive, 0);
        if (!first) first = context;
        check(context == first);
    }
}

static void *lives_abroad(void *unused)
{
    check_code(lives(unused), 0);
    return NULL;
}

static void T23_a_thread_that_plait_did_not_start_may_do_it_all(void **unused)
{
    (void)unused;
    for (int i = 0; i < 5; i++) {
        int before = numbers_alive;
        pthread_t thread;
        check_number(pthread_create(&thread, NULL, lives_abroad, NULL), 0);
        check_number(pthread_join(thread, NULL), 0);
        check_number(numbers_alive, before);
    }
}

static _Atomic bool over;
static int lives_on(void *unused)
{
    while (!over) check_code(lives(unused), 0);
    return 0;
}

static void T10_a_fork_at_any_moment_leaves_a_child_that_can_do_it_all(void **unused)
{
    (void)unused;
#if defined TSAN || defined ASAN /* whose runtimes may be forked in the midst of a call */
    return;
#endif
    enum { FORKS = 30, OTHERS = 3 };
    plait_thread *others[OTHERS];
    over = false;
    for (int i = 0; i < OTHERS; i++) {
        others[i] = plait_thread_start(lives_on, NULL, NULL);
        check(others[i]);
    }
    for (int i = 0; i < FORKS; i++) {
        char said[4096];
        int status = child_run(lives, NULL, said, sizeof said);
        if (status) fputs(said, stderr);
        check_number(status, 0);
    }
    over = true;
    for (int i = 0; i < OTHERS; i++) plait_thread_free(others[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(L14_what_plait_knew_of_a_foreign_thread_goes_to_the_next_one),
        cmocka_unit_test(T20_small_stacks_and_large_ones_are_enough),
        cmocka_unit_test(T23_a_thread_that_plait_did_not_start_may_do_it_all),
        cmocka_unit_test(T10_a_fork_at_any_moment_leaves_a_child_that_can_do_it_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
