/* interrupt.c: the flag, and the handlers that set it. Handlers touch atomics and make plain system calls, nothing else. */
#include "apps/interrupt.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static atomic_bool asked_here;
static _Atomic(atomic_bool *) shared;
static _Atomic(pid_t) forward_to;
static const char *words;
static size_t words_size;

/* Sequentially consistent, as is interrupt_share: one of the two sees what the other has stored. */
static void ask(void)
{
    atomic_store(&asked_here, true);
    atomic_bool *flag = atomic_load(&shared);
    if (flag) atomic_store(flag, true);
}

static void on_interrupt(int number)
{
    (void)number;
    int kept = errno;
    ask();
    pid_t child = atomic_load(&forward_to);
    if (child > 0) kill(child, SIGTERM);
    ssize_t ignored = write(STDERR_FILENO, words, words_size);
    (void)ignored;
    errno = kept;
}

static void on_terminate(int number)
{
    (void)number;
    ask();
}

/* A signal that whoever started us has made ignored stays so. */
static void catch_signal(int number, void (*handler)(int), int flags)
{
    struct sigaction before, action = { .sa_handler = handler, .sa_flags = flags | SA_RESTART };
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_IGN) return;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

void interrupt_catch(const char *sentence)
{
    words = sentence;
    words_size = strlen(sentence);
    catch_signal(SIGINT, on_interrupt, (int)SA_RESETHAND); /* once, then it kills again */
}

sigset_t interrupt_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    return signals;
}

void interrupt_obey_parent(void)
{
    sigset_t signals = interrupt_signals();
    signal(SIGINT, SIG_IGN);
    catch_signal(SIGTERM, on_terminate, 0); /* however often it comes */
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    pid_t parent = getppid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1); /* it died in between */
}

void interrupt_forward(pid_t child)
{
    atomic_store(&forward_to, child);
    if (child > 0 && interrupted()) kill(child, SIGTERM);
}

void interrupt_share(atomic_bool *flag)
{
    atomic_store(&shared, flag);
    if (flag && atomic_load(&asked_here)) atomic_store(flag, true);
}

bool interrupted(void)
{
    atomic_bool *flag = atomic_load(&shared);
    return atomic_load(&asked_here) || (flag && atomic_load(flag));
}

void interrupt_die(void)
{
    signal(SIGINT, SIG_DFL);
    raise(SIGINT);
    _exit(130); /* SIGINT is blocked here */
}
