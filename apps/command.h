/* command.h: the subcommands of `plait`, and what their exit statuses mean. A subcommand gets its own arguments, its name
   in arguments[0], and returns the exit status of the program. Data go to stdout, everything else to stderr. */
#ifndef PLAIT_APPS_COMMAND_H
#define PLAIT_APPS_COMMAND_H

enum {
    COMMAND_DONE = 0,
    COMMAND_SOME_FAILED = 1,    /* or the command itself failed */
    COMMAND_USAGE = 2,          /* the arguments are wrong: one sentence on stderr, nothing done */
    COMMAND_NOTHING_WORKED = 3, /* every item failed */
};

int command_fx(int count, char **arguments);
int command_primes(int count, char **arguments);
int command_serve(int count, char **arguments);

/* Writes out what stdout holds. Returns `status`; or, when stdout cannot be written, says so on stderr and returns
   COMMAND_SOME_FAILED. */
int command_finish(const char *name, int status);

/* Raises the limit of open descriptors as far as the system allows: each connection needs one, and most systems begin with
   1024 for the sake of programs that use select(2). */
void command_raise_descriptors(void);

/* The words of the last call that returned NULL. There is a record of it unless memory was missing. */
const char *command_error_words(void);

#endif
