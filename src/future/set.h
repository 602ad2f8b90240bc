/* set.h: futures watched together: what completions, groups and plait_wait have in common.

   What must hold:
   - Each member has a watch: a node on the future's wait list whose "parker" does not wake anybody but moves the member to
     the list of the ended. It runs on the finisher's thread, who keeps the future alive meanwhile.
   - A set lives until each of its watches has arrived or was taken off. The arrival's last access to the set is the
     unlocking of its guard. */
#ifndef PLAIT_FUTURE_SET_H
#define PLAIT_FUTURE_SET_H
#include "park/waitlist.h"
#include "park/scope.h"
#include <plait/future.h>
#include <plait/mutex.h>

struct plait_set;
struct plait_watch {
    plait_waiter node;
    plait_parker parker;
    struct plait_set *set; /* NULL: in none */
    plait_future *future;
    struct plait_watch *next, *previous; /* among the members, later (next alone) among the ended */
};
struct plait_set {
    plait_mutex guard;
    struct plait_watch *first, *last;             /* members whose futures are not done, oldest first */
    struct plait_watch *first_ended, *last_ended; /* members whose are, in the order of their ends */
    size_t pending;                               /* members of either kind */
    bool all;                                     /* whoever waits here waits for the ends of all */
    plait_waitlist waiters;                       /* for the next end */
    void (*arrive)(struct plait_set *,
                   plait_future *); /* called before an end is counted, without the guard; or NULL */
};

/* Watches `future` by means of `watch`, which must live until it has arrived and was taken, or was taken off. */
void plait_set_add(struct plait_set *, struct plait_watch *, plait_future *);

/* Takes a watch off. False when it has arrived or is about to. */
bool plait_set_remove(struct plait_set *, struct plait_watch *);

/* Waits for the next end, running pending futures of one's own pool meanwhile where allowed (`outer` as in future.h), and
   takes it: 0 and *watch. PLAIT_EDONE when there are no members; PLAIT_EDEADLK when all are for loops of this thread,
   which stops the program where the wait cannot be cut short; or a code of the wait. */
int plait_set_next(struct plait_set *, struct plait_watch **watch, plait_deadline, enum plait_cut, plait_scope *outer);
int plait_set_next_looking(struct plait_set *, struct plait_watch **watch, plait_deadline, enum plait_cut,
                           plait_scope *outer, plait_look *);

/* Cancels all members; the newest first, so that who is made to stop an older one does not start a newer. */
void plait_set_cancel(struct plait_set *);

#endif
