/* on_valgrind.h: what tests say to valgrind, under which they may run; nothing where its header is not installed. */
#ifndef PLAIT_TEST_ON_VALGRIND_H
#define PLAIT_TEST_ON_VALGRIND_H
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#define VALGRIND_CLO_CHANGE(option) (void)0
#endif

/* To be called first in a child that was forked: what only the parent's other threads knew of is lost there. */
static inline void no_leaks_are_looked_for(void) { VALGRIND_CLO_CHANGE("--leak-check=no"); }

#endif
