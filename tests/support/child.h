/* child.h: runs a function in a forked child, for what ends a process or forks one. */
#ifndef PLAIT_TEST_CHILD_H
#define PLAIT_TEST_CHILD_H
#include <stddef.h>

/* Runs function(argument) in a forked child, which exits with what it returns. What the child writes to stderr is put
   into `text`, cut at `size` with its NUL. Returns the status that waitpid gives. */
int child_run(int (*function)(void *), void *argument, char *text, size_t size);

/* Checks that function(argument) stops the program: by SIGABRT, with a sentence that contains `words`. */
void child_stops(int (*function)(void *), void *argument, const char *words);

#endif
