/* command.c: what all subcommands share. */
#include "apps/command.h"
#include <plait/error.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

int command_finish(const char *name, int status)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    /* Without a reason only an earlier write failed, and this one did not. */
    fprintf(stderr, "%s: cannot write to standard output: %s\n", name, errno ? strerror(errno) : "some of it is lost");
    return status == COMMAND_DONE ? COMMAND_SOME_FAILED : status;
}

void command_raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

const char *command_error_words(void) { return plait_error() ? plait_error()->message : "no memory"; }
