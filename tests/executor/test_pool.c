/* What a pool of threads shows beyond every executor: how many threads there are and when, in what order tasks start, what
   a worker does that waits for its own pool, and what becomes of a pool that gets no thread. */
#include "base/hooks.h"
#include "child.h"
#include "clock.h"
#include "fault.h"
#include "executor/pool.h"
#include "future/tasks.h"
#include "thread/thread.h"
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#define TEST(name) static void name(void **unused __attribute__((unused)))

/* Threads. */

TEST(E4_a_negative_number_of_workers_is_refused)
{
    check(!plait_thread_executor_new(&(plait_thread_options){ .workers = -1 }));
    check_code(plait_error()->code, PLAIT_EINVAL);
    check_contains(plait_error()->message, "a pool of -1 workers");
    struct {
        plait_thread_options known;
        char later;
    } newer = { .later = 1 };
    check(!plait_thread_executor_new_sized(&newer.known, sizeof newer));
    check_code(plait_error()->code, PLAIT_EINVAL);
    plait_executor_close(NULL);
    plait_executor_free(NULL);
}

TEST(by_default_a_pool_has_as_many_workers_as_there_are_CPUs)
{
    cpu_set_t cpus;
    check_number(sched_getaffinity(0, sizeof cpus, &cpus), 0);
    size_t most = (size_t)CPU_COUNT(&cpus), submitted = most + 3;
    struct gate gate = { 0 }, *at = &gate;
    plait_executor *pool = plait_thread_executor_new(NULL);
    plait_future **fs = calloc(submitted, sizeof *fs);
    for (size_t i = 0; i < submitted; i++) fs[i] = plait_submit(pool, pass, &at);
    until_arrived(&gate, most);
    check_number(statistics_of(pool).workers, most);
    plait_event_set(&gate.open);
    for (size_t i = 0; i < submitted; i++) check_code(plait_await(fs[i], NULL), 0);
    free(fs);
    plait_executor_free(pool);
}

TEST(E41_threads_start_on_demand_up_to_the_limit)
{
    struct gate gate = { 0 }, *at = &gate;
    plait_executor *pool = pool_of(3);
    plait_future *fs[6];
    check_number(statistics_of(pool).workers, 0);
    for (size_t i = 0; i < 6; i++) {
        fs[i] = plait_submit(pool, pass, &at);
        until_arrived(&gate, i < 3 ? i + 1 : 3);
        plait_executor_statistics s = statistics_of(pool);
        check_number(s.workers, i < 3 ? i + 1 : 3);
        check_number(s.running, i < 3 ? i + 1 : 3);
        check_number(s.queued, i < 3 ? 0 : i - 2);
        check_number(s.idle, 0);
    }
    plait_event_set(&gate.open);
    for (size_t i = 0; i < 6; i++) check_code(plait_await(fs[i], NULL), 0);
    until(statistics_of(pool).idle == 3);
    plait_executor_statistics s = statistics_of(pool);
    check_number(s.finished, 6);
    check_number(s.running + s.queued + s.waiting + s.spares, 0);
    plait_executor_free(pool);
}

TEST(E42_M39_an_idle_thread_is_used_before_another_is_started)
{
    plait_executor *pool = pool_of(8);
    for (uint64_t i = 1; i <= 50; i++) {
        check_code(plait_await(plait_submit(pool, nothing, NULL), NULL), 0);
        until(statistics_of(pool).idle == 1);
        check_number(statistics_of(pool).finished, i);
    }
    check_number(statistics_of(pool).workers, 1);
    plait_executor_free(pool);
}

static size_t threads_alive(void)
{
    size_t count = 0;
    DIR *tasks = opendir("/proc/self/task");
    check(tasks);
    while (readdir(tasks)) count++;
    closedir(tasks);
    return count;
}

TEST(E43_all_threads_end_with_the_pool)
{
    struct held_pool p;
    hold_pool(&p, 5);
    size_t with = threads_alive();
    end_pool(&p);
    until(threads_alive() <= with - 5); /* joined; the system takes it from its list a moment later */
}

struct name {
    char text[64];
};
static int tell_name(struct name *name)
{
    snprintf(name->text, sizeof name->text, "%s", plait_thread_name(NULL));
    return 0;
}
PLAIT_TASK(tell_name, void, struct name);

TEST(E44_E45_threads_are_named_after_the_pool)
{
    struct name name, other;
    char text[] = "crew";
    plait_executor *pool = plait_thread_executor_new(&(plait_thread_options){ .workers = 2, .name = text });
    text[0] = 'x'; /* it was copied */
    check_code(plait_await(plait_submit(pool, tell_name, NULL), &name), 0);
    check_string(name.text, "crew-1");
    plait_executor_free(pool);
    plait_executor *first = pool_of(1), *second = pool_of(1);
    check_code(plait_await(plait_submit(first, tell_name, NULL), &name), 0);
    check_code(plait_await(plait_submit(second, tell_name, NULL), &other), 0);
    check_contains(name.text, "pool-");
    check_contains(name.text, "-1");
    check(strcmp(name.text, other.text) != 0);
    plait_executor_free(first);
    plait_executor_free(second);
}

static int stack_size(size_t *size)
{
    pthread_attr_t attributes;
    check_number(pthread_getattr_np(pthread_self(), &attributes), 0);
    check_number(pthread_attr_getstacksize(&attributes, size), 0);
    return pthread_attr_destroy(&attributes);
}
PLAIT_TASK(stack_size, void, size_t);

TEST(threads_have_the_stack_that_was_asked_for)
{
    size_t asked = (size_t)64 << 20, guard = (size_t)64 << 10, got = 0;
    plait_executor *pool = plait_thread_executor_new(&(plait_thread_options){ .workers = 1, .stack_size = asked });
    check_code(plait_await(plait_submit(pool, stack_size, NULL), &got), 0);
    check(got >= asked - guard);
    plait_executor_free(pool);
}

/* Idle threads end. */

static plait_executor *pool_with_idle_timeout(int workers, int64_t timeout)
{
    plait_executor *pool =
        plait_thread_executor_new(&(plait_thread_options){ .workers = workers, .idle_timeout = timeout });
    check(pool);
    return pool;
}

TEST_IN_EACH_KIND(E52_idle_threads_end_after_their_time_and_new_ones_start_when_there_is_work)
{
    clock_by_hand();
    plait_executor *pool = pool_with_idle_timeout(3, PLAIT_SECOND);
    for (uint64_t round = 1; round <= 5; round++) {
        struct gate gate = { 0 }, *at = &gate;
        plait_future *fs[3];
        for (int i = 0; i < 3; i++) fs[i] = plait_submit(pool, pass, &at);
        until_arrived(&gate, 3);
        check_number(statistics_of(pool).workers, 3);
        clock_move(3600 * PLAIT_SECOND); /* who works is not idle */
        check_number(statistics_of(pool).workers, 3);
        plait_event_set(&gate.open);
        for (int i = 0; i < 3; i++) check_code(plait_await(fs[i], NULL), 0);
        until_listed(&((struct plait_pool *)pool)->idle, 3);
        clock_move(PLAIT_SECOND - 1);
        check_number(statistics_of(pool).idle, 3);
        /* One may be between the list and its clock: its time begins there. */
        until((clock_move(PLAIT_SECOND), statistics_of(pool).workers == 0));
        plait_executor_statistics s = statistics_of(pool);
        check_number(s.idle + s.running + s.queued, 0);
        check_number(s.finished, 3 * round);
    }
    plait_executor_free(pool);
    clock_of_the_system();
}

TEST(E52_a_place_is_used_again_with_its_number)
{
    struct name name;
    clock_by_hand();
    plait_executor *pool = plait_thread_executor_new(
        &(plait_thread_options){ .workers = 1, .name = "shift", .idle_timeout = PLAIT_MILLISECOND });
    for (int i = 0; i < 20; i++) {
        check_code(plait_await(plait_submit(pool, tell_name, NULL), &name), 0);
        check_string(name.text, "shift-1");
        until((clock_move(PLAIT_MILLISECOND), statistics_of(pool).workers == 0));
        struct plait_worker *w = plait_pool_first_worker((struct plait_pool *)pool);
        check(!w->next);
        until(plait_thread_gone(w->thread));
    }
    plait_executor_free(pool);
    clock_of_the_system();
}

TEST(E52_by_default_after_10_s_and_with_a_negative_time_never)
{
    clock_by_hand();
    plait_executor *patient = pool_with_idle_timeout(1, -1), *pool = pool_of(1);
    check_code(plait_await(plait_submit(patient, nothing, NULL), NULL), 0);
    check_code(plait_await(plait_submit(pool, nothing, NULL), NULL), 0);
    until(statistics_of(patient).idle == 1);
    until(statistics_of(pool).idle == 1);
    clock_move(10 * PLAIT_SECOND - 1);
    check_number(statistics_of(pool).idle, 1);
    until((clock_move(PLAIT_SECOND), statistics_of(pool).workers == 0));
    clock_move(3600 * PLAIT_SECOND);
    check_number(statistics_of(patient).idle, 1);
    plait_executor_free(patient);
    plait_executor_free(pool);
    clock_of_the_system();
}

TEST(E43_a_pool_whose_threads_have_ended_is_freed)
{
    clock_by_hand();
    for (int i = 0; i < 20; i++) {
        plait_executor *pool = pool_with_idle_timeout(2, PLAIT_MILLISECOND);
        check_code(plait_await(plait_submit(pool, nothing, NULL), NULL), 0);
        if (i % 2) until((clock_move(PLAIT_MILLISECOND), statistics_of(pool).workers == 0));
        else clock_move(PLAIT_MILLISECOND);
        plait_executor_free(pool);
    }
    clock_of_the_system();
}

/* Order, and the ends of pools. */

struct place {
    _Atomic int *next;
    int number;
};
static int take_place(const struct place *p, int *place)
{
    *place = atomic_fetch_add(p->next, 1) - p->number;
    return 0;
}
PLAIT_LOCAL_TASK(take_place, struct place, int);

TEST_IN_EACH_KIND(E48_tasks_from_outside_start_in_order_and_the_queue_has_no_bound)
{
    enum { MANY = 20000 };
    static plait_future *fs[MANY];
    _Atomic int next = 0;
    struct held_pool p;
    hold_pool(&p, 1);
    for (int i = 0; i < MANY; i++) fs[i] = plait_submit(p.executor, take_place, &((struct place){ &next, i }));
    check_number(statistics_of(p.executor).queued, MANY);
    release_pool(&p);
    for (int i = 0, place = 1; i < MANY; i++) {
        check_code(plait_await(fs[i], &place), 0);
        check_number(place, 0);
    }
    end_pool(&p);
}

TEST_IN_EACH_KIND(E28_cancelled_at_once_and_freed)
{
    for (int i = 0; i < 100; i++) {
        plait_executor *pool = pool_of(2);
        plait_future *f = plait_submit(pool, nothing, NULL);
        plait_future_cancel(f);
        plait_executor_free(pool);
        check(plait_future_get_state(f) >= PLAIT_FUTURE_FINISHED);
        plait_future_detach(f);
    }
}

TEST_IN_EACH_KIND(E29_freed_right_after_a_map)
{
    int in[64] = { 0 }, out[64];
    for (int i = 0; i < 100; i++) {
        plait_executor *pool = pool_of(1 + i % 3);
        check_code(plait_map(pool, square, in, 64, out, NULL), 0);
        plait_executor_free(pool);
    }
}

TEST(E16_E20_a_pool_is_freed_only_when_all_is_done)
{
    struct held_pool p;
    _Atomic int count = 0, *counter = &count;
    plait_future *fs[50];
    hold_pool(&p, 2);
    for (int i = 0; i < 50; i++) fs[i] = plait_submit(p.executor, count_up, &counter);
    for (int i = 0; i < 50; i += 2) check(plait_future_cancel(fs[i]));
    plait_executor_close(p.executor);
    check_number(statistics_of(p.executor).queued, 50); /* a cancelled one counts until a worker meets it */
    end_pool(&p);
    check_number(count, 25);
    check_number(plait_wait(fs, 50, PLAIT_ALL_COMPLETED, PLAIT_NOW, NULL), 0);
    for (int i = 0; i < 50; i++) {
        int err = plait_await(fs[i], NULL);
        check(err == 0 || err == PLAIT_ETASK);
    }
}

static int free_executor(void *pool)
{
    plait_executor_free(pool);
    return 0;
}

TEST_IN_EACH_KIND(E17_a_free_waits_whoever_frees)
{
    struct gate gate = { 0 }, *at = &gate;
    plait_executor *pool = pool_of(1);
    plait_future *f = plait_submit(pool, pass, &at);
    struct runner *other = runner_start(free_executor, pool);
    until_arrived(&gate, 1);
    until_asleep(other);
    check_number(plait_future_get_state(f), PLAIT_FUTURE_RUNNING);
    plait_event_set(&gate.open);
    check_code(runner_join(other), 0);
    check_code(plait_await_until(f, NULL, PLAIT_NOW), 0);
}

TEST(in_a_dead_scope_a_pool_is_still_freed_in_peace)
{
    _Atomic int count = 0, *counter = &count;
    PLAIT_TIMEOUT(scope, plait_after(-1));
    plait_executor *pool = pool_of(1);
    for (int i = 0; i < 20; i++) plait_future_detach(plait_submit(pool, count_up, &counter));
    plait_executor_free(pool);
    check_number(count, 20);
}

/* Workers that wait for their own pool. */

static plait_executor *own;

static int nest(const int *depth, int *reached);
PLAIT_TASK(nest, int, int);
static int nest(const int *depth, int *reached)
{
    *reached = 0;
    if (*depth == 0) return 0;
    int below = 0, deeper = *depth - 1, err = plait_await(plait_submit(own, nest, &deeper), &below);
    *reached = below + 1;
    return err;
}

TEST_IN_EACH_KIND(E51_M40_a_pool_of_one_ends_at_depth_1000)
{
    int depth = 1000, reached = 0;
    own = pool_of(1);
    check_code(plait_await(plait_submit(own, nest, &depth), &reached), 0);
    check_number(reached, 1000);
    until(statistics_of(own).idle == statistics_of(own).workers); /* all that was done is counted then */
    plait_executor_statistics s = statistics_of(own);
    check_number(s.finished, 1001);
    check(s.spares >= 1 && s.spares < 100); /* most are run in place */
    check_number(s.workers, 1 + s.spares);
    plait_executor_free(own);
}

static int thread_id(uint64_t *id)
{
    *id = (uint64_t)gettid();
    return 0;
}
PLAIT_TASK(thread_id, void, uint64_t);

struct pair {
    uint64_t mine, others;
};
static int await_plainly(struct pair *ids)
{
    thread_id(&ids->mine);
    return plait_await(plait_submit(own, thread_id, NULL), &ids->others);
}
PLAIT_TASK(await_plainly, void, struct pair);

static int await_with_lock(struct pair *ids)
{
    plait_mutex m = PLAIT_MUTEX_INIT;
    PLAIT_LOCKED(&m);
    return await_plainly(ids);
}
PLAIT_TASK(await_with_lock, void, struct pair);

static int await_inside_of_one_with_lock(struct pair *ids)
{
    plait_mutex m = PLAIT_MUTEX_INIT;
    PLAIT_LOCKED(&m);
    return plait_await(plait_submit(plait_inline_executor(), await_plainly, NULL), ids);
}
PLAIT_TASK(await_inside_of_one_with_lock, void, struct pair);

static int await_with_deadline(struct pair *ids)
{
    thread_id(&ids->mine);
    return plait_await_until(plait_submit(own, thread_id, NULL), &ids->others, plait_after(3600 * PLAIT_SECOND));
}
PLAIT_TASK(await_with_deadline, void, struct pair);

static int await_in_scope_with_deadline(struct pair *ids)
{
    PLAIT_TIMEOUT(scope, plait_after(3600 * PLAIT_SECOND));
    return await_plainly(ids);
}
PLAIT_TASK(await_in_scope_with_deadline, void, struct pair);

TEST(M40_a_queued_task_is_run_in_place_only_where_that_can_do_no_harm)
{
    struct pair ids;
    own = pool_of(1);
    check_code(plait_await(plait_submit(own, await_plainly, NULL), &ids), 0);
    check(ids.mine == ids.others);
    check_number(statistics_of(own).spares, 0);
    plait_executor_free(own);
    for (int i = 0; i < 4; i++) {
        own = pool_of(1);
        plait_future *f = i == 0   ? plait_submit(own, await_with_lock, NULL)
                          : i == 1 ? plait_submit(own, await_inside_of_one_with_lock, NULL)
                          : i == 2 ? plait_submit(own, await_with_deadline, NULL)
                                   : plait_submit(own, await_in_scope_with_deadline, NULL);
        check_code(plait_await(f, &ids), 0);
        check(ids.mine != ids.others);
        check_number(statistics_of(own).spares, 1);
        until(statistics_of(own).idle == 2);
        check_code(plait_await(plait_submit(own, await_with_lock, NULL), &ids), 0);
        check_number(statistics_of(own).workers, 2); /* the spare one is used again */
        plait_executor_free(own);
    }
}

/* A deadline is kept although the task that is waited for does not start, or does not end. */

static int await_late(struct gate *const *gate)
{
    plait_future *f = plait_submit(own, pass, gate);
    int err = plait_await_until(f, NULL, plait_after(10 * PLAIT_MILLISECOND));
    check_code(err, PLAIT_ETIMEDOUT);
    check_number(plait_future_get_state(f), PLAIT_FUTURE_RUNNING); /* by the spare one */
    plait_event_set(&(*gate)->open);
    return plait_await(f, NULL);
}
PLAIT_LOCAL_TASK(await_late, struct gate *, void);

static int await_from_outside(void *future)
{
    return plait_await_until(future, NULL, plait_after(10 * PLAIT_MILLISECOND));
}

TEST_IN_EACH_KIND(M21_a_deadline_is_kept_over_a_task_that_is_queued)
{
    struct held_pool p;
    struct gate gate = { 0 }, *at = &gate;
    clock_by_hand();
    hold_pool(&p, 1);
    plait_future *f = plait_submit(p.executor, pass, &at);
    struct runner *other = runner_start(await_from_outside, f);
    until_listed(&f->waiters, 1);
    until_asleep(other);
    clock_move(10 * PLAIT_MILLISECOND - 1);
    until_asleep(other);
    check(!runner_done(other));
    clock_move(1);
    check_code(runner_join(other), PLAIT_ETIMEDOUT);
    check_number(plait_future_get_state(f), PLAIT_FUTURE_PENDING);
    check_number(gate.arrived, 0);
    plait_event_set(&gate.open);
    release_pool(&p);
    check_code(plait_await(f, NULL), 0);
    end_pool(&p);

    own = pool_of(1);
    gate = (struct gate){ 0 };
    f = plait_submit(own, await_late, &at);
    until_arrived(&gate, 1);
    until(statistics_of(own).waiting == 1);
    clock_move(10 * PLAIT_MILLISECOND);
    check_code(plait_await(f, NULL), 0);
    check_number(statistics_of(own).spares, 1);
    plait_executor_free(own);
    clock_of_the_system();
}

/* Whoever waits for one of several must not be caught in another of them. */

static plait_event first_is_through;
static int until_first_is_through(void) { return plait_event_wait(&first_is_through, PLAIT_FOREVER); }
PLAIT_TASK(until_first_is_through, void, void);

static int one_by_one(const int *how)
{
    int code = -EIO;
    plait_future *fs[2] = { plait_submit(own, until_first_is_through, NULL), plait_submit(own, fail_with, &code) };
    if (*how <= PLAIT_FIRST_EXCEPTION) {
        size_t done;
        check_code(plait_wait(fs, 2, (plait_wait_mode)*how, PLAIT_FOREVER, &done), 0);
        check_number(done, 1);
        check_code(plait_await(fs[0], NULL), -EIO);
        plait_event_set(&first_is_through);
        return plait_await(fs[1], NULL);
    }
    plait_completions *c = plait_completions_new();
    plait_future *f;
    for (int i = 0; i < 2; i++) plait_completions_add(c, fs[i]);
    check_code(plait_completions_next(c, &f, PLAIT_FOREVER), 0);
    check_code(plait_await(f, NULL), -EIO);
    plait_event_set(&first_is_through);
    check_code(plait_completions_next(c, &f, PLAIT_FOREVER), 0);
    plait_completions_free(c);
    return plait_await(f, NULL);
}
PLAIT_TASK(one_by_one, int, void);

TEST(M40_a_worker_that_waits_for_one_of_several_runs_none_of_them)
{
    for (int how = PLAIT_FIRST_COMPLETED; how <= PLAIT_FIRST_EXCEPTION + 1; how++) {
        struct gate gate = { 0 }, *at = &gate;
        plait_event_clear(&first_is_through);
        own = pool_of(2);
        plait_future *holder = plait_submit(own, pass, &at);
        until_arrived(&gate, 1); /* so that both are still pending when they are waited for */
        plait_future *f = plait_submit(own, one_by_one, &how);
        until(statistics_of(own).waiting == 1);
        plait_event_set(&gate.open);
        check_code(plait_await(f, NULL), 0);
        check_code(plait_await(holder, NULL), 0);
        plait_executor_free(own);
    }
}

static int all_at_once(const int *how)
{
    plait_future *fs[4];
    int in[4] = { 1, 2, 3, 4 }, out[4];
    if (*how == 0) return plait_map(own, square, in, 4, out, NULL);
    PLAIT_GROUP(group, own);
    plait_completions *c = plait_completions_new();
    if (*how == 1)
        for (int i = 0; i < 4; i++) plait_group_submit(&group, nothing, NULL);
    else
        for (int i = 0; i < 4; i++) fs[i] = plait_submit(own, square, &in[i]);
    if (*how == 2) check_code(plait_wait(fs, 4, PLAIT_ALL_COMPLETED, PLAIT_FOREVER, NULL), 0);
    for (int i = 0; *how > 2 && i < 4; i++) {
        plait_future *f;
        plait_completions_add(c, plait_future_ref(fs[i]));
        if (*how == 3) check_code(plait_completions_next(c, &f, PLAIT_FOREVER), 0);
        if (*how == 4) check_code(plait_wait(&fs[i], 1, PLAIT_FIRST_COMPLETED, PLAIT_FOREVER, NULL), 0);
        if (*how == 4) check_code(plait_completions_next(c, &f, PLAIT_FOREVER), 0);
        plait_future_unref(f);
    }
    for (int i = 0; *how > 1 && i < 4; i++) check_code(plait_await(fs[i], &out[i]), 0);
    plait_completions_free(c);
    return plait_group_wait(&group);
}
PLAIT_TASK(all_at_once, int, void);

TEST(M40_a_worker_that_waits_for_all_runs_them_in_place)
{
    for (int how = 0; how <= 4; how++) {
        own = pool_of(1);
        check_code(plait_await(plait_submit(own, all_at_once, &how), NULL), 0);
        check_number(statistics_of(own).spares, 0);
        until(statistics_of(own).idle == 1);
        check_number(statistics_of(own).finished, 5);
        plait_executor_free(own);
    }
}

static int submit_and_await(const int *count)
{
    for (int i = 0; i < *count; i++) {
        plait_future *f = plait_future_ref(plait_submit(own, nothing, NULL));
        check_number(statistics_of(own).queued, 1);
        check_code(plait_await(f, NULL), 0);
        plait_executor_statistics s = statistics_of(own);
        check_number(s.queued, 0);
        check_number(s.running, 1);
        check_number(s.finished, i + 1);
        check_number(f->references, 1); /* ours: the queue has forgotten it */
        plait_future_unref(f);
    }
    return 0;
}
PLAIT_TASK(submit_and_await, int, void);

TEST(what_is_run_in_place_leaves_the_queue)
{
    int count = 100;
    own = pool_of(1);
    check_code(plait_await(plait_submit(own, submit_and_await, &count), NULL), 0);
    plait_executor_free(own);
}

/* One too many: a worker that is back from a sleep while another stands in for it goes idle, and so do its tasks. */

static struct gate occupied;
static plait_future *left_behind[2];
static int come_back_to_a_stand_in(void)
{
    struct gate *at = &occupied;
    plait_future *f = plait_submit(own, pass, &at);
    check_code(plait_future_wait(f, plait_after(PLAIT_SECOND)), PLAIT_ETIMEDOUT);
    for (int i = 0; i < 2; i++) left_behind[i] = plait_submit(own, nothing, NULL);
    plait_future_detach(f);
    return 0;
}
PLAIT_TASK(come_back_to_a_stand_in, void, void);

TEST(no_more_than_the_limit_go_on_once_a_worker_is_back)
{
    clock_by_hand();
    own = pool_of(1);
    plait_future *f = plait_submit(own, come_back_to_a_stand_in, NULL);
    until_arrived(&occupied, 1);
    until(statistics_of(own).waiting == 1);
    clock_move(PLAIT_SECOND);
    check_code(plait_await(f, NULL), 0);
    until(statistics_of(own).idle == 1);
    check_number(statistics_of(own).queued, 2);
    for (int i = 0; i < 2; i++) check_number(plait_future_get_state(left_behind[i]), PLAIT_FUTURE_PENDING);
    plait_event_set(&occupied.open);
    for (int i = 0; i < 2; i++) check_code(plait_await(left_behind[i], NULL), 0);
    plait_executor_free(own);
    clock_of_the_system();
}

/* Whatever keeps coming from one side, what came from another has its turn. */

enum { CROWD = 1000, SOON = 300 }; /* as many as a worker has room for itself */
static _Atomic int crowd_ran;
static int be_one_of_the_crowd(void)
{
    atomic_fetch_add(&crowd_ran, 1);
    return 0;
}
PLAIT_TASK(be_one_of_the_crowd, void, void);
static int count_crowd(int *before)
{
    *before = crowd_ran;
    return 0;
}
PLAIT_TASK(count_crowd, void, int);

static int wait_behind_the_crowd(struct gate *const *gate, int *before)
{
    int err = pass(gate);
    plait_future *f = plait_submit(own, count_crowd, NULL);
    return err ? err : plait_await_until(f, before, plait_after(3600 * PLAIT_SECOND));
}
PLAIT_LOCAL_TASK(wait_behind_the_crowd, struct gate *, int);

static int bring_a_crowd(struct gate *const *gate)
{
    for (int i = 0; i < CROWD; i++) plait_future_detach(plait_submit(own, be_one_of_the_crowd, NULL));
    return pass(gate);
}
PLAIT_LOCAL_TASK(bring_a_crowd, struct gate *, void);

TEST(M43_neither_what_comes_from_outside_nor_from_inside_waits_for_ever)
{
    struct gate gate = { 0 }, *at = &gate;
    int before = 0;
    own = pool_of(1);
    crowd_ran = 0;
    plait_future *f = plait_submit(own, wait_behind_the_crowd, &at);
    until_arrived(&gate, 1);
    for (int i = 0; i < CROWD; i++) plait_future_detach(plait_submit(own, be_one_of_the_crowd, NULL));
    plait_event_set(&gate.open);
    check_code(plait_await(f, &before), 0); /* on the deque of a worker that sleeps */
    check(before < SOON);
    plait_executor_free(own);

    own = pool_of(1);
    gate = (struct gate){ 0 };
    crowd_ran = 0;
    f = plait_submit(own, bring_a_crowd, &at);
    until_arrived(&gate, 1);
    plait_future *outside = plait_submit(own, count_crowd, NULL);
    plait_event_set(&gate.open);
    check_code(plait_await(outside, &before), 0);
    check(before < SOON);
    check_code(plait_await(f, NULL), 0);
    plait_executor_free(own);
    check_number(crowd_ran, CROWD);
}

/* Threads and memory that are refused. */

static void check_no_thread(plait_future *f)
{
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    check_string(plait_error()->message, "the task could not be started");
    check(plait_error()->cause);
    check_code(plait_error()->cause->code, -EAGAIN);
}

TEST(a_task_for_which_no_thread_is_started_fails)
{
    fault_all("thread");
    plait_future *f = plait_submit(plait_thread_per_task_executor(), nothing, NULL);
    check_number(plait_future_get_state(f), PLAIT_FUTURE_FINISHED);
    check_contains(plait_future_name(f), "nothing");
    check_no_thread(f);
    check_contains(plait_error()->cause->message, "thread nothing could not be started");
    plait_executor *pool = pool_of(2);
    for (int i = 0; i < 3; i++) check_no_thread(plait_submit(pool, nothing, NULL));
    check_number(statistics_of(pool).workers, 0);
    check_number(statistics_of(pool).queued, 0);
    int in[3] = { 0 }, out[3];
    check_code(plait_map(pool, square, in, 3, out, NULL), PLAIT_ETASK);
    {
        PLAIT_GROUP(group, pool);
        plait_group_submit(&group, nothing, NULL);
        check_code(plait_group_wait(&group), PLAIT_ETASK);
    }
    fault_off();
    check_code(plait_await(plait_submit(pool, nothing, NULL), NULL), 0); /* once there are threads again */
    plait_executor_free(pool);
    fault_all("thread");
    pool = pool_of(1);
    check_no_thread(plait_submit(pool, nothing, NULL));
    plait_executor_free(pool);
    fault_off();
}

static plait_executor *refused_pool;
static plait_future *queued_behind;
static bool refuse_when_another_is_queued(const char *point)
{
    if (strcmp(point, "thread") != 0 || queued_behind) return false;
    queued_behind =
        plait_submit(refused_pool, nothing, NULL); /* by now the first is in the queue, and its worker counted */
    return true;
}

TEST(those_queued_behind_a_refused_first_thread_fail_too)
{
    refused_pool = pool_of(1);
    queued_behind = NULL;
    plait_hooks.refuse = refuse_when_another_is_queued;
    check_no_thread(plait_submit(refused_pool, nothing, NULL));
    plait_hooks.refuse = NULL;
    check_code(plait_await(queued_behind, NULL), PLAIT_ETASK);
    check_code(plait_error()->cause->code, -EAGAIN);
    check_code(plait_await(plait_submit(refused_pool, nothing, NULL), NULL), 0);
    plait_executor_free(refused_pool);
}

TEST(a_pool_that_has_a_worker_does_without_another)
{
    struct gate gate = { 0 }, *at = &gate;
    plait_executor *pool = pool_of(2);
    plait_future *f = plait_submit(pool, pass, &at);
    until_arrived(&gate, 1);
    for (int i = 0; i < 2; i++) {
        fault_all(i ? "thread" : "memory"); /* of a worker; the future's own memory is refused too */
        plait_future *g = plait_submit(pool, nothing, NULL);
        fault_off();
        check_number(plait_future_get_state(g), i ? PLAIT_FUTURE_PENDING : PLAIT_FUTURE_FINISHED);
        if (i) plait_event_set(&gate.open);
        check_code(plait_await(g, NULL), i ? 0 : PLAIT_ENOMEM);
    }
    check_code(plait_await(f, NULL), 0);
    plait_executor_free(pool);
}

static int sleep_with_nobody_to_stand_in(void)
{
    plait_mutex m = PLAIT_MUTEX_INIT;
    PLAIT_LOCKED(&m);
    plait_future *f = plait_submit(own, nothing, NULL);
    check_code(plait_future_wait(f, plait_after(10 * PLAIT_MILLISECOND)), PLAIT_ETIMEDOUT);
    plait_future_detach(f);
    return 0;
}
PLAIT_TASK(sleep_with_nobody_to_stand_in, void, void);

static int miss_a_stand_in(void *point)
{
    own = pool_of(1);
    check_code(plait_await(plait_submit(own, nothing, NULL), NULL), 0);
    until(statistics_of(own).idle == 1);
    if (strcmp(point, "thread") == 0) fault_all(point);
    else fault_nth(point, 3); /* after the two futures' */
    int err = plait_await(plait_submit(own, sleep_with_nobody_to_stand_in, NULL), NULL);
    fault_off();
    plait_executor_free(own);
    return err ? 1 : 0;
}

TEST(a_stand_in_that_is_refused_is_told)
{
    char text[1024];
    check_number(child_run(miss_a_stand_in, "thread", text, sizeof text), 0);
    check_contains(text, "has work, a worker that sleeps, and no thread to stand in");
    check_number(child_run(miss_a_stand_in, "memory", text, sizeof text), 0);
    check_contains(text, "has work, a worker that sleeps, and no thread to stand in");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E4_a_negative_number_of_workers_is_refused),
        cmocka_unit_test(by_default_a_pool_has_as_many_workers_as_there_are_CPUs),
        cmocka_unit_test(E41_threads_start_on_demand_up_to_the_limit),
        cmocka_unit_test(E42_M39_an_idle_thread_is_used_before_another_is_started),
        cmocka_unit_test(E43_all_threads_end_with_the_pool),
        cmocka_unit_test(E44_E45_threads_are_named_after_the_pool),
        cmocka_unit_test(threads_have_the_stack_that_was_asked_for),
        cmocka_unit_test(E52_idle_threads_end_after_their_time_and_new_ones_start_when_there_is_work),
        cmocka_unit_test(E52_a_place_is_used_again_with_its_number),
        cmocka_unit_test(E52_by_default_after_10_s_and_with_a_negative_time_never),
        cmocka_unit_test(E43_a_pool_whose_threads_have_ended_is_freed),
        cmocka_unit_test(E48_tasks_from_outside_start_in_order_and_the_queue_has_no_bound),
        cmocka_unit_test(E28_cancelled_at_once_and_freed),
        cmocka_unit_test(E29_freed_right_after_a_map),
        cmocka_unit_test(E16_E20_a_pool_is_freed_only_when_all_is_done),
        cmocka_unit_test(E17_a_free_waits_whoever_frees),
        cmocka_unit_test(in_a_dead_scope_a_pool_is_still_freed_in_peace),
        cmocka_unit_test(E51_M40_a_pool_of_one_ends_at_depth_1000),
        cmocka_unit_test(M40_a_queued_task_is_run_in_place_only_where_that_can_do_no_harm),
        cmocka_unit_test(M21_a_deadline_is_kept_over_a_task_that_is_queued),
        cmocka_unit_test(M40_a_worker_that_waits_for_one_of_several_runs_none_of_them),
        cmocka_unit_test(M40_a_worker_that_waits_for_all_runs_them_in_place),
        cmocka_unit_test(what_is_run_in_place_leaves_the_queue),
        cmocka_unit_test(no_more_than_the_limit_go_on_once_a_worker_is_back),
        cmocka_unit_test(M43_neither_what_comes_from_outside_nor_from_inside_waits_for_ever),
        cmocka_unit_test(a_task_for_which_no_thread_is_started_fails),
        cmocka_unit_test(those_queued_behind_a_refused_first_thread_fail_too),
        cmocka_unit_test(a_pool_that_has_a_worker_does_without_another),
        cmocka_unit_test(a_stand_in_that_is_refused_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
