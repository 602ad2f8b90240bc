/* throttle.h: so many per second, and no more. A bucket into which tokens drip at a steady rate; whoever wants to go on
   takes some out, and sleeps until they have come.

   The bucket starts empty and holds `burst` tokens at most: in any stretch of time no more go out than the rate gives
   in that time, and `burst`. With a burst of 1 they go out evenly. Those that wait are served in the order in which
   they came, and nobody passes them. Nothing is rounded away, however often one asks. All of it works on plait's
   clock. */
#ifndef PLAIT_THROTTLE_H
#define PLAIT_THROTTLE_H

#include <plait/time.h>
PLAIT_BEGIN_DECLARATIONS

/* To be begun by plait_throttle_init; zero bytes are no throttle. The fields are plait's own. It needs no end: free its
   memory when nobody uses it. A forked child makes one of its own. */
typedef struct plait_throttle {
    PLAIT_ATOMIC_(uintptr_t) waiters;
    uint64_t count, nanoseconds, burst;
    uint64_t come, part, taken;
    int64_t at;
    void *newest;
    uint64_t granted;
    size_t waiting;
    uintptr_t reserved[5];
} plait_throttle;
#define PLAIT_THROTTLE_MOST (UINT64_C(1) << 61)

/* Makes *throttle one of `count` tokens per `nanoseconds` (10 per second: 10, PLAIT_SECOND), empty now, that holds
   `burst` tokens at most, 0 standing for `count`. PLAIT_EINVAL when count or nanoseconds is not above 0, or count or
   burst is above PLAIT_THROTTLE_MOST. */
PLAIT_API int plait_throttle_init(plait_throttle *throttle, uint64_t count, int64_t nanoseconds, uint64_t burst);

/* Takes `tokens` tokens, waiting until they have come. 0; PLAIT_EAGAIN (PLAIT_NOW, and they are not there or promised
   to others); PLAIT_ETIMEDOUT; PLAIT_ECANCELED: nothing was taken. PLAIT_EINVAL for 0 tokens and for more than the
   burst; -EOVERFLOW when more than PLAIT_THROTTLE_MOST * 2 are promised. Who by the present rate would be served too
   late for its deadline, or its scope's, waits without a place in the queue, so that it delays nobody. The tokens of
   one that is cut short are free again, but while one that came after it waits they go to nobody: a time once given is
   not given anew. */
PLAIT_API int plait_throttle_acquire(plait_throttle *throttle, uint64_t tokens,
                                     plait_deadline deadline) PLAIT_MUST_CHECK;

/* For how many nanoseconds that would wait, begun now: 0 or more, INT64_MAX when longer than the clock goes. Takes
   nothing, never waits. PLAIT_EINVAL and -EOVERFLOW as above. */
PLAIT_API int64_t plait_throttle_delay(plait_throttle *throttle, uint64_t tokens) PLAIT_MUST_CHECK;

/* Takes `tokens` tokens at once, be they still to come, and returns how many nanoseconds from now that is: for who must
   not sleep here, but sees to it that nothing goes out before. They cannot be given back; a later push_back or change
   of the rate holds up the others alone. PLAIT_EINVAL and -EOVERFLOW as above. Never waits. */
PLAIT_API int64_t plait_throttle_reserve(plait_throttle *throttle, uint64_t tokens) PLAIT_MUST_CHECK;

/* Another rate and burst from now on; as plait_throttle_init, but what is in the bucket stays, as far as the new burst
   goes. All that wait have their times reckoned anew, in the same order; one that was promised more than the new burst
   gets it all the same, at once when it has come, while one without a place in the queue gets PLAIT_EINVAL. Never waits. PLAIT_EINVAL: nothing changed. */
PLAIT_API int plait_throttle_set_rate(plait_throttle *throttle, uint64_t count, int64_t nanoseconds, uint64_t burst);

/* The other side said "too many" (HTTP's 429): spills what is in the bucket, and lets the next token come in
   `nanoseconds`, unless it comes later anyway; from then on at the rate. All that wait are put off, in the same order.
   Said by several at once, the longest counts. A new rate does not undo it. Never waits. */
PLAIT_API void plait_throttle_push_back(plait_throttle *throttle, int64_t nanoseconds);

typedef struct plait_throttle_statistics {
    uint64_t tokens;   /* in the bucket now */
    uint64_t burst;    /* the most that it holds */
    uint64_t promised; /* to those that wait and to those that reserved, and still to come */
    uint64_t granted;  /* taken since the start, those reserved among them */
    size_t waiting;    /* calls of plait_throttle_acquire that sleep */
    size_t reserved[7];
} plait_throttle_statistics;

/* How things stand; a snapshot. */
PLAIT_API void plait_throttle_get_statistics(plait_throttle *throttle, plait_throttle_statistics *statistics);

PLAIT_END_DECLARATIONS
#endif
