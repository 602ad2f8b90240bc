/* throttle.h: a throttle's line without those that wait for it, for one whose waiters are elsewhere. What the functions do and
   what must hold is told in throttle.c; whoever calls them sees to it that he is alone. */
#ifndef PLAIT_SYNC_THROTTLE_H
#define PLAIT_SYNC_THROTTLE_H
#include <plait/throttle.h>

void plait_throttle_flow(plait_throttle *, int64_t now);               /* continues it to now */
void plait_throttle_spill(plait_throttle *);                           /* what the bucket has no room for */
int64_t plait_throttle_above(plait_throttle *, uint64_t ticket);       /* how many more have come */
int64_t plait_throttle_due(plait_throttle *, uint64_t ticket);         /* when it has come */
int plait_throttle_refuse(plait_throttle *, uint64_t tokens);          /* 0, or why they cannot be promised */
int plait_throttle_refused(int code, uint64_t tokens, uint64_t burst); /* that, with words */
void plait_throttle_draw(plait_throttle *, uint64_t count, int64_t nanoseconds, uint64_t burst);
void plait_throttle_put_off(plait_throttle *, plait_deadline until);
void plait_throttle_tell(plait_throttle *, plait_throttle_statistics *);

#endif
