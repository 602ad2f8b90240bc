/* launch.c: see launch.h. An exec makes every process one that wait(-1) finds and that sends SIGCHLD to its parent, which is
   why the new process is not our child but its keeper's: that one is made without an exit signal, makes no exec, and so is
   none of the children that wait(2) knows. It shares our memory, so it costs little, and runs nothing but system calls.

   What must hold:
   - The keeper dies when this process does (lifeline.h), and the new process when the keeper does (PDEATHSIG, which is bound
     to the thread that made the clone: the keeper has but one). No code of the program's comes between.
   - Until it has unshared them the keeper has our descriptors, so that the pidfd that it makes is ours. Then it has none
     but its lifeline.
   - Keeper and child make system calls and nothing else, none of them by a function that a sanitizer or the C library keeps
     books of, which are still ours; all signals are blocked in the keeper, and none reaches the child before all of our
     handlers are off.
   - What they stand on stays mapped until the keeper has been waited for. They have thread-local memory of their own there,
     since the thread that started them may end.
      - A group of its own is killed by its keeper while the number is still its leader's; or, when we end, by the kernel,
     for which the keeper's lifeline has a second opening. That keeper is in no group of ours, which might be killed itself.
   All by clone, since clone3 is what containers refuse. Under valgrind, which knows no process beside another, there is no
   keeper: the new process is our child as any other, and its end with ours is not seen to. */
#include "process/launch.h"
#include "base/hooks.h"
#include "base/sanitizers.h"
#include "process/lifeline.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#define BESIDE static __attribute__((no_sanitize("address", "thread", "undefined"), no_stack_protector_))
#if defined __has_attribute && __has_attribute(no_stack_protector)
#define no_stack_protector_ no_stack_protector
#else
#define no_stack_protector_ unused
#endif
enum { STACK = 32 * 1024, LOCALS = 64 * 1024, SIGNALS = 64, SIGNAL_SET = SIGNALS / 8 };

/* What keeper and child stand on; shared, even where the rest of our memory is copied. */
struct plait_keeper {
    struct plait_launch launch;
    pid_t keeper, child;
    int pidfd, error, code, status;
    _Atomic uint32_t launched; /* or not: `error` says; a futex */
    _Atomic bool ended;        /* `code` and `status` say how */
    _Alignas(16) char keeper_stack[STACK], child_stack[STACK];
    _Alignas(64) char locals[2 * LOCALS]; /* on both sides of the thread pointer */
};

BESIDE void reset_signals(void)
{
    struct { /* as the kernel has it: the handler first, then as much as any machine's has */
        uintptr_t handler, rest[7];
    } action = { 0, { 0 } };
    for (int number = 1; number <= SIGNALS; number++) {
        action.handler = number == SIGINT || number == SIGQUIT; /* SIG_IGN; else SIG_DFL */
        syscall(SYS_rt_sigaction, number, &action, NULL, SIGNAL_SET);
    }
}

BESIDE void close_from_to(unsigned first, unsigned last)
{
    if (first > last || syscall(SYS_close_range, first, last, 0) == 0) return;
    struct rlimit limit = { 0, 0 };
    syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit);
    for (unsigned fd = first; fd <= last && fd < limit.rlim_cur; fd++) syscall(SYS_close, fd);
}

/* 0 or an errno. */
BESIDE int settle_descriptors(const struct plait_launch *s)
{
    long null = syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0);
    if (null < 0) return errno;
    for (int fd = 0; fd < 3; fd++) {
        int given = fd ? s->output[fd - 1] : -1;
        if (given >= 0 && syscall(SYS_dup3, given, fd, 0) < 0) return errno;
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
    return 0;
}

BESIDE int run_child(void *ground)
{
    struct plait_keeper *k = ground;
    const uint64_t none = 0;
    int error = settle_descriptors(&k->launch);
    if (!error && k->launch.own_group && syscall(SYS_setpgid, 0, 0) < 0) error = errno;
    if (!error && k->keeper && syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) error = errno;
    if (k->keeper && syscall(SYS_getppid) != k->keeper) syscall(SYS_exit_group, 1);
    if (!k->keeper) reset_signals();
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, SIGNAL_SET);
    if (!error) {
        syscall(SYS_execveat, k->launch.image, "", k->launch.arguments, k->launch.environment, AT_EMPTY_PATH);
        error = errno;
    }
    k->error = error;
    syscall(SYS_exit_group, 127);
    return 0;
}

/* A process beside this one, on memory that is shared. ThreadSanitizer takes any clone for a fork: so it sees a system call
   that copies the memory, of which it learns nothing, as is right. */
#ifdef TSAN
#define clone_beside(run, k, stack, flags, pidfd)                                                                      \
    __extension__({                                                                                                    \
        long made = syscall(SYS_clone, (long)(flags), NULL, (pidfd), NULL, NULL);                                      \
        if (made == 0) run(k);                                                                                         \
        (pid_t) made;                                                                                                  \
    })
#else
#define clone_beside(run, k, stack, flags, pidfd)                                                                      \
    clone(run, (stack) + STACK, CLONE_VM | ((k)->keeper_stack == (stack) ? CLONE_SETTLS : 0) | (flags), (k), (pidfd),  \
          (k)->locals + LOCALS, NULL)
#endif

/* By the one who becomes its parent: 0 or an errno. */
BESIDE int launch_child(struct plait_keeper *k)
{
    const int32_t number = (int32_t)syscall(SYS_getpid);
    if (syscall(SYS_pwrite64, k->launch.told, &number, sizeof number, k->launch.told_at) != sizeof number) return EIO;
    pid_t child = clone_beside(run_child, k, k->child_stack, CLONE_VFORK | CLONE_PIDFD, &k->pidfd);
    if (child < 0) return errno;
    k->child = child;
    if (!k->error) return 0;
    syscall(SYS_waitid, P_PID, child, NULL, WEXITED | __WALL, NULL);
    syscall(SYS_close, k->pidfd);
    return k->error;
}

BESIDE void keep_lifeline_alone(int lifeline, int group)
{
    syscall(SYS_unshare, CLONE_FILES);
    if (lifeline) close_from_to(0, (unsigned)lifeline - 1);
    close_from_to((unsigned)lifeline + 1, ~0u);
    if (group && plait_lifeline_hold(lifeline, -group) < 0) syscall(SYS_exit_group, 1);
    if (plait_lifeline_hold(lifeline, 0) < 0) syscall(SYS_exit_group, 1);
    syscall(SYS_close, lifeline);
}

/* How it ended is known, and its number still its own. */
BESIDE void end_group(pid_t leader, const siginfo_t *info)
{
    siginfo_t reaped;
    if (info->si_code != CLD_EXITED) syscall(SYS_kill, -leader, SIGKILL);
    syscall(SYS_waitid, P_PID, leader, &reaped, WEXITED | __WALL, NULL);
}

BESIDE int keep(void *ground)
{
    struct plait_keeper *k = ground;
    siginfo_t info;
    k->keeper = (pid_t)syscall(SYS_getpid);
    reset_signals();
    syscall(SYS_prctl, PR_SET_NAME, "plait-keeper", 0, 0, 0);
    if (k->launch.own_group) syscall(SYS_setpgid, 0, 0); /* it is needed when ours is killed */
    k->error = launch_child(k);
    int lifeline = k->launch.lifeline, look = k->launch.own_group ? WNOWAIT : 0;
    bool good = !k->error;
    if (good) keep_lifeline_alone(lifeline, k->launch.own_group ? k->child : 0);
    atomic_store_explicit(&k->launched, 1, memory_order_release);
    syscall(SYS_futex, &k->launched, FUTEX_WAKE, 1, NULL, NULL, 0);
    if (good && syscall(SYS_waitid, P_PID, k->child, &info, WEXITED | __WALL | look, NULL) == 0) {
        k->code = info.si_code;
        k->status = info.si_status;
        atomic_store_explicit(&k->ended, true, memory_order_release);
        if (look) end_group(k->child, &info);
    }
    syscall(SYS_exit_group, 0);
    return 0;
}

/* Until it has ended, or, if so asked, to see whether it has. */
static bool wait_for_keeper(pid_t keeper, int options)
{
    siginfo_t info = { .si_pid = 0 };
    int got;
    do got = waitid(P_PID, (id_t)keeper, &info, WEXITED | __WALL | options);
    while (got < 0 && errno == EINTR);
    return got < 0 || info.si_pid != 0;
}

/* Whether it has said what came of the launch: it might be killed. */
static bool hear(struct plait_keeper *k, pid_t keeper)
{
    const struct timespec now_and_then = { 0, 50000000 };
    while (!atomic_load_explicit(&k->launched, memory_order_acquire)) {
        syscall(SYS_futex, &k->launched, FUTEX_WAIT, 0, &now_and_then, NULL, 0);
        if (!atomic_load_explicit(&k->launched, memory_order_acquire) && wait_for_keeper(keeper, WNOHANG | WNOWAIT))
            return atomic_load_explicit(&k->launched, memory_order_acquire);
    }
    return true;
}

static int begin(struct plait_keeper *k)
{
    if (RUNNING_ON_VALGRIND) return -launch_child(k);
    pid_t keeper = clone_beside(keep, k, k->keeper_stack, CLONE_FILES, NULL);
    if (keeper < 0) return -errno;
    int err = hear(k, keeper) ? -k->error : -ECHILD;
    if (err) wait_for_keeper(keeper, 0);
    return err;
}

int plait_launch(const struct plait_launch *s, struct plait_launched *l)
{
    if (plait_refused("process")) return -EAGAIN;
    struct plait_keeper *k = mmap(NULL, sizeof *k, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (k == MAP_FAILED) return -ENOMEM;
    sigset_t all, before;
    int cancel;
    k->launch = *s;
    *(void **)(void *)(k->locals + LOCALS) = k->locals + LOCALS; /* as x86's thread pointer finds itself */
    sigfillset(&all);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int err = begin(k);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_setcancelstate(cancel, NULL);
    *l = (struct plait_launched){ .number = k->child, .pidfd = k->pidfd, .keeper = k };
    if (err || !k->keeper) {
        munmap(k, sizeof *k);
        l->keeper = NULL;
    }
    return err;
}

bool plait_keeper_end(struct plait_keeper *k, int *status)
{
    wait_for_keeper(k->keeper, 0);
    bool known = atomic_load_explicit(&k->ended, memory_order_acquire);
    if (known) *status = k->code == CLD_EXITED ? k->status : -k->status;
    munmap(k, sizeof *k);
    return known;
}

void plait_keeper_forget(struct plait_keeper *k)
{
    if (k) munmap(k, sizeof *k);
}
