/* overflow.c: a fault in the guard below the running coroutine's stack is reported as what it is, and the program stops.
   All other faults go to whoever handled them before, as if this were not here.

   What must hold: the handler runs on a stack of its own, and calls nothing that is not safe in a signal handler. */
#include "coroutine/overflow.h"
#include "base/hooks.h"
#include "future/future.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIGNAL_STACK ((size_t)32 << 10) /* more than any processor's state, which the kernel puts there, takes */
#define NEAR ((uintptr_t)16 << 10) /* where there is no guard: so far below its stack a fault is taken for its own */

static struct sigaction before[2]; /* of SIGSEGV and SIGBUS */
static _Thread_local volatile sig_atomic_t passing;
static plait_coroutine *(*who_runs)(void);

static char *append(char *at, const char *end, const char *text)
{
    while (at < end && *text) *at++ = *text++;
    return at;
}

static char *append_number(char *at, const char *end, size_t number)
{
    char digits[24], *d = digits + sizeof digits;
    *--d = 0;
    do *--d = (char)('0' + number % 10);
    while (number /= 10);
    return append(at, end, d);
}

static void report(const plait_coroutine *c)
{
    const plait_future *f = c->future;
    char text[400];
    const char *end = text + sizeof text;
    char *at = append(text, end, "plait: ");
    if (f) {
        at = append(at, end, "task ");
        at = append(at, end, f->name);
        at = append(at, end, " (");
        at = append(at, end, f->file);
        at = append(at, end, ":");
        at = append_number(at, end, (size_t)f->line);
        at = append(at, end, ")");
    } else {
        at = append(at, end, "a coroutine");
    }
    at = append(at, end, " needed more stack than its ");
    at = append_number(at, end, c->stack.size >> 10);
    at = append(at, end, " KiB: does it call itself for ever, or keep large arrays there?\n");
    (void)!write(STDERR_FILENO, text, (size_t)(at - text));
}

static void pass_on(int number, siginfo_t *info, void *machine)
{
    struct sigaction standard = { .sa_handler = SIG_DFL };
    const struct sigaction *old = passing ? &standard : &before[number == SIGBUS]; /* it may have passed it on to us */
    passing = 1;
    if (old->sa_flags & SA_SIGINFO) {
        old->sa_sigaction(number, info, machine);
    } else if (old->sa_handler == SIG_DFL || old->sa_handler == SIG_IGN) {
        sigaction(number, old, NULL);          /* back: the same instruction faults again, and this time without us */
        if (info->si_code <= 0) raise(number); /* it was sent, and would not come again */
    } else {
        old->sa_handler(number);
    }
    passing = 0;
}

static void faulted(int number, siginfo_t *info, void *machine)
{
    const plait_coroutine *c = who_runs();
    uintptr_t at = (uintptr_t)info->si_addr, floor = c ? (uintptr_t)c->stack.floor : 0;
    uintptr_t below = c && c->stack.guard ? c->stack.guard : NEAR;
    if (info->si_code > 0 && floor && at < floor && at >= floor - below) {
        report(c);
        signal(SIGABRT, SIG_DFL);
        abort();
    }
    pass_on(number, info, machine);
}

/* Others may have put handlers of their own in place of ours since the last time: they are those before ours now. */
static void install(int number, struct sigaction *old)
{
    struct sigaction action = { .sa_sigaction = faulted, .sa_flags = SA_SIGINFO | SA_ONSTACK }, now;
    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &now) != 0 || ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == faulted)) return;
    *old = now;
    sigaction(number, &action, NULL);
}

int plait_overflow_watch(struct plait_overflow_guard *g, plait_coroutine *(*running)(void))
{
    stack_t present;
    g->stack = NULL;
    who_runs = running;
    install(SIGSEGV, &before[0]);
    install(SIGBUS, &before[1]);
    if (sigaltstack(NULL, &present) == 0 && !(present.ss_flags & SS_DISABLE)) return 0;
    void *stack = plait_refused("memory") ? MAP_FAILED
                                          : mmap(NULL, SIGNAL_STACK, PROT_READ | PROT_WRITE,
                                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED) return PLAIT_ENOMEM;
    if (sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = SIGNAL_STACK }, NULL) != 0) {
        munmap(stack, SIGNAL_STACK);
        return 0; /* an overflow is then a plain fault */
    }
    g->stack = stack;
    return 0;
}

void plait_overflow_leave(struct plait_overflow_guard *g)
{
    if (!g->stack) return;
    sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL);
    munmap(g->stack, SIGNAL_STACK);
}
