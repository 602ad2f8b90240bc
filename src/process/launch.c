/* launch.c: see launch.h. The child shares this process's memory until its exec (clone with CLONE_VM and CLONE_VFORK, which is
   all that posix_spawn does), so it costs the same whatever this process's size, and no other thread's locks matter. No exit
   signal: so it is none of the children that wait(2) knows, nor a SIGCHLD. By clone, since clone3 is what containers refuse.

   What must hold in the child: it makes system calls and nothing else, none of them by a function that a sanitizer or the C
   library keeps books of, which are still the parent's; no signal reaches it before all of the parent's handlers are off. */
#include "process/launch.h"
#include "base/hooks.h"
#include "base/sanitizers.h"
#include "process/lifeline.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#define IN_CHILD static __attribute__((no_sanitize("address", "thread", "undefined")))
enum { STACK = 64 * 1024, SIGNALS = 64, SIGNAL_SET = SIGNALS / 8 };

/* What the child runs on, and at its lower end what it tells: shared, whatever else is. */
struct ground {
    const struct plait_launch *launch;
    int error;
    _Alignas(16) char stack[STACK];
};

IN_CHILD void reset_signals(void)
{
    struct { /* as the kernel has it: the handler first, then as much as any machine's has */
        uintptr_t handler, rest[7];
    } action = { 0, { 0 } };
    for (int number = 1; number <= SIGNALS; number++) {
        action.handler = number == SIGINT || number == SIGQUIT;
        syscall(SYS_rt_sigaction, number, &action, NULL, SIGNAL_SET);
    }
    uint64_t none = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, SIGNAL_SET);
}

IN_CHILD void close_from_to(unsigned first, unsigned last)
{
    if (first > last || syscall(SYS_close_range, first, last, 0) == 0) return;
    struct rlimit limit = { 0, 0 };
    syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit);
    for (unsigned fd = first; fd <= last && fd < limit.rlim_cur; fd++) syscall(SYS_close, fd);
}

/* 0 or an errno. */
IN_CHILD int settle_descriptors(const struct plait_launch *s)
{
    long null = syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0);
    if (null < 0) return errno;
    for (int fd = 0; fd < 3; fd++) {
        bool open = syscall(SYS_fcntl, fd, F_GETFD) >= 0 && fd != null;
        if (!open || (fd == 0 && !s->keep_stdin)) {
            if (fd == null) syscall(SYS_fcntl, fd, F_SETFD, 0);
            else if (syscall(SYS_dup3, null, fd, 0) < 0) return errno;
        }
    }
    unsigned next = 3;
    for (size_t i = 0; i < s->keep_count; i++) {
        unsigned fd = (unsigned)s->keep[i];
        if (s->keep[i] != s->image) syscall(SYS_fcntl, fd, F_SETFD, 0);
        if (fd < next) continue;
        close_from_to(next, fd - 1);
        next = fd + 1;
    }
    close_from_to(next, ~0u);
    int own = plait_lifeline_hold(s->lifeline);
    return own < 0 ? -own : syscall(SYS_dup3, own, s->lifeline, 0) < 0 ? errno : 0;
}

IN_CHILD int run_child(void *ground)
{
    struct ground *g = ground;
    const struct plait_launch *s = g->launch;
    int error = settle_descriptors(s);
    reset_signals();
    if (!error) {
        syscall(SYS_execveat, s->image, "", s->arguments, s->environment, AT_EMPTY_PATH);
        error = errno;
    }
    g->error = error;
    syscall(SYS_exit_group, 127);
    return 0;
}

/* ThreadSanitizer takes a clone for a fork, even where memory is shared; of a system call that copies it, it learns
   nothing, as is right. */
static pid_t run_beside(struct ground *g, int *pidfd)
{
#ifdef TSAN
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_VFORK | CLONE_PIDFD, NULL, pidfd, NULL, NULL);
    if (child == 0) run_child(g);
    return child;
#else
    return clone(run_child, g->stack + STACK, CLONE_VM | CLONE_VFORK | CLONE_PIDFD, g, pidfd);
#endif
}

pid_t plait_launch(const struct plait_launch *s, int *pidfd)
{
    if (plait_refused("process")) return -EAGAIN;
    struct ground *g = mmap(NULL, sizeof *g, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (g == MAP_FAILED) return -ENOMEM;
    sigset_t all, before;
    int cancel;
    g->launch = s;
    sigfillset(&all);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t child = run_beside(g, pidfd);
    int err = child < 0 ? -errno : -g->error;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_setcancelstate(cancel, NULL);
    munmap(g, sizeof *g);
    if (child > 0 && err) {
        siginfo_t info;
        while (waitid((idtype_t)P_PIDFD, (id_t)*pidfd, &info, WEXITED | __WALL) < 0 && errno == EINTR) {}
        close(*pidfd);
    }
    return err ? err : child;
}
