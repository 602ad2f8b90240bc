/* hurry.h: a clock that goes with the system's, and is put ahead whenever a worker hangs as planned: so limits of many seconds,
   which no slow machine comes near, are over at once. */
#ifndef PLAIT_TEST_HURRY_H
#define PLAIT_TEST_HURRY_H
#include <plait/time.h>
#include <stdbool.h>

#define HURRY_LIMIT (20 * PLAIT_SECOND) /* for tasks that may hang, and births */
#define HURRY_GRACE PLAIT_SECOND        /* for their pool */

void hurry_begin(bool alone); /* whether there is no other worker beside one that hangs */
void hurry_end(void);         /* the system's clock again */

#endif
