/* fork.h: are we still the process that made this object? */
#ifndef PLAIT_BASE_FORK_H
#define PLAIT_BASE_FORK_H
#include <plait/api.h>

/* A number that is the same as long as the process lives and another in each child that it forks. Never 0. */
PLAIT_API uint32_t plait_process_generation(void);

#endif
