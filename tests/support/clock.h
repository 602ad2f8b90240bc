/* clock.h: a clock that a test moves by hand, in place of plait's. It is set while nothing waits with a deadline. */
#ifndef PLAIT_TEST_CLOCK_H
#define PLAIT_TEST_CLOCK_H
#include <plait/time.h>

void clock_by_hand(void);             /* from now on time stands still, at an hour */
void clock_move(int64_t nanoseconds); /* all who sleep look at it again */
void clock_of_the_system(void);       /* as it was before */

#endif
