/* hurry.c: see hurry.h. What must hold: time is put ahead only while a worker hangs; and beside others by less than it may take
   to start one (60 s), which one of them may be at. */
#include "hurry.h"
#include "plan.h"
#include <pthread.h>
#include <signal.h>
#include <time.h>

enum { STEPS_BESIDE_OTHERS = 60 };
#define STEP (HURRY_GRACE / 2)

static pthread_t pump;
static _Atomic bool over;
static _Atomic int64_t ahead;

static int64_t now(void *unused)
{
    (void)unused;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * PLAIT_SECOND + t.tv_nsec + ahead;
}

static void *put_ahead(void *alone)
{
    int seen = 0, steps = 0;
    while (!over) {
        nanosleep(&(struct timespec){ 0, 5000000 }, NULL);
        if (seen < plan->hung) {
            seen++, steps = STEPS_BESIDE_OTHERS;
            ahead += HURRY_LIMIT + HURRY_GRACE;
        } else if (seen && kill(plan->last, 0) == 0 && (alone || steps > 0)) {
            steps--;
            ahead += STEP;
        }
        plait_clock_moved();
    }
    return NULL;
}

void hurry_begin(bool alone)
{
    static const plait_clock clock = { .now = now };
    over = false;
    ahead = 0;
    plait_clock_set(&clock);
    check_number(pthread_create(&pump, NULL, put_ahead, alone ? &over : NULL), 0);
}

void hurry_end(void)
{
    over = true;
    check_number(pthread_join(pump, NULL), 0);
    plait_clock_set(NULL);
}
