/* stress_loop.c: loops that come and go, and several that stay, with threads beside them: tasks that are spawned, submitted
   and cancelled, posts from outside, some to a loop that is about to end, pipes, locks and sleeps, in scopes that end at
   random. Each task that was submitted ends, whether it began or not; each post that a loop which stays accepted is
   called; each byte that was written is read or still there; what is counted under the lock is exact. Nothing piles up: no
   descriptors, and no stacks. */
#include "on_valgrind.h"
#include "sanitizers.h"
#include "stress.h"
#include <dirent.h>
#include <fcntl.h>
#include <plait.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

enum { LOOPS = 3, PIPES = 3, PERMITS = 2, ROOM = 8 };

static plait_executor *loops;
static plait_mutex mutex;
static uint64_t under_mutex;
static plait_semaphore permits;
static plait_event never;
static plait_queue *queue;
static int pipes[PIPES][2];
static _Atomic uint64_t locked, put, got, written, red, begun, ended, posted, called, stayed, seeds;
static _Atomic unsigned inside;

/* Something to wait for, by a task of whichever loop, by a coroutine or a thread. */

static int lock(struct actor *a)
{
    int err = 0;
    if (dice(a, 2)) plait_mutex_lock(&mutex);
    else if ((err = plait_mutex_lock_until(&mutex, some_deadline(a)))) return err;
    uint64_t seen = under_mutex;
    if (!dice(a, 8)) pause_briefly(a, 10 * PLAIT_MICROSECOND);
    under_mutex = seen + 1;
    plait_mutex_unlock(&mutex);
    locked++;
    return 0;
}

static int take_a_permit(struct actor *a)
{
    int err = plait_semaphore_acquire(&permits, some_deadline(a));
    if (err) return err;
    check(++inside <= PERMITS);
    pause_briefly(a, 10 * PLAIT_MICROSECOND);
    inside--;
    plait_semaphore_release(&permits, 1);
    return 0;
}

static int use_the_queue(struct actor *a)
{
    int one = 1, err;
    if (dice(a, 2)) {
        if (!(err = plait_queue_put(queue, &one, soon(a, 200 * PLAIT_MICROSECOND)))) put++;
    } else if (!(err = plait_queue_get(queue, &one, soon(a, 200 * PLAIT_MICROSECOND)))) {
        got++;
    }
    return err;
}

static int use_a_pipe(struct actor *a)
{
    int *ends = pipes[dice(a, PIPES)];
    char byte = 'x';
    bool reads = dice(a, 2);
    int err = plait_wait_fd(ends[!reads], reads ? POLLIN : POLLOUT, soon(a, 200 * PLAIT_MICROSECOND));
    if (err < 0) return err;
    check(err == (reads ? POLLIN : POLLOUT));
    if (reads && read(ends[0], &byte, 1) == 1) red++; /* another may have been faster */
    if (!reads && write(ends[1], &byte, 1) == 1) written++;
    return 0;
}

static int wait_somewhere(struct actor *a)
{
    switch (dice(a, 7)) {
    case 0: return lock(a);
    case 1: return take_a_permit(a);
    case 2: return use_the_queue(a);
    case 3: return use_a_pipe(a);
    case 4: return plait_event_wait(&never, soon(a, 100 * PLAIT_MICROSECOND));
    case 5: return plait_sleep(a->random & 1 ? 0 : (int64_t)dice(a, 50000));
    default: return plait_yield();
    }
}

/* Tasks. One may spawn others on its loop, which it awaits, cancels or leaves. */

struct job {
    unsigned depth;
};
static int work(const struct job *j);
PLAIT_LOCAL_TASK(work, struct job, void);

static uint64_t new_seed(void) { return atomic_fetch_add(&seeds, 0x9E3779B97F4A7C15u) | 1; }

static void add_call(void *count) { atomic_fetch_add((_Atomic uint64_t *)count, 1); }

/* Each outcome is allowed that a cancel or a deadline can bring about. */
static void end(struct actor *a, plait_future *f)
{
    int err = 0;
    if (!dice(a, 4)) plait_future_cancel(f);
    if (dice(a, 3)) err = plait_await(f, NULL);
    else plait_future_detach(f);
    check(!err || err == PLAIT_ECANCELED || err == PLAIT_ETASK);
}

static int work(const struct job *j)
{
    struct actor me = { .random = new_seed() };
    _Atomic uint64_t calls = 0;
    uint64_t expected = 0;
    int err = 0;
    begun++;
    for (uint64_t n = dice(&me, 4); n && err != PLAIT_ECANCELED; n--) err = wait_somewhere(&me);
    for (uint64_t n = j->depth ? dice(&me, 4) : 0; n; n--) end(&me, plait_spawn(work, &((struct job){ j->depth - 1 })));
    if (!dice(&me, 3)) expected += plait_call_soon(add_call, &calls) == 0;
    PLAIT_SHIELD(whole, PLAIT_FOREVER);
    while (calls != expected) check(plait_yield() == 0);
    ended++;
    return 0;
}

/* Actors. */

static bool submitter(struct actor *a)
{
    plait_future *f[6];
    size_t count = 1 + dice(a, 6);
    for (size_t i = 0; i < count; i++) f[i] = plait_submit(loops, work, &((struct job){ (unsigned)dice(a, 3) }));
    for (size_t i = 0; i < count; i++) end(a, f[i]);
    tally(a, 0);
    return !stopping;
}

/* To a loop that stays: none is lost. */
static plait_loop *residents[LOOPS];
typedef plait_loop *loop_address;
static int get_loop(loop_address *l)
{
    *l = plait_loop_current();
    return plait_sleep(PLAIT_MILLISECOND); /* so that the next goes to another */
}
PLAIT_LOCAL_TASK(get_loop, void, loop_address);

static bool poster(struct actor *a)
{
    check(plait_loop_post(residents[dice(a, LOOPS)], add_call, &stayed) == 0);
    tally(a, 0);
    if (dice(a, 2)) pause_briefly(a, 20 * PLAIT_MICROSECOND);
    return !stopping;
}

static bool waiter(struct actor *a)
{
    tally(a, wait_somewhere(a));
    return !stopping;
}

/* A loop that comes and goes: its handle is shown to one who posts to it, perhaps too late. */
struct visit {
    _Atomic(plait_loop *) loop;
    _Atomic uint64_t called;
    _Atomic bool over;
};
static int be_visited(struct visit *const *v)
{
    struct actor me = { .random = new_seed() };
    atomic_store(&(*v)->loop, plait_loop_current());
    for (uint64_t n = dice(&me, 3); n; n--) end(&me, plait_spawn(work, &((struct job){ (unsigned)dice(&me, 2) })));
    return dice(&me, 2) ? plait_sleep((int64_t)dice(&me, 100000)) : 0;
}
typedef struct visit *visit_address;
PLAIT_LOCAL_TASK(be_visited, visit_address, void);

static struct meeting place = MEETING;

static bool host_or_guest(struct actor *a)
{
    unsigned mine;
    struct visit *v = meet(&place, a, sizeof *v, 2, &mine);
    if (!v) return false;
    bool hosts = !a->coroutine;
    if (hosts && mine == 0) {
        int err = plait_run(be_visited, &v, NULL);
        check(!err || err == PLAIT_ECANCELED || err == PLAIT_ETASK);
        tally(a, 0);
        atomic_store(&v->over, true);
    } else if (mine == 0) {
        atomic_store(&v->over, true); /* a coroutine hosts nobody */
    } else {
        plait_loop *l = NULL;
        PLAIT_SHIELD(whole, PLAIT_FOREVER);
        while (!(l = atomic_load(&v->loop)) && !atomic_load(&v->over)) pause_briefly(a, 5 * PLAIT_MICROSECOND);
        dawdle(a, 2000);
        int err = l ? plait_loop_post(l, add_call, &called) : 0; /* `called` outlives whatever loop calls it */
        check(!err || err == PLAIT_ECLOSED);
        if (l && !err) posted++;
    }
    if (part(v)) meeting_end(v);
    return true;
}

static size_t descriptors(void)
{
    size_t count = 0;
    DIR *all = opendir("/proc/self/fd");
    check(all);
    while (readdir(all)) count++;
    closedir(all);
    return count;
}

static size_t megabytes_mapped(void)
{
    char text[200];
    FILE *file = fopen("/proc/self/statm", "r");
    check(file && fgets(text, sizeof text, file));
    fclose(file);
    return (size_t)strtol(text, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE) >> 20;
}

/* Each thread that ever waited for a descriptor keeps one, in a record for the next thread. A stack is 80 KiB. */
static bool piles_up(void)
{
    size_t open = descriptors(), mapped = megabytes_mapped();
    printf("%zu descriptors, %zu MB\n", open, mapped);
    if (open > 60) return true;
#if defined ASAN || defined TSAN
    mapped = 0; /* shadows */
#endif
    return mapped > 1500 && !RUNNING_ON_VALGRIND;
}

static bool right(void)
{
    uint64_t asked = total_of("poster");
    while (stayed != asked) nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
    plait_executor_free(loops);
    char rest[4096];
    uint64_t left = 0;
    for (int i = 0; i < PIPES; i++) {
        for (ssize_t n; (n = read(pipes[i][0], rest, sizeof rest)) > 0;) left += (uint64_t)n;
        close(pipes[i][0]);
        close(pipes[i][1]);
    }
    uint64_t queued = plait_queue_count(queue);
    plait_queue_free(queue);
    printf("%llu tasks, %llu locked, %llu put, %llu written, %llu posts\n", (unsigned long long)begun,
           (unsigned long long)locked, (unsigned long long)put, (unsigned long long)written,
           (unsigned long long)posted);
    return begun == ended && under_mutex == locked && put == got + queued && written == red + left && inside == 0 &&
           called <= posted && plait_semaphore_value(&permits) == PERMITS && begun > 0 && !piles_up();
}

int main(void)
{
    loops = plait_multi_loop_executor_new(&(plait_multi_loop_options){ .loops = LOOPS });
    queue = plait_queue_new(sizeof(int), ROOM);
    plait_semaphore_init(&permits, PERMITS);
    check(loops && queue);
    for (int i = 0; i < PIPES; i++) check(pipe2(pipes[i], O_NONBLOCK | O_CLOEXEC) == 0);
    plait_future *f[LOOPS];
    for (int i = 0; i < LOOPS; i++) f[i] = plait_submit(loops, get_loop, NULL);
    check(plait_gather(f, LOOPS, residents, NULL) == 0);
    cast("submitter", submitter, 1, 2);
    cast("poster", poster, 1, 2);
    cast("waiter", waiter, 2, 4);
    cast("visit", host_or_guest, 3, 1);
    return stress("stress_loop", NULL, right);
}
