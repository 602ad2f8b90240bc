/* loop.h: what a loop's own executor does. */
#ifndef PLAIT_EXECUTOR_LOOP_H
#define PLAIT_EXECUTOR_LOOP_H
#include "loop/loop.h"

extern const struct plait_executor_operations plait_loop_executor_operations;

#endif
