/* test_shared_crowd.c: a memory that more processes use than any one of them can watch over: each that dies is found all the
   same, at once: nobody looks by himself here, so what is told is seen. */
#include "fault.h"
#include "runners.h"
#include "sanitizers.h"
#include <plait.h>
#include <plait/shared.h>

/* A process takes a hundred times as long to start with a sanitizer's memory to set up, and it needs as much more of it. */
#if defined TSAN || defined ASAN
enum { CROWD = 16, ALONE = 4 };
#else
enum { CROWD = 200, ALONE = 40 };
#endif

struct place {
    plait_barrier *all, *mine;
};

static int come_to_mine(const struct place *p)
{
    int err = plait_barrier_wait(p->all, NULL, PLAIT_FOREVER);
    return err ? err : plait_barrier_wait(p->mine, NULL, PLAIT_FOREVER);
}
PLAIT_TASK(come_to_mine, struct place, void);

static plait_process *crowd[CROWD];
static struct place places[CROWD];

/* Somebody here who waits with one of them, for a third who never comes. */
static int wait_beside(void *barrier) { return plait_barrier_wait(barrier, NULL, PLAIT_FOREVER); }
static struct runner *begin_to_wait(int which)
{
    until(plait_barrier_waiting(places[which].mine) == 1);
    struct runner *r = runner_start(wait_beside, places[which].mine);
    until(plait_barrier_waiting(places[which].mine) == 2);
    until_asleep(r);
    return r;
}

static void who_dies_among_many_is_found(void **unused)
{
    (void)unused;
    enum { WAITERS = 3 };
    static const int some[WAITERS] = { 0, (CROWD - ALONE) / 2, CROWD - ALONE - 1 };
    struct runner *waiters[WAITERS];
    plait_shared_memory *memory = plait_shared_memory_new(NULL);
    check(memory);
    plait_barrier *all = plait_shared_barrier_new(memory, CROWD + 1, 0);
    for (int i = 0; i < CROWD; i++) {
        places[i] = (struct place){ all, plait_shared_barrier_new(memory, 3, 0) };
        check(places[i].all && places[i].mine);
        plait_process_start_options o = { .life = PLAIT_DAEMON };
        crowd[i] = plait_process_start_with(&o, come_to_mine, &places[i]);
        check(crowd[i]);
    }
    check_code(plait_barrier_wait(all, NULL, PLAIT_FOREVER), 0);
    plait_shared_memory_usage usage;
    plait_shared_memory_get_usage(memory, &usage);
    check_number(usage.processes, CROWD + 1);
    for (int i = CROWD - ALONE; i < CROWD; i++) { /* the last to come are the ones that few see */
        waiters[0] = begin_to_wait(i);
        check_code(plait_process_kill(crowd[i]), 0);
        check_code(runner_join(waiters[0]), PLAIT_EBROKEN);
    }
    fault_off(); /* of those that die together one may have been told of the other: this process looks by itself now */
    for (int i = 0; i < WAITERS; i++) waiters[i] = begin_to_wait(some[i]);
    for (int i = 0; i < CROWD - ALONE; i++) check_code(plait_process_kill(crowd[i]), 0);
    for (int i = 0; i < WAITERS; i++) check_code(runner_join(waiters[i]), PLAIT_EBROKEN);
    for (int i = 0; i < CROWD; i++) {
        int code;
        check_code(plait_process_join(crowd[i], &code, PLAIT_FOREVER), 0);
        check_code(code, PLAIT_EWORKER);
        plait_process_free(crowd[i]);
    }
    plait_shared_memory_free(memory);
}

int main(void)
{
    fault_all("patience"); /* in the others too */
    plait_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_dies_among_many_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
