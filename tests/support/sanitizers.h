/* sanitizers.h: as base/sanitizers.h, and what tests must know of one compiler's runtime. */
#ifndef PLAIT_TEST_SANITIZERS_H
#define PLAIT_TEST_SANITIZERS_H
#include "base/sanitizers.h"

/* gcc's runtime ends a forked child that starts a thread while it takes one of the parent's for living. */
#if defined TSAN && !defined __clang__
#define TSAN_OF_GCC 1
#endif

#endif
