/* signals.c: signals as calls of loops.

   What must hold:
   - The handler touches atomics of loops' records, which are type-stable and on a list that only grows, and wakes them by
     the parkers of threads and of foreign loops, which may be unparked in a handler (park/thread_parker.c).
   - A bit in `came` is set before the unpark, and looked at after the loop has taken its token: as with the inbox, what
     comes after that look finds the token there, or the loop asleep.
   - What was done with a signal before is kept while ours is the handler, and restored by the last that stops watching, in
     a forked child at once, and by the handler itself when nobody takes the signal: then all is as usual.
   - A bit that is set late, by a handler that runs while its loop stops watching or is opened anew, meets no watch, or one
     for the same signal, which is then told of what came a moment before it was made. */
#include "loop/signals.h"
#include "base/memory.h"
#include "base/stop.h"
#include "loop/loop.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum { SIGNALS = 64 };

struct plait_signal_watch {
    struct plait_embedded_call embedded; /* queued when the signal came */
    struct plait_signal_watch *next;
    void (*function)(int, void *);
    void *context;
    int number;
    bool busy, stopped;
};

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Atomic(plait_loop *) listeners;
static struct {
    unsigned watches; /* of all loops */
    struct sigaction before;
} sources[SIGNALS + 1];

static uint64_t bit_of(int number) { return (uint64_t)1 << (number - 1); }

/* The handler. */

static void as_usual(int number, siginfo_t *info, void *machine)
{
    const struct sigaction *old = &sources[number].before;
    if (old->sa_handler == SIG_IGN) return;
    if (old->sa_handler == SIG_DFL) {
        sigaction(number, old, NULL);
        raise(number); /* comes when the handler has returned */
    } else if (old->sa_flags & SA_SIGINFO) {
        old->sa_sigaction(number, info, machine);
    } else {
        old->sa_handler(number);
    }
}

static bool takes(struct plait_signals *s, uint64_t bit)
{
    return (atomic_load_explicit(&s->watched, memory_order_acquire) & bit) &&
           (!(atomic_load_explicit(&s->once, memory_order_relaxed) & bit) ||
            !(atomic_fetch_or_explicit(&s->spent, bit, memory_order_relaxed) & bit));
}

static void on_signal(int number, siginfo_t *info, void *machine)
{
    int error = errno;
    bool taken = false;
    for (plait_loop *l = atomic_load_explicit(&listeners, memory_order_acquire); l; l = l->signals.next) {
        if (!takes(&l->signals, bit_of(number))) continue;
        taken = true;
        atomic_fetch_or_explicit(&l->signals.came, bit_of(number), memory_order_release);
        plait_unpark(atomic_load_explicit(&l->thread, memory_order_relaxed));
    }
    if (!taken) as_usual(number, info, machine);
    errno = error;
}

static bool is_ours(const struct sigaction *a) { return (a->sa_flags & SA_SIGINFO) && a->sa_sigaction == on_signal; }

/* With the guard held. Others may have put handlers in place of ours: they are what was before, from now on. */
static int install(int number)
{
    struct sigaction now, ours = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK };
    sigemptyset(&ours.sa_mask);
    if (sigaction(number, NULL, &now) != 0) return -errno;
    if (is_ours(&now)) return 0;
    sources[number].before = now;
    return sigaction(number, &ours, NULL) == 0 ? 0 : -errno;
}

static void restore(int number)
{
    struct sigaction now;
    if (sigaction(number, NULL, &now) == 0 && is_ours(&now)) sigaction(number, &sources[number].before, NULL);
}

/* Forks. The loops that watch are the parent's. */

static void before_fork(void) { pthread_mutex_lock(&guard); }
static void after_fork(void) { pthread_mutex_unlock(&guard); }
static void in_forked_child(void)
{
    for (plait_loop *l = atomic_load_explicit(&listeners, memory_order_relaxed); l; l = l->signals.next)
        atomic_store_explicit(&l->signals.watched, 0, memory_order_relaxed);
    for (int number = 1; number <= SIGNALS; number++) {
        if (sources[number].watches) restore(number);
        sources[number].watches = 0;
    }
    after_fork();
}
static void prepare(void) { pthread_atfork(before_fork, after_fork, in_forked_child); }

/* The loop's side. */

static struct plait_signal_watch **find(plait_loop *l, int number)
{
    struct plait_signal_watch **at = &l->signal_watches;
    while (*at && (*at)->number != number) at = &(*at)->next;
    return at;
}

static void signal_came(void *watch)
{
    struct plait_signal_watch *w = watch;
    w->busy = true;
    if (!w->stopped) w->function(w->number, w->context);
    w->busy = false;
    if (w->stopped) free(w);
}

static void watch_is_left(void *watch)
{
    struct plait_signal_watch *w = watch;
    if (w->stopped) free(w); /* one that goes on is on the loop's list */
}

void plait_signals_serve(plait_loop *l)
{
    uint64_t came = atomic_exchange_explicit(&l->signals.came, 0, memory_order_acquire);
    for (struct plait_signal_watch *w = l->signal_watches; w; w = w->next) {
        plait_call *c = &w->embedded.call;
        if (!(came & bit_of(w->number)) || plait_call_is(c, PLAIT_CALL_QUEUED)) continue;
        c->due.mark |= PLAIT_CALL_QUEUED;
        plait_ready_put(&l->ready, plait_item_call(c));
    }
}

static bool can_wait(int number)
{
    static const int never[] = { SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT };
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (number == never[i]) return false;
    return number >= 1 && number <= SIGNALS;
}

static void enlist(plait_loop *l)
{
    if (l->signals.listed) return;
    l->signals.listed = true;
    l->signals.next = atomic_load_explicit(&listeners, memory_order_relaxed);
    atomic_store_explicit(&listeners, l, memory_order_release);
}

/* What came before it was watched is not for it. */
static void open_for(struct plait_signals *s, uint64_t bit, bool just_once)
{
    atomic_fetch_and_explicit(&s->came, ~bit, memory_order_relaxed);
    atomic_fetch_and_explicit(&s->spent, ~bit, memory_order_relaxed);
    if (just_once) atomic_fetch_or_explicit(&s->once, bit, memory_order_relaxed);
    else atomic_fetch_and_explicit(&s->once, ~bit, memory_order_relaxed);
    atomic_fetch_or_explicit(&s->watched, bit, memory_order_release);
}

int plait_signals_watch(plait_loop *l, int number, bool just_once, void (*function)(int, void *), void *context)
{
    if (!can_wait(number)) return plait_fail(PLAIT_EINVAL, "signal %d cannot be watched", number);
    if (!function) return plait_fail(PLAIT_EINVAL, "signal %d was to be watched for no function", number);
    pthread_once(&once, prepare);
    struct plait_signal_watch **at = find(l, number), *w = *at;
    if (!w) {
        if (!(w = plait_allocate(sizeof *w))) return plait_fail(PLAIT_ENOMEM, "no memory to watch a signal");
        w->embedded.call = (plait_call){ .function = signal_came, .context = w, .loop = l };
        w->embedded.call.due.mark = PLAIT_IS_CALL | PLAIT_CALL_EMBEDDED;
        w->embedded.dropped = watch_is_left;
        w->number = number;
    }
    pthread_mutex_lock(&guard);
    enlist(l);
    open_for(&l->signals, bit_of(number), just_once); /* first: one that nobody takes might undo the next step */
    int err = install(number);
    if (!err) sources[number].watches += !*at;
    else atomic_fetch_and_explicit(&l->signals.watched, ~bit_of(number), memory_order_relaxed);
    pthread_mutex_unlock(&guard);
    if (err) {
        if (!*at) free(w);
        return plait_fail(PLAIT_EINVAL, "signal %d cannot be watched: %s", number, plait_error_text(err));
    }
    w->function = function;
    w->context = context;
    *at = w;
    return 0;
}

bool plait_signals_unwatch(plait_loop *l, int number)
{
    struct plait_signal_watch **at = find(l, number), *w = *at;
    if (!w) return false;
    *at = w->next;
    pthread_mutex_lock(&guard);
    atomic_fetch_and_explicit(&l->signals.watched, ~bit_of(number), memory_order_relaxed);
    if (!--sources[number].watches) restore(number);
    pthread_mutex_unlock(&guard);
    w->stopped = true;
    if (!w->busy && !plait_call_is(&w->embedded.call, PLAIT_CALL_QUEUED)) free(w); /* else when that is over */
    return true;
}

void plait_signals_drop(plait_loop *l)
{
    while (l->signal_watches) plait_signals_unwatch(l, l->signal_watches->number);
}

int plait_loop_watch_signal(int number, void (*function)(int, void *), void *context)
{
    plait_loop *l = plait_loop_to_ask();
    return l ? plait_signals_watch(l, number, false, function, context) : plait_error()->code;
}

bool plait_loop_unwatch_signal(int number)
{
    plait_loop *l = plait_loop_here;
    return l && !l->forked && plait_signals_unwatch(l, number);
}
