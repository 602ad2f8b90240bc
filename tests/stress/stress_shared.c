/* stress_shared.c: threads and coroutines of this process use objects in shared memory together with other processes, which
   are killed at random moments. Nobody waits for the dead; each item is whole, none comes twice, and those of one putter come
   in its order; what a mutex guards is whole, or its next owner learns that it may not be.

   The others are children of a process of one thread, the nursery, which was forked before there were threads here. */
#include "sanitizers.h"
#include "stress.h"
#include "base/hooks.h"
#include <plait.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OTHERS = 3, PUTTERS = 4096, CAPACITY = 8 };

struct item {
    uint64_t from, number, sum;
};

static struct shared {
    plait_mutex *mutex;
    uint64_t first, second; /* equal, under the mutex */
    plait_queue *queue;
    plait_semaphore *semaphore;
    plait_event *event;
    _Atomic uint64_t putters, kills, deaths_seen;
    _Atomic bool over;
} * s;
static plait_shared_memory *memory;

static bool guarded(struct actor *a, plait_deadline deadline, uint64_t most, int *err)
{
    if ((*err = plait_mutex_lock_until(s->mutex, deadline)) != 0) return true;
    bool whole = s->first == s->second;
    if (plait_shared_owner_died(s->mutex)) {
        s->first = s->second = 0;
        s->deaths_seen++;
        plait_shared_mended(s->mutex);
        whole = true;
    }
    s->first++;
    dawdle(a, most);
    s->second++;
    plait_mutex_unlock(s->mutex);
    return whole;
}

static struct item item_of(uint64_t from, uint64_t number)
{
    return (struct item){ from, number, from * 31 + number * 17 };
}

/* Of this process alone; each putter's last number. Items that others took do not come here. */
static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t last_of[PUTTERS];

static void see(const struct item *i)
{
    check_number(i->sum, i->from * 31 + i->number * 17);
    check(i->from < PUTTERS);
}

static void allocate_some(uint64_t size)
{
    unsigned char *p = plait_shared_alloc(memory, size);
    if (!p) return; /* the dead have kept it all */
    for (uint64_t i = 0; i < size; i++) check(p[i] == 0);
    memset(p, (int)size, size);
    for (uint64_t i = 0; i < size; i++) check(p[i] == (unsigned char)size);
    plait_shared_free(memory, p);
}

/* What a process does until it is killed. */
static void live(uint64_t me)
{
    struct actor a = { .random = me * 0x9E3779B97F4A7C15u | 1 };
    uint64_t number = 0;
    for (;;) {
        struct item i = item_of(me, number + 1);
        plait_deadline deadline = plait_after((int64_t)dice(&a, 2) * PLAIT_MILLISECOND);
        int err = 0;
        switch (dice(&a, 5)) {
        case 0: check(guarded(&a, PLAIT_FOREVER, 300000, &err)); break;
        case 1: number += plait_queue_put(s->queue, &i, deadline) == 0; break;
        case 2:
            if (plait_queue_get(s->queue, &i, deadline) == 0) see(&i);
            break;
        case 3:
            if (plait_semaphore_release(s->semaphore, 1) == 0) err = plait_semaphore_acquire(s->semaphore, deadline);
            break;
        default:
            if (dice(&a, 2)) plait_event_set(s->event);
            else allocate_some(1 + dice(&a, 500));
        }
    }
}

/* When this one is gone, so are they. */
static pid_t child_of(pid_t parent)
{
    pid_t child = fork();
    if (child) return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    return 0;
}

/* Kills it: whether it had met nothing wrong. */
static bool end(pid_t child)
{
    int status;
    kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0) {}
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static int nurse(void)
{
    pid_t self = getpid(), children[OTHERS] = { 0 };
    struct actor a = { .random = (uint64_t)plait_time() | 1 };
    bool right = true;
    while (right && !s->over) {
        size_t i = dice(&a, OTHERS);
        if (children[i]) {
            right = end(children[i]);
            s->kills++;
        }
        uint64_t number = s->putters++ % (PUTTERS / 2) + PUTTERS / 2;
        if ((children[i] = child_of(self)) == 0) live(number);
        usleep((unsigned)dice(&a, 8000));
    }
    for (size_t i = 0; i < OTHERS; i++) right &= children[i] <= 0 || end(children[i]);
    /* A wake may go to one that is just dying: its process counts as dead already, and it sleeps there yet. Patience makes up
       for that, or the next death, as here. */
    pid_t last = child_of(self);
    if (last == 0) {
        plait_event_set(s->event); /* it uses the memory now */
        raise(SIGKILL);
    }
    int status = 0;
    while (last > 0 && waitpid(last, &status, 0) < 0) {}
    return !right || !WIFSIGNALED(status);
}

static bool locker(struct actor *a)
{
    int err;
    check(guarded(a, some_deadline(a), 1000, &err));
    tally(a, err);
    return !stopping;
}

static bool putter(struct actor *a)
{
    struct item i = item_of(a->number, a->good + 1);
    return tally(a, plait_queue_put(s->queue, &i, some_deadline(a))) != PLAIT_ECLOSED;
}

static bool getter(struct actor *a)
{
    struct item i;
    pthread_mutex_lock(&seen_lock); /* so that what is taken first is seen first */
    int err = tally(a, plait_queue_get(s->queue, &i, PLAIT_NOW));
    if (!err) {
        see(&i);
        if (i.from < PUTTERS / 2) { /* the numbers of processes are used again */
            check(i.number > last_of[i.from]);
            last_of[i.from] = i.number;
        }
    }
    pthread_mutex_unlock(&seen_lock);
    if (err == PLAIT_EAGAIN && (err = tally(a, plait_queue_get(s->queue, &i, some_deadline(a)))) == 0) see(&i);
    return err != PLAIT_ECLOSED;
}

static bool user(struct actor *a)
{
    if (dice(a, 4) == 0) allocate_some(1 + dice(a, 2000));
    if (tally(a, plait_semaphore_acquire(s->semaphore, soon(a, PLAIT_MILLISECOND))) == 0)
        check_code(plait_semaphore_release(s->semaphore, 1), 0);
    return !stopping;
}

static bool waiter(struct actor *a)
{
    if (tally(a, plait_event_wait(s->event, some_deadline(a))) == 0 && !stopping) plait_event_clear(s->event);
    return !stopping;
}

static bool setter(struct actor *a)
{
    plait_event_set(s->event);
    pause_briefly(a, PLAIT_MILLISECOND);
    a->good++;
    return !stopping;
}

static pid_t nursery;

static void stop(void)
{
    int status;
    s->over = true;
    while (waitpid(nursery, &status, 0) < 0) {}
    check(WIFEXITED(status));
    check_number(WEXITSTATUS(status), 0);
    plait_queue_close(s->queue);
    plait_event_set(s->event);
}

static bool right(void)
{
    plait_shared_memory_usage usage;
    do plait_shared_memory_get_usage(memory, &usage);
    while (usage.processes > 1);
    printf("%llu processes were killed, %llu of them with the mutex\n", (unsigned long long)s->kills,
           (unsigned long long)s->deaths_seen);
    plait_shared_memory_free(memory);
    return true;
}

/* So that a lost wake-up is seen. */
static bool refuse_patience(const char *point) { return strcmp(point, "patience") == 0; }

int main(void)
{
#ifdef TSAN_OF_GCC /* it ends a forked child that starts a thread */
    return 0;
#endif
    plait_hooks.refuse = refuse_patience;
    memory = plait_shared_memory_new(&(plait_shared_memory_options){ .limit = 256 << 20 });
    check(memory != NULL);
    s = plait_shared_alloc(memory, sizeof *s);
    check(s != NULL);
    s->mutex = plait_shared_mutex_new(memory);
    s->queue = plait_shared_queue_new(memory, sizeof(struct item), CAPACITY);
    s->semaphore = plait_shared_semaphore_new(memory, 2, 0);
    s->event = plait_shared_event_new(memory);
    check(s->mutex && s->queue && s->semaphore && s->event);
    pid_t self = getpid();
    if ((nursery = child_of(self)) == 0) syscall(SYS_exit_group, nurse());
    check(nursery > 0);
    cast("locker", locker, 2, 2);
    cast("putter", putter, 1, 2);
    cast("getter", getter, 2, 1);
    cast("user", user, 1, 1);
    cast("waiter", waiter, 1, 2);
    cast("setter", setter, 1, 0);
    return stress("shared", stop, right);
}
