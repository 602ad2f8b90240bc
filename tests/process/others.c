/* others.c: see others.h. What must hold: no child outlives the test, and none runs what is after the fork in it. */
#include "others.h"
#include "base/hooks.h"
#include "on_valgrind.h"
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t other_start(int (*function)(void *), void *argument)
{
    fflush(NULL);
    pid_t parent = getpid(), child = fork();
    check(child >= 0);
    if (child) return child;
    no_leaks_are_looked_for();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    int result = getppid() == parent ? function(argument) : 1;
    fflush(NULL);
    syscall(SYS_exit_group, result < 0 ? -result & 0xff : result);
    abort();
}

static int status_of(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0) check_number(errno, EINTR);
    return status;
}

int other_join(pid_t child)
{
    int status = status_of(child);
    check(WIFEXITED(status));
    return WEXITSTATUS(status);
}

void other_kill(pid_t child)
{
    kill(child, SIGKILL);
    int status = status_of(child);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static bool refuse_patience(const char *point) { return strcmp(point, "patience") == 0; }

void be_patient(bool patient) { plait_hooks.refuse = patient ? NULL : refuse_patience; }

plait_shared_memory *shared_begin(size_t limit)
{
    static bool begun;
    if (!begun && !plait_hooks.refuse) be_patient(false);
    begun = true;
    plait_shared_memory *m = plait_shared_memory_new(&(plait_shared_memory_options){ .limit = limit });
    check(m != NULL);
    return m;
}

void shared_end(plait_shared_memory *m)
{
    plait_shared_memory_usage usage;
    until((plait_shared_memory_get_usage(m, &usage), usage.processes == 1));
    plait_shared_memory_free(m);
}

_Noreturn void wait_for_the_end(void)
{
    for (;;) pause();
}
