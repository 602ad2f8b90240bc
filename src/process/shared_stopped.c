/* shared_stopped.c: ends a process that was stopped (SIGSTOP) while it held the lock of a heap: only where somebody has said that
   the memory is his and all who use it are his workers. Nobody else would ever get the lock.

   What must hold: who is killed is who holds the lock. So first it is pinned by a pidfd, and then looked at: an id that is
   still alive belongs to the process that the descriptor means. */
#include "process/shared_registry.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of the process that a thread belongs to: its number if it is stopped, else 0. */
static pid_t stopped_process(unsigned thread)
{
    char path[40], text[1024];
    snprintf(path, sizeof path, "/proc/%u/status", thread);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    text[size > 0 ? size : 0] = 0;
    const char *state = strstr(text, "\nState:\tT "), *process = strstr(text, "\nTgid:\t");
    return state && process ? (pid_t)strtol(process + 7, NULL, 10) : 0;
}

void plait_shared_end_stopped(struct plait_shared_member *me, uint32_t id)
{
    uint32_t ruler = atomic_load_explicit(&me->ruler, memory_order_relaxed);
    unsigned thread = ruler == plait_process_generation() ? plait_shared_life(me, id) : 0;
    pid_t process = thread ? stopped_process(thread) : 0;
    int pidfd = process > 0 && process != getpid() ? (int)syscall(SYS_pidfd_open, process, 0) : -1;
    if (pidfd < 0) return;
    if (plait_shared_life(me, id) == thread && stopped_process(thread) == process)
        (void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
    close(pidfd);
}
