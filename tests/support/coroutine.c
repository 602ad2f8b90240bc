/* coroutine.c: coroutines by ucontext and a scheduler on each thread that wants one: a ready list, a heap of deadlines,
   an inbox for wakers of other threads, and a poller. It fills in the three calls of park/parker.h and knows nothing of
   what is waited for; when nothing is ready it parks its thread's own parker.

   What must hold:
   - Whoever takes a coroutine's parker out of PARKED, and nobody else, makes it ready: a waker by the exchange in
     unpark, the scheduler by a compare-exchange for a deadline or a descriptor.
   - A waker of another thread pushes into the inbox and unparks the thread. With its push the coroutine may run and end,
     and the scheduler with it: so it has read all that it needs before, and afterwards touches that parker alone.
   - Coroutines are type-stable: kept on a free list, their stacks with them, apart from their parkers.
   - A coroutine that waits for a descriptor has a poller of its own inside the scheduler's. So several may wait for one
     descriptor, and to stop waiting takes no number that may meanwhile be another's. */
#include "coroutine.h"
#include "sanitizers.h"
#include "base/heap.h"
#include "base/hooks.h"
#include "park/context.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef TSAN
#include <sanitizer/tsan_interface.h>
#endif
#ifdef ASAN
#include <sanitizer/asan_interface.h>
#endif
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(start, end) (void)0
#endif

#define STACK_SIZE ((size_t)256 << 10)
#define GUARD_SIZE ((size_t)16 << 10)

struct coroutine {
    plait_parker parker; /* first: the two addresses are one */
    struct scheduler *scheduler;
    struct coroutine *next; /* on the ready list, in the inbox or free: one at a time */
    plait_heap_node timer;  /* among the deadlines while it has one */
    int64_t deadline;
    uint64_t turn; /* of equal deadlines the first that was given comes first */
    bool ended;
    plait_context root, *current; /* its own context; the one it left off in, perhaps a nested one */
    ucontext_t registers;
    unsigned char *stack;
    void *fiber, *fake_stack; /* what the sanitizers know it by */
    void (*function)(void *);
    void *argument;
};

struct scheduler {
    _Atomic(struct coroutine *) inbox; /* newest first */
    plait_parker *thread;
    struct coroutine *ready, **ready_end, *running;
    plait_heap deadlines;
    uint64_t turns;
    size_t alive, polling; /* coroutines; those that wait for a descriptor */
    int poller;
    ucontext_t registers;
    const void *stack; /* of the thread */
    size_t stack_size;
    void *fiber, *fake_stack;
};

static _Thread_local struct scheduler *here;
static pthread_mutex_t free_guard = PTHREAD_MUTEX_INITIALIZER;
static struct coroutine *free_coroutines;

static void make_ready(struct scheduler *s, struct coroutine *c)
{
    c->next = NULL;
    *s->ready_end = c;
    s->ready_end = &c->next;
}

/* The switch, and what the sanitizers are told about it. Only the scheduler's thread comes here. */

static void enter(struct scheduler *s, struct coroutine *c)
{
    s->running = c;
    plait_context *mine = plait_switch(c->current);
#ifdef ASAN
    __sanitizer_start_switch_fiber(&s->fake_stack, c->stack, STACK_SIZE);
#endif
#ifdef TSAN
    __tsan_switch_to_fiber(c->fiber, 0);
#endif
    swapcontext(&s->registers, &c->registers);
#ifdef ASAN
    __sanitizer_finish_switch_fiber(s->fake_stack, NULL, NULL);
#endif
    c->current = plait_switch(mine);
    s->running = NULL;
}

static void leave(struct coroutine *c)
{
    struct scheduler *s = c->scheduler;
#ifdef ASAN
    __sanitizer_start_switch_fiber(c->ended ? NULL : &c->fake_stack, s->stack, s->stack_size);
#endif
#ifdef TSAN
    __tsan_switch_to_fiber(s->fiber, 0);
#endif
    swapcontext(&c->registers, &s->registers);
#ifdef ASAN
    __sanitizer_finish_switch_fiber(c->fake_stack, &s->stack, &s->stack_size);
#endif
}

static void begin(void)
{
    struct coroutine *c = here->running;
#ifdef ASAN
    __sanitizer_finish_switch_fiber(NULL, &c->scheduler->stack, &c->scheduler->stack_size);
#endif
    c->function(c->argument);
    c->ended = true;
    leave(c);
}

/* Deadlines. */

static struct coroutine *of_timer(const plait_heap_node *n)
{
    return (struct coroutine *)((char *)(uintptr_t)n - offsetof(struct coroutine, timer));
}

static bool before(const plait_heap_node *a, const plait_heap_node *b)
{
    const struct coroutine *x = of_timer(a), *y = of_timer(b);
    return x->deadline != y->deadline ? x->deadline < y->deadline : x->turn < y->turn;
}

static void list_deadline(struct coroutine *c, plait_deadline deadline)
{
    if (!deadline.at) return;
    c->deadline = deadline.at;
    c->turn = c->scheduler->turns++;
    plait_heap_add(&c->scheduler->deadlines, &c->timer);
}

static void unlist_deadline(struct coroutine *c)
{
    if (plait_heap_has(&c->timer)) plait_heap_remove(&c->scheduler->deadlines, &c->timer);
}

static struct coroutine *first_deadline(struct scheduler *s)
{
    return s->deadlines.first ? of_timer(s->deadlines.first) : NULL;
}

/* The parker. */

static void coroutine_park(plait_parker *p, plait_deadline deadline)
{
    struct coroutine *c = (struct coroutine *)p;
    uint32_t seen = PLAIT_EMPTY;
    if (atomic_compare_exchange_strong_explicit(&p->state, &seen, PLAIT_PARKED, memory_order_release,
                                                memory_order_relaxed)) {
        list_deadline(c, deadline); /* a waker may push us now: the scheduler looks only once we are off the stack */
        leave(c);
        unlist_deadline(c);
    }
    atomic_exchange_explicit(&p->state, PLAIT_EMPTY, memory_order_acquire);
}

/* Not by the functions poll and epoll_ctl: ThreadSanitizer takes any close beside them for a race. */
static int look(int fd, short events)
{
    struct pollfd on = { .fd = fd, .events = events };
    struct timespec at_once = { 0, 0 };
    return syscall(SYS_ppoll, &on, 1, &at_once, NULL, 0) > 0 ? on.revents : 0;
}

static int watch(int poller, int fd, struct epoll_event *wanted)
{
    return syscall(SYS_epoll_ctl, poller, EPOLL_CTL_ADD, fd, wanted) == 0 ? 0 : -errno;
}

static int coroutine_park_on(plait_parker *p, int fd, short events, plait_deadline deadline)
{
    struct coroutine *c = (struct coroutine *)p;
    int got = look(fd, events); /* token or not */
    if (got || plait_is_now(deadline)) return got;
    int mine = plait_refused("descriptor") ? (errno = EMFILE, -1) : epoll_create1(EPOLL_CLOEXEC);
    if (mine < 0) return -errno;
    struct epoll_event its = { .events = (uint32_t)(unsigned short)events },
                       ours = { .events = EPOLLIN, .data.ptr = c };
    if (!(got = watch(mine, fd, &its)) && !(got = watch(c->scheduler->poller, mine, &ours))) {
        c->scheduler->polling++;
        coroutine_park(p, deadline);
        c->scheduler->polling--;
        epoll_ctl(c->scheduler->poller, EPOLL_CTL_DEL, mine, NULL);
        got = look(fd, events);
    }
    close(mine);
    return got;
}

static void coroutine_unpark(plait_parker *p)
{
    if (atomic_exchange_explicit(&p->state, PLAIT_NOTIFIED, memory_order_acq_rel) != PLAIT_PARKED) return;
    struct coroutine *c = (struct coroutine *)p;
    struct scheduler *s = c->scheduler;
    if (s == here) {
        make_ready(s, c);
        return;
    }
    plait_parker *thread = s->thread;
    struct coroutine *head = atomic_load_explicit(&s->inbox, memory_order_relaxed);
    do c->next = head;
    while (!atomic_compare_exchange_weak_explicit(&s->inbox, &head, c, memory_order_release, memory_order_relaxed));
    if (!head) plait_unpark(thread); /* else whoever pushed the first of them does */
}

/* The scheduler. */

static void resume_if_parked(struct scheduler *s, struct coroutine *c)
{
    uint32_t seen = PLAIT_PARKED; /* if it is NOTIFIED, its waker is bringing it */
    if (atomic_compare_exchange_strong_explicit(&c->parker.state, &seen, PLAIT_EMPTY, memory_order_acquire,
                                                memory_order_relaxed))
        make_ready(s, c);
}

static void take_inbox(struct scheduler *s)
{
    struct coroutine *oldest = NULL, *next, *c = atomic_exchange_explicit(&s->inbox, NULL, memory_order_acquire);
    for (; c; c = next) next = c->next, c->next = oldest, oldest = c;
    for (c = oldest; c; c = next) next = c->next, make_ready(s, c);
}

static void look_around(struct scheduler *s, bool sleep)
{
    struct coroutine *c = first_deadline(s);
    plait_deadline until = plait_deadline_at_(c ? c->deadline : 0);
    if (s->polling) {
        int got = s->thread->operations->park_on(s->thread, s->poller, POLLIN, sleep ? until : PLAIT_NOW);
        struct epoll_event events[64];
        int n = got > 0 ? epoll_wait(s->poller, events, 64, 0) : 0;
        for (int i = 0; i < n; i++) resume_if_parked(s, events[i].data.ptr);
    } else if (sleep) {
        plait_park(s->thread, until);
    }
    take_inbox(s);
    while ((c = first_deadline(s)) && plait_has_passed(plait_deadline_at_(c->deadline))) {
        unlist_deadline(c);
        resume_if_parked(s, c);
    }
}

static struct coroutine *coroutine_new(void)
{
    static const struct plait_parker_operations operations = { coroutine_park, coroutine_park_on, coroutine_unpark };
    pthread_mutex_lock(&free_guard);
    struct coroutine *c = free_coroutines;
    if (c) free_coroutines = c->next;
    pthread_mutex_unlock(&free_guard);
    if (c) return c;
    if (!(c = calloc(1, sizeof *c))) abort();
    c->stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (c->stack == MAP_FAILED || mprotect(c->stack, GUARD_SIZE, PROT_NONE) != 0) abort();
    VALGRIND_STACK_REGISTER(c->stack, c->stack + STACK_SIZE);
    c->parker.operations = &operations;
    c->root.parker = &c->parker;
    plait_parker_made(&c->parker);
    return c;
}

static void retire(struct scheduler *s, struct coroutine *c)
{
    if (c->root.locks || c->root.scope) abort(); /* it ended with a mutex or inside a scope */
    plait_record_unref(c->root.record);
#ifdef TSAN
    __tsan_destroy_fiber(c->fiber);
#endif
#ifdef ASAN
    __asan_unpoison_memory_region(c->stack + GUARD_SIZE, STACK_SIZE - GUARD_SIZE); /* its last frames never returned */
#endif
    s->alive--;
    pthread_mutex_lock(&free_guard);
    c->next = free_coroutines;
    free_coroutines = c;
    pthread_mutex_unlock(&free_guard);
}

/* Apart, since getcontext might return twice, for all that the compiler knows. */
__attribute__((noinline)) static void prepare_registers(struct coroutine *c)
{
    getcontext(&c->registers);
    c->registers.uc_stack.ss_sp = c->stack;
    c->registers.uc_stack.ss_size = STACK_SIZE;
    c->registers.uc_link = NULL;
    makecontext(&c->registers, begin, 0);
}

void coroutine_start(void (*function)(void *), void *argument)
{
    struct scheduler *s = here;
    struct coroutine *c = coroutine_new();
    c->scheduler = s;
    c->parker.home = s->thread->home; /* while the thread itself runs, none of its coroutines does */
    c->ended = false;
    plait_context_renew(&c->root);
    c->current = &c->root;
    c->function = function;
    c->argument = argument;
    prepare_registers(c);
#ifdef TSAN
    c->fiber = __tsan_create_fiber(0);
#endif
    s->alive++;
    make_ready(s, c);
}

bool coroutine_running(void) { return here && here->running; }

void coroutine_yield(void)
{
    struct coroutine *c = here->running;
    make_ready(here, c);
    leave(c);
}

void coroutines_run(void (*first)(void *), void *argument)
{
    struct scheduler s = { .thread = plait_current()->parker,
                           .poller = epoll_create1(EPOLL_CLOEXEC),
                           .deadlines = { .before = before } };
    if (s.poller < 0 || here) abort();
    here = &s;
    s.ready_end = &s.ready;
#ifdef TSAN
    s.fiber = __tsan_get_current_fiber();
#endif
    coroutine_start(first, argument);
    while (s.alive) {
        struct coroutine *batch = s.ready; /* those made ready meanwhile wait for the next turn */
        s.ready = NULL;
        s.ready_end = &s.ready;
        while (batch) {
            struct coroutine *c = batch;
            batch = c->next;
            enter(&s, c);
            if (c->ended) retire(&s, c);
        }
        if (s.alive) look_around(&s, !s.ready);
    }
    here = NULL;
    close(s.poller);
}
