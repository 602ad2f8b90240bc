/* held.h: what this process holds that a pool could have left behind. */
#ifndef PLAIT_TEST_HELD_H
#define PLAIT_TEST_HELD_H
#include <stdbool.h>
#include <stddef.h>

struct held {
    size_t descriptors, mappings, children, threads; /* mappings: the shared ones */
};
struct held held_now(void);

/* Comes before the first look, where threads wait for descriptors: each leaves one to the next thread, so that there are as many
   as threads ever were at once. This makes some. */
void held_settle(void);

/* Waits until no more is held than `before`: what plait has given up, the system may still be ending. False, with a line on
   stderr, when that does not come. */
bool held_no_more_than(struct held before);

#endif
