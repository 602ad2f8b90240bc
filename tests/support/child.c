/* child.c: see child.h. What must hold: the child leaves at once, so that nothing of the test program runs twice. */
#include "child.h"
#include "check.h"
#include "on_valgrind.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int child_run(int (*function)(void *), void *argument, char *text, size_t size)
{
    int ends[2], status;
    check_number(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    check(child >= 0);
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
        no_leaks_are_looked_for();
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        int result = function(argument);
        fflush(NULL);
        /* ThreadSanitizer counts threads in an _exit, and those that have ended are joined at an exit alone. */
        syscall(SYS_exit_group, result);
    }
    close(ends[1]);
    size_t length = 0;
    for (ssize_t got; (got = read(ends[0], text + length, size - 1 - length)) != 0;) {
        if (got > 0) length += (size_t)got;
        else if (errno != EINTR) break;
    }
    text[length] = 0;
    close(ends[0]);
    while (waitpid(child, &status, 0) < 0) check_number(errno, EINTR);
    return status;
}

void child_stops(int (*function)(void *), void *argument, const char *words)
{
    char text[4096];
    int status = child_run(function, argument, text, sizeof text);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) {
        check_contains(text, "plait: ");
        check_contains(text, words);
        return;
    }
    fprintf(stderr, "the child did not stop by SIGABRT: status 0x%x, it said: %s\n", (unsigned)status, text);
    abort();
}
