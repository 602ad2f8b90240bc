/* lifeline.c: see lifeline.h. What must hold: no process but this one holds the end for writing. So it is close-on-exec, a
   forked child closes its copy first of all, and nobody else is given it. */
#include "process/lifeline.h"
#include "base/hooks.h"
#include <errno.h>
#include <fcntl.h>
#include <plait/error.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static int ends[2] = { -1, -1 };

int plait_lifeline(void)
{
    int err = 0, made[2];
    pthread_mutex_lock(&guard);
    if (ends[0] < 0) {
        err = plait_refused("descriptor") ? -EMFILE : pipe2(made, O_CLOEXEC) < 0 ? -errno : 0;
        /* Above those of stdin, stdout and stderr, should one of them be closed. */
        for (int i = 0; !err && i < 2; i++) {
            int high = fcntl(made[i], F_DUPFD_CLOEXEC, 3);
            if (high < 0) err = -errno;
            close(made[i]);
            made[i] = high;
        }
        if (!err) ends[0] = made[0], ends[1] = made[1];
    }
    int fd = ends[0];
    pthread_mutex_unlock(&guard);
    return err ? plait_fail(err, "no descriptor for a process: %s", plait_error_text(err)) : fd;
}

int plait_lifeline_forked(void)
{
    int reading = ends[0];
    pthread_mutex_t unlocked = PTHREAD_MUTEX_INITIALIZER;
    guard = unlocked; /* another thread of the parent may have held it */
    if (reading >= 0) close(ends[1]);
    ends[0] = ends[1] = -1;
    return reading;
}

/* As text, without the C library. */
__attribute__((no_sanitize("address", "thread", "undefined"))) static void put_path(char *path, int fd)
{
    static const char head[] = "/proc/self/fd/";
    char digits[12];
    size_t at = 0, count = 0;
    for (; head[at]; at++) path[at] = head[at];
    do digits[count++] = (char)('0' + fd % 10);
    while ((fd /= 10));
    while (count) path[at++] = digits[--count];
    path[at] = 0;
}

__attribute__((no_sanitize("address", "thread", "undefined"))) int plait_lifeline_hold(int parents, int whom)
{
    char path[32];
    put_path(path, parents);
    long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
    if (fd < 0) return -errno;
    if (syscall(SYS_fcntl, fd, F_SETSIG, SIGKILL) < 0 ||
        syscall(SYS_fcntl, fd, F_SETOWN, whom ? whom : syscall(SYS_getpid)) < 0 ||
        syscall(SYS_fcntl, fd, F_SETFL, O_NONBLOCK | O_ASYNC) < 0)
        return -errno;
    struct pollfd on = { .fd = (int)fd };
    struct timespec none = { 0, 0 };
    if (syscall(SYS_ppoll, &on, 1, &none, NULL, 0) > 0) { /* the parent was faster */
        if (whom) syscall(SYS_kill, whom, SIGKILL);
        syscall(SYS_exit_group, 1);
    }
    return (int)fd;
}
