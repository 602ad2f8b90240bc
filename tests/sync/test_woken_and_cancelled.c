/* test_woken_and_cancelled.c: one who waits is woken, and cancelled at the same moment. Whichever it finds: what it was
   woken for is its own, or goes to the next; never to nobody, never to two. Where the wake-up came first it has it, since
   it was claimed by then, and the cancel is told by its next wait. */
#include "queue_flavours.h"
#include "park/scope.h"
#include <plait/condition.h>
#include <plait/event.h>
#include <plait/semaphore.h>

enum order { WOKEN_FIRST, CANCELLED_FIRST, ORDERS };

struct one {
    void *object;
    int (*wait)(struct one *);
    struct runner *runner;
    _Atomic(plait_scope *) scope; /* which stays until `go` */
    _Atomic bool through;
    plait_event go;
};

/* Waits in a scope of its own. When it got what it waited for in a scope that is dead by then, the next wait says so. */
static int waits(void *one)
{
    struct one *o = one;
    PLAIT_CANCEL_SCOPE(scope);
    o->scope = &scope;
    int err = o->wait(o);
    o->through = true;
    {
        PLAIT_SHIELD(until_told, PLAIT_FOREVER);
        check_code(plait_event_wait(&o->go, PLAIT_FOREVER), 0);
    }
    if (plait_cancelled()) check_code(plait_sleep_until(PLAIT_FOREVER), PLAIT_ECANCELED);
    return err;
}

static void start(struct one *o, int (*wait)(struct one *), void *object)
{
    *o = (struct one){ .object = object, .wait = wait };
    o->runner = runner_start(waits, o);
}

static int end(struct one *o)
{
    until(o->through);
    plait_event_set(&o->go);
    return runner_join(o->runner);
}

/* It is 0, or says that it was cancelled. */
static bool has_it(int err)
{
    if (err) check_code(err, PLAIT_ECANCELED);
    return !err;
}

/* Mutexes. */

struct room {
    plait_mutex mutex;
    _Atomic int inside, visits;
};

static int visit(struct one *o)
{
    struct room *room = o->object;
    int err = plait_mutex_lock_until(&room->mutex, PLAIT_FOREVER);
    if (err) return err;
    check_number(++room->inside, 1);
    room->visits++;
    let_others_run();
    room->inside--;
    plait_mutex_unlock(&room->mutex);
    return 0;
}

TEST_IN_EACH_KIND(AK4_one_that_is_cancelled_waits_for_the_mutex_no_more)
{
    struct room room = { .visits = 0 };
    struct one o[3];
    plait_mutex_lock(&room.mutex);
    for (size_t i = 0; i < 3; i++) start(&o[i], visit, &room), until_listed(&room.mutex.waiters, i + 1);
    plait_scope_cancel(o[1].scope);
    check_code(end(&o[1]), PLAIT_ECANCELED);
    check_number(waiters_listed(&room.mutex.waiters), 2);
    plait_mutex_unlock(&room.mutex);
    check_code(end(&o[0]), 0);
    check_code(end(&o[2]), 0);
    check_number(room.visits, 2);
    check_number(room.mutex.word, 0);
}

TEST_IN_EACH_KIND(AK5_AK6_M25_an_unlock_and_a_cancel_lose_no_mutex_and_let_no_two_in)
{
    for (int turn = 0; turn < 40; turn++) {
        enum order order = (enum order)turn % ORDERS;
        struct room room = { .visits = 0 };
        struct one o[2];
        plait_mutex_lock(&room.mutex);
        for (size_t i = 0; i < 2; i++) start(&o[i], visit, &room), until_listed(&room.mutex.waiters, i + 1);
        if (order == CANCELLED_FIRST) plait_scope_cancel(o[0].scope);
        plait_mutex_unlock(&room.mutex);
        if (order == WOKEN_FIRST) plait_scope_cancel(o[0].scope);
        bool has = has_it(end(&o[0]));
        check(has || order == CANCELLED_FIRST);
        check_code(end(&o[1]), 0);
        check_number(room.visits, 1 + has);
        check_number(room.mutex.word, 0);
    }
}

/* Semaphores. */

static int acquire(struct one *o) { return plait_semaphore_acquire(o->object, PLAIT_FOREVER); }

TEST_IN_EACH_KIND(AK43_a_release_passes_over_those_that_were_cancelled)
{
    plait_semaphore s = PLAIT_SEMAPHORE_INIT(0);
    struct one o[4];
    for (size_t i = 0; i < 4; i++) start(&o[i], acquire, &s), until_listed(&s.waiters, i + 1);
    plait_scope_cancel(o[0].scope);
    plait_scope_cancel(o[2].scope);
    check_code(end(&o[0]), PLAIT_ECANCELED);
    check_code(end(&o[2]), PLAIT_ECANCELED);
    check_code(plait_semaphore_release(&s, 2), 0);
    check_code(end(&o[1]), 0);
    check_code(end(&o[3]), 0);
    check_number(plait_semaphore_value(&s), 0);
}

TEST_IN_EACH_KIND(AK44_one_that_is_cancelled_when_it_was_woken_has_its_permit)
{
    plait_semaphore s = PLAIT_SEMAPHORE_INIT(0);
    struct one o[2];
    for (size_t i = 0; i < 2; i++) start(&o[i], acquire, &s), until_listed(&s.waiters, i + 1);
    check_code(plait_semaphore_release(&s, 1), 0);
    plait_scope_cancel(o[0].scope); /* it waits no more, though it may not have run since */
    check_code(end(&o[0]), 0);
    check(!o[1].through);
    check_code(plait_semaphore_release(&s, 1), 0); /* it gives it back, as any */
    check_code(end(&o[1]), 0);
    check_number(plait_semaphore_value(&s), 0);
}

TEST_IN_EACH_KIND(AK44_a_release_after_a_cancel_is_not_lost)
{
    for (int turn = 0; turn < 40; turn++) {
        plait_semaphore s = PLAIT_SEMAPHORE_INIT(0);
        struct one o[2];
        for (size_t i = 0; i < 2; i++) start(&o[i], acquire, &s), until_listed(&s.waiters, i + 1);
        plait_scope_cancel(o[0].scope);
        check_code(plait_semaphore_release(&s, 1), 0);
        if (has_it(end(&o[0]))) check_code(plait_semaphore_release(&s, 1), 0);
        check_code(end(&o[1]), 0);
        check_number(plait_semaphore_value(&s), 0);
    }
}

/* Conditions. */

struct meeting {
    plait_mutex mutex;
    plait_condition condition;
    _Atomic int told;
};

static int wait_once(struct one *o)
{
    struct meeting *m = o->object;
    PLAIT_LOCKED(&m->mutex);
    int err = plait_condition_wait(&m->condition, &m->mutex, PLAIT_FOREVER);
    check(plait_mutex_held(&m->mutex));
    m->told += !err;
    return err;
}

TEST_IN_EACH_KIND(AK24_a_cancel_while_it_locks_again_is_told_by_the_next_wait)
{
    struct meeting m = { .told = 0 };
    struct one o;
    start(&o, wait_once, &m), until_listed(&m.condition.waiters, 1);
    plait_mutex_lock(&m.mutex);
    plait_condition_signal(&m.condition);
    until_listed(&m.mutex.waiters, 1);
    plait_scope_cancel(o.scope);
    for (int i = 0; i < 20; i++) let_others_run();
    check_number(waiters_listed(&m.mutex.waiters), 1);
    plait_mutex_unlock(&m.mutex);
    check_code(end(&o), 0); /* and so says `waits` */
    check_number(m.told, 1);
}

TEST_IN_EACH_KIND(AK25_a_signal_is_not_lost_to_one_who_is_cancelled)
{
    for (int turn = 0; turn < 40; turn++) {
        enum order order = (enum order)turn % ORDERS;
        struct meeting m = { .told = 0 };
        struct one o[2];
        for (size_t i = 0; i < 2; i++) start(&o[i], wait_once, &m), until_listed(&m.condition.waiters, i + 1);
        plait_mutex_lock(&m.mutex); /* so nobody leaves meanwhile */
        if (order == WOKEN_FIRST) plait_condition_signal(&m.condition);
        plait_scope_cancel(o[0].scope);
        if (order == CANCELLED_FIRST) plait_condition_signal(&m.condition);
        plait_mutex_unlock(&m.mutex);
        bool has = has_it(end(&o[0]));
        check(has || order == CANCELLED_FIRST); /* the first to come was claimed */
        check(!has || !o[1].through);
        if (has) plait_condition_signal(&m.condition);
        check_code(end(&o[1]), 0);
        check_number(m.told, 1 + has);
    }
}

/* Queues. */

struct place {
    plait_queue *queue;
    int item;
};

static int get_one(struct one *o)
{
    struct place *p = o->object;
    return plait_queue_get(p->queue, &p->item, PLAIT_FOREVER);
}

static int put_one(struct one *o)
{
    struct place *p = o->object;
    return plait_queue_put(p->queue, &p->item, PLAIT_FOREVER);
}

static void start_one_at(struct one *o, struct place *p, plait_queue *q, int item)
{
    *p = (struct place){ q, item };
    start(o, item ? put_one : get_one, p);
    until(o->scope);
    until_asleep(o->runner);
}

TEST_IN_EACH_KIND(AQ3_what_was_put_for_one_that_is_cancelled_stays_in_its_order)
{
    for (int turn = 0; turn < 10; turn++)
        for (enum flavour f = FIFO; f < FLAVOURS; f++) {
            plait_queue *q = flavour_of(f, 4);
            struct one o;
            struct place p;
            start_one_at(&o, &p, q, 0);
            plait_scope_cancel(o.scope);
            put(q, 1);
            put(q, 2);
            bool has = has_it(end(&o));
            if (!has) check_number(p.item, 0);
            for (int i = 0; i < 2; i++)
                if (nth_of(f, i, 2) + 1 != p.item) get(q, nth_of(f, i, 2) + 1);
            nothing(q, PLAIT_EAGAIN);
            plait_queue_free(q);
        }
}

TEST_IN_EACH_KIND(AQ4_M25_with_many_that_are_cancelled_no_item_is_lost)
{
    enum { MANY = 12 };
    for (enum flavour f = FIFO; f < FLAVOURS; f++) {
        plait_queue *q = flavour_of(f, MANY);
        struct one o[MANY];
        struct place p[MANY];
        for (int i = 0; i < MANY; i++) start_one_at(&o[i], &p[i], q, 0);
        for (int i = 0; i < MANY; i++)
            if (i % 2) plait_scope_cancel(o[i].scope);
            else put(q, i / 2 + 1);
        until(plait_queue_count(q) == 0); /* those that were not cancelled are enough for all */
        plait_queue_close(q);
        unsigned taken = 0;
        for (int i = 0; i < MANY; i++) {
            int err = end(&o[i]);
            if (!err) check(!(taken & 1u << p[i].item)), taken |= 1u << p[i].item;
            else check_code(err, i % 2 && err == PLAIT_ECANCELED ? err : PLAIT_ECLOSED);
        }
        check_number(taken, (1u << (MANY / 2 + 1)) - 2);
        plait_queue_free(q);
    }
}

TEST_IN_EACH_KIND(AQ5_room_that_was_made_for_one_that_is_cancelled_goes_to_the_next)
{
    for (int turn = 0; turn < 10; turn++)
        for (enum flavour f = FIFO; f < FLAVOURS; f++) {
            plait_queue *q = flavour_of(f, 1);
            struct one o[2];
            struct place p[2];
            put(q, 9);
            for (int i = 0; i < 2; i++) start_one_at(&o[i], &p[i], q, i + 1);
            plait_scope_cancel(o[0].scope);
            get(q, 9);
            if (has_it(end(&o[0]))) get(q, 1);
            check_code(end(&o[1]), 0);
            get(q, 2);
            nothing(q, PLAIT_EAGAIN);
            plait_queue_free(q);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(AK4_one_that_is_cancelled_waits_for_the_mutex_no_more),
        cmocka_unit_test(AK5_AK6_M25_an_unlock_and_a_cancel_lose_no_mutex_and_let_no_two_in),
        cmocka_unit_test(AK43_a_release_passes_over_those_that_were_cancelled),
        cmocka_unit_test(AK44_one_that_is_cancelled_when_it_was_woken_has_its_permit),
        cmocka_unit_test(AK44_a_release_after_a_cancel_is_not_lost),
        cmocka_unit_test(AK24_a_cancel_while_it_locks_again_is_told_by_the_next_wait),
        cmocka_unit_test(AK25_a_signal_is_not_lost_to_one_who_is_cancelled),
        cmocka_unit_test(AQ3_what_was_put_for_one_that_is_cancelled_stays_in_its_order),
        cmocka_unit_test(AQ4_M25_with_many_that_are_cancelled_no_item_is_lost),
        cmocka_unit_test(AQ5_room_that_was_made_for_one_that_is_cancelled_goes_to_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
