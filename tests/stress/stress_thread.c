/* stress_thread.c: threads that are started, joined by many, freed by the last or detached; nobody waits for one that has
   ended, and none is lost. */
#include "stress.h"
#include <plait/event.h>
#include <plait/thread.h>

static struct meeting place = MEETING;
static _Atomic uint64_t begun, done;

struct shared {
    plait_thread *thread;
    int64_t work;
    plait_event started;
};

static int work(void *shared)
{
    int64_t w = *(int64_t *)shared;
    if (w % 3 == 0) (void)plait_sleep(w);
    done++;
    return -(int)(w % 100);
}

/* Part 3 starts a thread; the others join it: for ever, or again and again; the last frees it. */
static bool joiner(struct actor *a)
{
    unsigned mine;
    struct shared *s = meet(&place, a, sizeof *s, 4, &mine);
    if (!s) return false;
    PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
    if (mine == 3) {
        s->work = (int64_t)(chance(s) % 60000);
        s->thread = plait_thread_start(work, &s->work, NULL);
        check(s->thread);
        begun++;
        plait_event_set(&s->started);
    }
    check_code(plait_event_wait(&s->started, PLAIT_FOREVER), 0);
    int result = 1, err;
    do
        err = tally(a,
                    plait_thread_join(s->thread, &result, mine == 0 ? soon(a, 40 * PLAIT_MICROSECOND) : PLAIT_FOREVER));
    while (err == PLAIT_ETIMEDOUT);
    check_number(result, -(int)(s->work % 100));
    if (part(s)) {
        plait_thread_free(s->thread);
        meeting_end(s);
    }
    return true;
}

static int work_alone(void *unused)
{
    (void)unused;
    done++;
    return 0;
}

static bool starter(struct actor *a)
{
    plait_thread *t = plait_thread_start(work_alone, NULL, NULL);
    check(t);
    begun++;
    dawdle(a, 20000);
    if (dice(a, 2)) {
        plait_thread_detach(t);
    } else {
        tally(a, plait_thread_join(t, NULL, some_deadline(a)));
        plait_thread_free(t);
    }
    return !stopping;
}

static bool right(void)
{
    while (done < begun) (void)plait_sleep(PLAIT_MILLISECOND); /* those that were detached */
    return true;
}

int main(void)
{
    cast("joiner", joiner, 5, 9);
    cast("starter", starter, 2, 2);
    return stress("thread", NULL, right);
}
