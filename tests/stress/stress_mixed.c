/* stress_mixed.c: one crowd of threads and coroutines, and all that can be waited for. Each turn of a task uses one object,
   chosen at random, with a random deadline, in a scope that may expire or be cancelled. What goes in comes out, what is
   counted under a lock is exact, all that was taken comes back, and every task comes to its end.

   Five hundred tasks for each second that it runs, ten thousand at most; one of eight is a thread. All are alive at once. */
#include "jobs.h"
#include <plait.h>

enum { PERMITS = 3, TOKENS = 2, PARTIES = 4, ONCES = 4096, QUEUES = 6, RESIZABLE = 5, BURST = 100 };

/* Locks: what each guards is counted by plain additions. */

static plait_mutex mutex;
static plait_recursive_mutex recursive;
static plait_rwlock rwlock;
static uint64_t under_mutex, under_recursive, written, copy;

static int use_mutex(struct actor *a)
{
    int err = 0;
    if (dice(a, 2)) plait_mutex_lock(&mutex);
    else if ((err = plait_mutex_lock_until(&mutex, some_deadline(a)))) return err;
    uint64_t seen = under_mutex;
    dawdle(a, 100);
    if (!dice(a, 64)) pause_briefly(a, 20 * PLAIT_MICROSECOND);
    under_mutex = seen + 1;
    plait_mutex_unlock(&mutex);
    return 0;
}

static int use_recursive_mutex(struct actor *a)
{
    size_t depth = 1 + dice(a, 3), got = 0;
    int err = 0;
    for (; got < depth && !err; got += !err)
        if (dice(a, 2)) plait_recursive_mutex_lock(&recursive);
        else err = plait_recursive_mutex_lock_until(&recursive, some_deadline(a));
    if (!got) return err;
    check_number(plait_recursive_mutex_depth(&recursive), got);
    under_recursive++;
    while (got--) plait_recursive_mutex_unlock(&recursive);
    return 0;
}

static void read_both(struct actor *a)
{
    uint64_t seen = written;
    dawdle(a, 100);
    check_number(copy, seen);
}

static int read_under_rwlock(struct actor *a)
{
    int err = 0;
    if (dice(a, 2)) plait_rwlock_lock_read(&rwlock);
    else if ((err = plait_rwlock_lock_read_until(&rwlock, some_deadline(a)))) return err;
    read_both(a);
    plait_rwlock_unlock_read(&rwlock);
    return 0;
}

static int write_under_rwlock(struct actor *a)
{
    int err = 0;
    if (dice(a, 2)) plait_rwlock_lock_write(&rwlock);
    else if ((err = plait_rwlock_lock_write_until(&rwlock, some_deadline(a)))) return err;
    written++;
    dawdle(a, 100);
    copy++;
    if (dice(a, 4)) {
        plait_rwlock_unlock_write(&rwlock);
    } else {
        plait_rwlock_downgrade(&rwlock);
        read_both(a);
        plait_rwlock_unlock_read(&rwlock);
    }
    return 0;
}

/* Tokens: taken from two purses, one under each kind of mutex, and given back. */

static plait_mutex purse_lock;
static plait_recursive_mutex own_purse_lock;
static plait_condition token_back, own_token_back;
static unsigned purse = TOKENS, own_purse = TOKENS;

static bool has_tokens(void *tokens) { return *(unsigned *)tokens > 0; }

static int use_condition(struct actor *a)
{
    plait_deadline until = some_deadline(a);
    plait_mutex_lock(&purse_lock);
    int err = 0;
    if (dice(a, 2)) {
        err = plait_condition_wait_for(&token_back, &purse_lock, has_tokens, &purse, until);
        check(err == PLAIT_ECANCELED || !err == (purse > 0));
    } else {
        while (!purse && !err) err = plait_condition_wait(&token_back, &purse_lock, until);
        if (purse) err = 0;
    }
    if (!err) purse--;
    plait_mutex_unlock(&purse_lock);
    if (err) return err;
    if (!dice(a, 8)) pause_briefly(a, 10 * PLAIT_MICROSECOND);
    plait_mutex_lock(&purse_lock);
    check(purse++ < TOKENS);
    plait_mutex_unlock(&purse_lock);
    plait_condition_signal(&token_back);
    return 0;
}

static int use_condition_recursively(struct actor *a)
{
    PLAIT_LOCKED_RECURSIVELY(&own_purse_lock);
    plait_recursive_mutex_lock(&own_purse_lock);
    int err =
        plait_condition_wait_for_recursive(&own_token_back, &own_purse_lock, has_tokens, &own_purse, some_deadline(a));
    check(err == PLAIT_ECANCELED || !err == (own_purse > 0));
    check_number(plait_recursive_mutex_depth(&own_purse_lock), 2);
    if (!err) own_purse--;
    plait_recursive_mutex_unlock(&own_purse_lock);
    if (err) return err;
    plait_recursive_mutex_unlock(&own_purse_lock); /* others may find the purse empty now */
    dawdle(a, 1000);
    plait_recursive_mutex_lock(&own_purse_lock);
    check(own_purse++ < TOKENS);
    plait_condition_signal(&own_token_back);
    return 0;
}

/* Permits. */

static plait_semaphore semaphore = PLAIT_SEMAPHORE_INIT(PERMITS),
                       bounded = PLAIT_SEMAPHORE_INIT_BOUNDED(PERMITS, PERMITS);
static _Atomic int inside[2];

static int use_semaphore(struct actor *a)
{
    unsigned which = (unsigned)dice(a, 2);
    plait_semaphore *s = which ? &bounded : &semaphore;
    int err = plait_semaphore_acquire(s, some_deadline(a));
    if (err) return err;
    check(inside[which]++ < PERMITS);
    if (!dice(a, 8)) pause_briefly(a, 20 * PLAIT_MICROSECOND);
    inside[which]--;
    check_code(plait_semaphore_release(s, 1), 0);
    return 0;
}

/* What happens, and is undone again; who meets; what is done once. */

static plait_event event;
static plait_barrier barrier;
static plait_once onces[ONCES];
static unsigned once_runs[ONCES];
static _Atomic uint64_t rounds, went_on, numbers, once_calls;

static int use_event(struct actor *a)
{
    uint64_t way = dice(a, 4);
    if (way == 0) plait_event_clear(&event);
    if (way == 1 || stopping) plait_event_set(&event); /* a clear that came after the end would keep the others */
    return way < 2 ? 0 : plait_event_wait(&event, some_deadline(a));
}

static int end_a_round(void *unused)
{
    (void)unused;
    rounds++;
    return 0;
}

static int use_barrier(struct actor *a)
{
    size_t index = PARTIES;
    int err = plait_barrier_wait(&barrier, &index, some_deadline(a));
    if (!err) {
        went_on++;
        numbers += index;
    } else if (err == PLAIT_EBROKEN) {
        if (!stopping) plait_barrier_reset(&barrier);
        if (stopping) plait_barrier_abort(&barrier); /* as above */
        return PLAIT_ECLOSED;
    }
    return err;
}

static int makes(void *once) /* fails so many times before it succeeds */
{
    size_t which = (size_t)((plait_once *)once - onces);
    return once_runs[which]++ < which % 3 ? PLAIT_EUSER : 0;
}

static int use_once(struct actor *a)
{
    plait_once *o = &onces[once_calls++ / 16 % ONCES];
    int err = plait_once_run(o, makes, o, some_deadline(a));
    check(err || plait_once_is_done(o));
    return err == PLAIT_EUSER ? 0 : err;
}

/* Queues. */

static struct line {
    plait_queue *queue;
    _Atomic uint64_t in, in_sum, out, out_sum;
} lines[QUEUES];

static int compare(const void *a, const void *b, void *context)
{
    (void)context;
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void count_out(void *item, void *line)
{
    struct line *l = line;
    l->out++;
    l->out_sum += *(uint64_t *)item;
}

static void make_lines(void)
{
    static const size_t capacities[QUEUES] = { 5, 0, PLAIT_UNBOUNDED, 5, 5, 5 };
    for (int i = 0; i < QUEUES; i++) {
        plait_queue_options o = { .lifo = i == 3,
                                  .compare = i == 4 ? compare : NULL,
                                  .resizable = i == RESIZABLE,
                                  .drop = i >= 3 ? count_out : NULL,
                                  .context = &lines[i] };
        check(lines[i].queue = plait_queue_new_with(sizeof(uint64_t), capacities[i], &o));
    }
}

static int use_queue(struct actor *a)
{
    struct line *l = &lines[dice(a, QUEUES)];
    uint64_t item = dice(a, 1000), way = dice(a, 33);
    if (way == 32) return plait_queue_join(l->queue, soon(a, 200 * PLAIT_MICROSECOND));
    if (way == 31) return plait_queue_set_capacity(lines[RESIZABLE].queue, dice(a, 8));
    int err = way % 2 ? plait_queue_put(l->queue, &item, some_deadline(a))
                      : plait_queue_get(l->queue, &item, some_deadline(a));
    if (!err && way % 2) {
        l->in++;
        l->in_sum += item;
    } else if (!err) {
        count_out(&item, l);
        check_code(plait_queue_task_done(l->queue), 0);
    }
    return err;
}

/* Tokens by the second. */

static plait_throttle throttle;
static _Atomic uint64_t tokens_out;

static int use_throttle(struct actor *a)
{
    uint64_t way = dice(a, 32), tokens = 1 + dice(a, 3);
    if (way == 0) plait_throttle_push_back(&throttle, (int64_t)dice(a, 300) * PLAIT_MICROSECOND);
    if (way == 1) check_code(plait_throttle_set_rate(&throttle, 100000 + dice(a, 900000), PLAIT_SECOND, BURST), 0);
    int err = plait_throttle_acquire(&throttle, tokens, some_deadline(a));
    if (!err) tokens_out += tokens;
    return err;
}

/* Futures: of tasks that count under a lock of their own, and of jobs that wait for others. */

static plait_mutex task_lock;
static uint64_t under_task_lock;
static _Atomic uint64_t tasks_ran;

static int counts(const uint64_t *n, uint64_t *twice)
{
    plait_mutex_lock(&task_lock);
    under_task_lock++;
    plait_mutex_unlock(&task_lock);
    tasks_ran++;
    *twice = *n * 2;
    return 0;
}
PLAIT_TASK(counts, uint64_t, uint64_t);

static int use_future(struct actor *a)
{
    uint64_t number = dice(a, 1000000), result = 0;
    bool is_job = !dice(a, 8);
    plait_future *f = is_job ? job_submit(a, false) : plait_submit(job_executors[dice(a, JOB_POOLS)], counts, &number);
    if (is_job) number = job_number(f);
    if (!dice(a, 4)) plait_future_cancel(f);
    int err = plait_await_until(f, &result, some_deadline(a));
    if (err == PLAIT_ETIMEDOUT || err == PLAIT_EAGAIN || err == PLAIT_ECANCELED) {
        plait_future_detach(f);
        return err;
    }
    if (is_job) job_ended(number, err, result);
    else check(err == PLAIT_ETASK || (err == 0 && result == number * 2));
    return err ? PLAIT_ECANCELED : 0;
}

static struct kind {
    const char *name;
    int (*use)(struct actor *);
    _Atomic uint64_t good;
} kinds[] = {
    { "mutex", use_mutex, 0 },
    { "recursive mutex", use_recursive_mutex, 0 },
    { "rwlock, to read", read_under_rwlock, 0 },
    { "rwlock, to write", write_under_rwlock, 0 },
    { "condition", use_condition, 0 },
    { "condition, recursive mutex", use_condition_recursively, 0 },
    { "semaphore", use_semaphore, 0 },
    { "event", use_event, 0 },
    { "barrier", use_barrier, 0 },
    { "once", use_once, 0 },
    { "queue", use_queue, 0 },
    { "throttle", use_throttle, 0 },
    { "future", use_future, 0 },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static bool task(struct actor *a)
{
    struct kind *k = &kinds[dice(a, KINDS)];
    a->doing = k->name;
    if (tally(a, k->use(a)) == 0) k->good++;
    a->doing = NULL;
    return !stopping;
}

/* Those that wait for what others do, without a deadline, are let go. */
static void stop(void)
{
    plait_event_set(&event);
    plait_barrier_abort(&barrier);
    for (int i = 0; i < QUEUES; i++) plait_queue_close(lines[i].queue);
}

static bool all_good = true;
#define must(condition) ((condition) ? (void)0 : (all_good = false, (void)printf("not so: %s\n", #condition)))

static bool right(void)
{
    for (int i = 0; i < KINDS; i++) printf("%-26s %9llu done\n", kinds[i].name, (unsigned long long)kinds[i].good);
    must(under_mutex > 0 && under_mutex == kinds[0].good && mutex.word == 0 && mutex.waiters == 0);
    must(under_recursive == kinds[1].good && recursive.mutex.word == 0 && recursive.depth == 0);
    must(written == kinds[3].good && copy == written && (rwlock.word | rwlock.readers | rwlock.leaving) == 0);
    must(purse == TOKENS && token_back.waiters == 0);
    must(own_purse == TOKENS && own_token_back.waiters == 0 && own_purse_lock.depth == 0);
    must(plait_semaphore_value(&semaphore) == PERMITS && semaphore.waiters == 0);
    must(plait_semaphore_value(&bounded) == PERMITS && plait_semaphore_release(&bounded, 1) == PLAIT_EINVAL);
    must(went_on == PARTIES * rounds && numbers == rounds * (PARTIES * (PARTIES - 1) / 2));
    must(barrier.waiting == 0 && barrier.waiters == 0);
    for (unsigned i = 0; i < ONCES; i++)
        must(plait_once_is_done(&onces[i]) ? once_runs[i] == i % 3 + 1 : once_runs[i] <= i % 3);
    for (int i = 0; i < QUEUES; i++) {
        struct line *l = &lines[i];
        for (uint64_t item; plait_queue_get(l->queue, &item, PLAIT_NOW) == 0; plait_queue_task_done(l->queue))
            count_out(&item, l);
        must(l->in == l->out && l->in_sum == l->out_sum);
        must(plait_queue_join(l->queue, PLAIT_NOW) == 0 && plait_queue_task_done(l->queue) == PLAIT_EINVAL);
        plait_queue_free(l->queue);
    }
    plait_throttle_statistics s;
    plait_throttle_get_statistics(&throttle, &s);
    must(s.granted == tokens_out && s.waiting == 0 && throttle.waiters == 0 && !throttle.newest);
    must(jobs_end());
    must(under_task_lock == tasks_ran && task_lock.word == 0);
    return all_good;
}

int main(void)
{
    plait_barrier_options with_action = { .action = end_a_round };
    check_code(plait_barrier_init(&barrier, PARTIES, &with_action), 0);
    check_code(plait_throttle_init(&throttle, 1000000, PLAIT_SECOND, BURST), 0);
    make_lines();
    jobs_begin();
    size_t tasks = for_each_second(500, 10000);
    cast("thread", task, tasks / 8, 0);
    cast("coroutine", task, 0, tasks - tasks / 8);
    return stress("mixed", stop, right);
}
