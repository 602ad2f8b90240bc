/* command.c: what all subcommands share. */
#include "apps/command.h"
#include <plait/error.h>
#include <stdio.h>
#include <string.h>

int command_finish(const char *name, int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    fprintf(stderr, "%s: cannot write to standard output: %s\n", name, strerror(errno));
    return status == COMMAND_DONE ? COMMAND_SOME_FAILED : status;
}

int command_error_code(void) { return plait_error() ? plait_error()->code : PLAIT_ENOMEM; }
const char *command_error_words(void) { return plait_error() ? plait_error()->message : "no memory"; }
