/* test_shared_old.c: shared memory where the kernel cannot sleep on several words at once (Linux before 5.16, sandboxes,
   valgrind): threads too are woken by their service thread then, and the dead are looked for now and then. */
#include "fault.h"
#include "others.h"
#include "park/words.h"

struct shared {
    plait_mutex *mutex;
    plait_queue *in, *out;
    plait_event *event;
    _Atomic int step;
};
static plait_shared_memory *memory;

static struct shared *begin(void)
{
    memory = shared_begin(1 << 20);
    struct shared *s = plait_shared_alloc(memory, sizeof *s);
    check(s != NULL);
    s->mutex = plait_shared_mutex_new(memory);
    s->in = plait_shared_queue_new(memory, sizeof(int), 2);
    s->out = plait_shared_queue_new(memory, sizeof(int), 2);
    s->event = plait_shared_event_new(memory);
    check(s->mutex && s->in && s->out && s->event);
    return s;
}

enum { ITEMS = 300 };

static int echoes(void *shared)
{
    struct shared *s = shared;
    int n = 0, err = 0;
    while (!err && n != ITEMS) {
        err = plait_queue_get(s->in, &n, PLAIT_FOREVER);
        if (!err) err = plait_queue_put(s->out, &n, PLAIT_FOREVER);
    }
    return err;
}

TEST_IN_EACH_KIND(items_go_to_and_fro)
{
    SKIP_WITHOUT_OTHERS();
    check(!plait_words_together());
    struct shared *s = begin();
    pid_t other = other_start(echoes, s);
    for (int n = 1; n <= ITEMS; n++) {
        int back = 0;
        check_code(plait_queue_put(s->in, &n, PLAIT_FOREVER), 0);
        check_code(plait_queue_get(s->out, &back, PLAIT_FOREVER), 0);
        check_number(back, n);
    }
    check_number(other_join(other), 0);
    shared_end(memory);
}

static int dies_with_it(void *shared)
{
    struct shared *s = shared;
    plait_mutex_lock(s->mutex);
    s->step = 1;
    wait_for_the_end();
}

static int learns_of_it(void *shared)
{
    struct shared *s = shared;
    plait_mutex_lock(s->mutex);
    bool died = plait_shared_owner_died(s->mutex);
    plait_mutex_unlock(s->mutex);
    return died;
}

TEST_IN_EACH_KIND(a_death_is_found)
{
    SKIP_WITHOUT_OTHERS();
    struct shared *s = begin();
    pid_t other = other_start(dies_with_it, s);
    until(s->step == 1);
    struct runner *r = runner_start(learns_of_it, s);
    until_asleep(r);
    other_kill(other);
    check_number(runner_join(r), 1);
    shared_end(memory);
}

static int waits_in_a_scope(void *shared)
{
    struct shared *s = shared;
    PLAIT_TIMEOUT(scope, plait_after(PLAIT_MILLISECOND));
    int err = plait_event_wait(s->event, PLAIT_FOREVER);
    return err == PLAIT_ECANCELED && plait_scope_expired(&scope) ? 0 : 1;
}

TEST_IN_EACH_KIND(a_scope_ends_a_wait)
{
    struct shared *s = begin();
    check_number(runner_join(runner_start(waits_in_a_scope, s)), 0);
    shared_end(memory);
}

int main(void)
{
    fault_all("words");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_go_to_and_fro),
        cmocka_unit_test(a_death_is_found),
        cmocka_unit_test(a_scope_ends_a_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
