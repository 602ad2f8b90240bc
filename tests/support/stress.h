/* stress.h: threads and coroutines, called actors, that use one kind of object for some seconds, with random deadlines,
   scopes and cancels. Each program casts its roles, runs, and says what must have come out.

   PLAIT_STRESS_SECONDS says how long (2), PLAIT_STRESS_SEED repeats a run as far as the system's scheduler lets it. When
   no actor comes to the end of a turn any more, those that are left wait for ever: the watch names them, and the seed, and
   ends the program. */
#ifndef PLAIT_TEST_STRESS_H
#define PLAIT_TEST_STRESS_H
#include "check.h"
#include <plait/scope.h>
#include <plait/time.h>
#include <pthread.h>
#include <stdatomic.h>

struct actor {
    const char *role;
    bool (*turn)(struct actor *); /* false: it is through. Each turn is in a scope that may expire and be cancelled */
    bool coroutine;
    size_t number; /* among all */
    uint64_t random;
    pthread_mutex_t guard; /* over scope: a canceller reaches it only while it is entered */
    plait_scope *scope;
    _Atomic uint64_t turns;
    _Atomic bool through;
    const char *_Atomic doing; /* for the watch */
    uint64_t good, late, cancelled, closed;
};

extern _Atomic bool stopping;

/* As many actors of a role; those that are coroutines are shared out over two schedulers. */
void cast(const char *role, bool (*turn)(struct actor *), size_t threads, size_t coroutines);
size_t for_each_second(size_t actors, size_t most); /* that the program runs: for a cast that grows with it */

/* Runs them all. When the time is over and all are there, `stopping` is set and stop() called (NULL: nothing to do), which lets those go
   that wait without a deadline. When all are through, right() says whether all is as it must be. Returns the exit status
   for main. */
int stress(const char *name, void (*stop)(void), bool (*right)(void));

uint64_t dice(struct actor *, uint64_t sides);     /* 0 to sides - 1 */
plait_deadline some_deadline(struct actor *);      /* FOREVER in half of all cases, NOW, or soon */
plait_deadline soon(struct actor *, int64_t most); /* up to `most` nanoseconds from now */
void dawdle(struct actor *, uint64_t most);        /* computes, for up to so many turns */
void pause_briefly(struct actor *, int64_t most);  /* sleeps, in no scope but a thread's own */
int tally(struct actor *, int err);                /* counts it, stops at a code that no wait may give; returns it */
uint64_t total_of(const char *role);               /* good ones of all actors of the role */

/* Quiet objects: made when the first of `parts` actors comes, used by each once, in its part, and by nobody else: so no
   later use repairs a lost wake-up. Parts are shared out in an order that changes from object to object. */
struct meeting {
    pthread_mutex_t lock;
    struct object *open;
};
#define MEETING                                                                                                        \
    {                                                                                                                  \
        PTHREAD_MUTEX_INITIALIZER, NULL                                                                                \
    }
/* Zeroed memory of `size` bytes, the same for all of its parts; *part is 0 to parts - 1. NULL: no more, it is over. */
void *meet(struct meeting *, struct actor *, size_t size, unsigned parts, unsigned *part);
bool part(void *object); /* true for the last to leave, who ends what is in it and calls meeting_end */
void meeting_end(void *object);
uint64_t chance(void *object); /* a number that is the same for all of its parts */

#endif
