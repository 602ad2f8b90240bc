/* fork.c: a child that is a copy of this process. It is made by fork(2), so that the C library and all others see to their
   locks, and not by a system call that would hide it from wait(-1): what the program learns there by itself, plait has not
   lost (process.c).

   What must hold: the child does not begin before the parent has a pidfd of it, for else it might be gone, and its number
   another's; and not without its lifeline. */
#include "base/options.h"
#include "base/sanitizers.h"
#include "process/area.h"
#include "process/argument.h"
#include "process/handover.h"
#include "process/lifeline.h"
#include "process/process.h"
#include "thread/thread.h"
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* But this one, and those that a fork does not harm; none where the system does not tell. */
static int count_other_threads(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *entry; tasks && (entry = readdir(tasks));)
        if (entry->d_name[0] != '.') count++;
    if (tasks) closedir(tasks);
    if (plait_handover_threads) count -= plait_handover_threads();
#ifdef TSAN
    count--; /* its own, which knows of forks */
#endif
    return count > 1 ? count - 1 : 0;
}

_Noreturn static void run_child(plait_process *p, const void *argument, int begin, int parents_lifeline)
{
    uint64_t count;
    int own_lifeline = parents_lifeline < 0 ? -1 : plait_lifeline_hold(parents_lifeline, 0);
    if (own_lifeline < 0) _exit(1);
    close(parents_lifeline);
    while (read(begin, &count, sizeof count) < 0 && errno == EINTR) {}
    close(begin);
    plait_self_become(p->name, p->daemon, p->area, own_lifeline);
    plait_exit_forget_hooks();
    plait_area_set_state(p->area, PLAIT_AREA_BEGUN);
    int status = plait_body_run(p->task, argument, p->file, p->line, p->area);
    plait_exit_now();
    fflush(NULL);
    syscall(SYS_exit_group, status); /* not by _exit: ThreadSanitizer would count the parent's threads there */
    abort();
}

static int fork_one(plait_process *p, const void *argument)
{
    int parents_lifeline, err = plait_lifeline();
    if (err < 0) return err;
    int begin = eventfd(0, EFD_CLOEXEC);
    if (begin < 0) return plait_fail(-errno, "no descriptor for process %s: %s", p->name, plait_error_text(-errno));
    fflush(NULL);
    pid_t child = plait_children_fork(&parents_lifeline);
    if (child == 0) run_child(p, argument, begin, parents_lifeline);
    err = child < 0 ? -errno : 0;
    p->number = child;
    if (!err && (p->pidfd = (int)syscall(SYS_pidfd_open, child, 0)) < 0) {
        err = -errno;
        kill(child, SIGKILL);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    }
    uint64_t one = 1;
    while (!err && write(begin, &one, sizeof one) < 0 && errno == EINTR) {}
    close(begin);
    if (err == -ENOSYS) /* Linux 5.3; and what stands between it and the program must know that too */
        return plait_fail(err, "process %s could not be forked: this system, or valgrind, gives no pidfd", p->name);
    return err ? plait_fail(err, "process %s could not be forked: %s", p->name, plait_error_text(err)) : 0;
}

plait_process *plait_process_fork_task(const plait_task *task, const void *argument,
                                       const plait_process_start_options *options, size_t options_size,
                                       const char *file, int line)
{
    plait_process_start_options o;
    plait_bytes *taken = plait_argument_taken(task, argument);
    int threads, err = plait_options_read(&o, sizeof o, options, options_size);
    plait_process *p = err ? NULL : plait_process_new(task, argument, &o, file, line);
    if (p) {
        struct plait_area_head h = { .end = sizeof h };
        p->forked = true;
        p->begin_by = PLAIT_FOREVER;
        if (o.descriptor_count)
            err = plait_fail(PLAIT_EINVAL, "process %s is forked: it has all descriptors, and is given none", p->name);
        else if (o.output || o.environment || o.own_group)
            err = plait_fail(PLAIT_EINVAL,
                             "process %s is forked: its output, environment and group are those of this one", p->name);
        else if (!o.among_threads && (threads = count_other_threads()) > 0)
            err =
                plait_fail(PLAIT_ENOTSUP,
                           "process %s is not forked beside %d other thread%s: what they hold would stay locked in it "
                           "(.among_threads allows it; plait_process_start has no such trouble)",
                           p->name, threads, threads > 1 ? "s" : "");
        else if ((err = plait_area_write(p->area, 0, &h, sizeof h)) != 0)
            plait_fail(err, "no memory to share with process %s", p->name);
        else err = fork_one(p, argument);
        if (err) p = plait_process_drop(p);
        else plait_children_add(p);
    }
    if (taken) plait_bytes_clear(taken);
    return p;
}
