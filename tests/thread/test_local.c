/* test_local.c: thread-local values: whose they are, and when they end. */
#include "child.h"
#include "fault.h"
#include "runners.h"
#include "sanitizers.h"
#include <plait/event.h>
#include <plait/executor.h>
#include <plait/local.h>
#include <plait/map.h>
#include <plait/mutex.h>
#include <plait/thread.h>
#include <pthread.h>
#include <unistd.h>

#ifdef TSAN
__attribute__((visibility("default"))) const char *__tsan_default_options(void);
const char *__tsan_default_options(void) { return "die_after_fork=0"; }
#endif

static _Atomic int made, destroyed, alive;

struct value {
    int number;
    char room[24]; /* for the sanitizers to see a use too late */
};

static void *make(void *number)
{
    struct value *v = calloc(1, sizeof *v);
    check(v);
    v->number = number ? *(int *)number : 0;
    made++;
    alive++;
    return v;
}

static void destroy(void *value)
{
    struct value *v = value;
    check(v && v->number != -1);
    v->number = -1;
    free(v);
    destroyed++;
    alive--;
}

static void count_anew(void) { made = destroyed = alive = 0; }

static plait_thread *start(int (*run)(void *), void *argument)
{
    plait_thread *t = plait_thread_start(run, argument, NULL);
    check(t);
    return t;
}

static int number_of(plait_local *l)
{
    struct value *v = plait_local_get(l);
    return v ? v->number : -2;
}

struct user {
    plait_local *local;
    int number;
    plait_event set, go;
};

static int uses(void *user)
{
    struct user *u = user;
    check(!plait_local_get(u->local)); /* not its starter's, nor another's */
    int number = u->number;
    check_code(plait_local_set(u->local, make(&number)), 0);
    plait_event_set(&u->set);
    check_code(plait_event_wait(&u->go, PLAIT_FOREVER), 0);
    check_number(number_of(u->local), u->number);
    return 0;
}

static void D1_each_thread_sees_its_own_value_alone(void **unused)
{
    (void)unused;
    count_anew();
    plait_local l = { .destroy = destroy };
    struct user u[4];
    plait_thread *t[4];
    int mine = 77;
    check(!plait_local_get(&l)); /* unset */
    check_code(plait_local_set(&l, NULL), 0);
    check_code(plait_local_set(&l, make(&mine)), 0);
    for (int i = 0; i < 4; i++) {
        u[i] = (struct user){ .local = &l, .number = i };
        t[i] = start(uses, &u[i]);
    }
    for (int i = 0; i < 4; i++) check_code(plait_event_wait(&u[i].set, PLAIT_FOREVER), 0);
    check_number(number_of(&l), 77);
    for (int i = 3; i >= 0; i--) {
        plait_event_set(&u[i].go);
        check_code(plait_thread_join(t[i], NULL, PLAIT_FOREVER), 0);
        check_number(alive, 1 + i); /* D2: who has joined it finds its value gone */
        plait_thread_free(t[i]);
    }
    check_number(number_of(&l), 77);
    plait_local_clear(&l);
    check_number(alive, 0);
    check_number(destroyed, 5);
}

static void *uses_plainly(void *user)
{
    uses(user);
    return NULL;
}

static int leaves_by_exit(void *user)
{
    uses(user);
    pthread_exit(NULL);
}

static void D2_values_end_with_their_thread_however_that_ends(void **unused)
{
    (void)unused;
    count_anew();
    plait_local l = { .destroy = destroy };
    struct user u = { .local = &l };
    plait_event_set(&u.go);
    pthread_t foreign;
    check_number(pthread_create(&foreign, NULL, uses_plainly, &u), 0); /* plait did not start it */
    pthread_join(foreign, NULL);
    check_number(destroyed, 1);
    plait_thread_free(start(leaves_by_exit, &u));
    check_number(destroyed, 2);
    plait_thread *t = start(uses, &u);
    plait_thread_detach(t);
    until(destroyed == 3);
    check_number(alive, 0);
    plait_local_clear(&l);
    check_number(destroyed, 3);
}

static int asks(void *local) { return -number_of(local); }

static void a_first_value_is_made_when_it_is_asked_for(void **unused)
{
    (void)unused;
    count_anew();
    int number = 5, result;
    plait_local l = PLAIT_LOCAL_INIT(make, &number, destroy);
    check_number(made, 0);
    check_number(number_of(&l), 5);
    check_number(number_of(&l), 5);
    check_number(made, 1);
    number = 6;
    plait_thread *t = start(asks, &l);
    check_code(plait_thread_join(t, &result, PLAIT_FOREVER), 0);
    plait_thread_free(t);
    check_number(result, -6);
    check_number(number_of(&l), 5);
    check_number(made, 2);
    check_number(destroyed, 1);
    plait_local_clear(&l);
    check_number(alive, 0);
}

static void *makes_none(void *unused)
{
    (void)unused;
    made++;
    return NULL;
}

static void one_that_cannot_be_made_is_asked_for_again(void **unused)
{
    (void)unused;
    count_anew();
    plait_local l = PLAIT_LOCAL_INIT(makes_none, NULL, destroy);
    check(!plait_local_get(&l));
    check(!plait_local_get(&l));
    check_number(made, 2);
    plait_local_clear(&l);
}

static void what_is_replaced_is_destroyed(void **unused)
{
    (void)unused;
    count_anew();
    plait_local l = { .destroy = destroy };
    struct value *v = make(NULL);
    check_code(plait_local_set(&l, v), 0);
    check_code(plait_local_set(&l, v), 0); /* the same */
    check_number(destroyed, 0);
    check_code(plait_local_set(&l, make(NULL)), 0);
    check_number(destroyed, 1);
    check_code(plait_local_set(&l, NULL), 0);
    check_number(destroyed, 2);
    check(!plait_local_get(&l));
    plait_local_clear(&l);
    plait_local_clear(&l); /* of one that is not in use */
    plait_local plain = { 0 };
    check_code(plait_local_set(&plain, v), 0); /* nothing to destroy it by */
    plait_local_clear(&plain);
}

static void D6_a_new_local_in_an_old_one_s_place_is_empty(void **unused)
{
    (void)unused;
    count_anew();
    plait_local many[40];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 40; i++) {
            many[i] = (plait_local){ .destroy = destroy };
            check(!plait_local_get(&many[i]));
            int number = 100 * round + i;
            check_code(plait_local_set(&many[i], make(&number)), 0);
        }
        for (int i = 0; i < 40; i++) check_number(number_of(&many[i]), 100 * round + i);
        for (int i = round % 2; i < 40; i += 2) { /* some, in the midst of others */
            plait_local_clear(&many[i]);
            check(!plait_local_get(&many[i]));
            int number = -7;
            check_code(plait_local_set(&many[i], make(&number)), 0);
        }
        for (int i = 0; i < 40; i++) check_number(number_of(&many[i]), i % 2 == round % 2 ? -7 : 100 * round + i);
        for (int i = 0; i < 40; i++) plait_local_clear(&many[i]);
    }
    check_number(alive, 0);
}

/* Threads set a value and end, while the local is cleared. */
struct race {
    plait_local local;
    plait_event go;
    _Atomic int ready;
};
static int sets_and_ends(void *race)
{
    struct race *r = race;
    check_code(plait_local_set(&r->local, make(NULL)), 0);
    r->ready++;
    check_code(plait_event_wait(&r->go, PLAIT_FOREVER), 0);
    return 0;
}

static void D5_a_local_may_be_cleared_while_threads_end(void **unused)
{
    (void)unused;
    enum { THREADS = 8 };
    for (int round = 0; round < 100; round++) {
        count_anew();
        struct race *r = calloc(1, sizeof *r);
        check(r);
        r->local.destroy = destroy;
        plait_thread *t[THREADS];
        for (int i = 0; i < THREADS; i++) t[i] = start(sets_and_ends, r);
        until(r->ready == THREADS);
        plait_event_set(&r->go);
        for (int i = 0; i < round % 16; i++) sched_yield();
        plait_local_clear(&r->local);
        check_number(destroyed, THREADS); /* all, and none is still at it */
        check_number(alive, 0);
        for (int i = 0; i < THREADS; i++) plait_thread_free(t[i]);
        free(r);
    }
}

/* A thread whose end is held up in a destroy. */
static plait_event destroying, let_go;
static void destroys_slowly(void *value)
{
    plait_event_set(&destroying);
    check_code(plait_event_wait(&let_go, PLAIT_FOREVER), 0);
    destroy(value);
}
static plait_local slow = { .destroy = destroys_slowly };
static int sets_the_slow_one(void *unused)
{
    (void)unused;
    return plait_local_set(&slow, make(NULL));
}
static int clears(void *local)
{
    plait_local_clear(local);
    check_number(alive, 0);
    return 0;
}

TEST_IN_EACH_KIND(D5_a_clear_waits_for_a_destroy_that_is_under_way)
{
    count_anew();
    plait_event_clear(&destroying);
    plait_event_clear(&let_go);
    plait_thread *t = start(sets_the_slow_one, NULL);
    check_code(plait_event_wait(&destroying, PLAIT_FOREVER), 0);
    struct runner *r = runner_start(clears, &slow);
    until_asleep(r);
    check(!runner_done(r));
    plait_event_set(&let_go);
    check_code(runner_join(r), 0);
    check_number(destroyed, 1);
    plait_thread_free(t);
}

/* Destroying one value sets another, twice over. */
static plait_local chain[3];
static void destroys_and_sets_the_next(void *value)
{
    int number = ((struct value *)value)->number + 1;
    destroy(value);
    if (number < 3) check_code(plait_local_set(&chain[2 - number], make(&number)), 0); /* back to front */
}
static int sets_the_first(void *unused)
{
    (void)unused;
    int number = 0;
    return plait_local_set(&chain[2], make(&number));
}

static void what_a_destroy_sets_is_destroyed_too(void **unused)
{
    (void)unused;
    count_anew();
    for (int i = 0; i < 3; i++) chain[i] = (plait_local){ .destroy = destroys_and_sets_the_next };
    plait_thread_free(start(sets_the_first, NULL));
    check_number(destroyed, 3);
    for (int i = 0; i < 3; i++) plait_local_clear(&chain[i]);
}

static plait_local stubborn;
static void sets_itself_again(void *value) { check_code(plait_local_set(&stubborn, value), 0); }
static int sets_the_stubborn_one(void *unused)
{
    (void)unused;
    static int value;
    return plait_local_set(&stubborn, &value);
}
static int has_a_stubborn_one(void *unused)
{
    (void)unused;
    stubborn = (plait_local){ .destroy = sets_itself_again };
    plait_thread_free(
        plait_thread_start(sets_the_stubborn_one, NULL, &(plait_thread_start_options){ .name = "weary" }));
    return 0;
}

static void one_that_sets_itself_again_is_given_up(void **unused)
{
    (void)unused;
    char said[1024];
    check_number(child_run(has_a_stubborn_one, NULL, said, sizeof said), 0);
    check_string(said, "plait: a thread-local value of thread weary is set anew by its own end\n");
}

static void without_memory_nothing_changes(void **unused)
{
    (void)unused;
    count_anew();
    for (size_t nth = 1;; nth++) {
        plait_local l = { .make = make, .destroy = destroy };
        fault_nth("memory", nth);
        void *value = plait_local_get(&l);
        bool refused = fault_requests() >= nth;
        fault_off();
        check(refused || value);
        check_number(alive, value != NULL); /* what could not be kept was destroyed */
        if (!value) check_code(plait_error()->code, PLAIT_ENOMEM);
        plait_local_clear(&l);
        check_number(alive, 0);
        if (!refused) break;
    }
}

/* In the spirit of a name made by each worker on its first task. */
static plait_local worker_name = PLAIT_LOCAL_INIT(make, NULL, destroy);
static int tells_who_it_is(const int *unused, uintptr_t *who)
{
    (void)unused;
    *who = (uintptr_t)plait_local_get(&worker_name);
    return 0;
}
PLAIT_TASK(tells_who_it_is, int, uintptr_t);

static void workers_have_a_value_each(void **unused)
{
    (void)unused;
    count_anew();
    static const int tasks[30];
    uintptr_t who[30];
    plait_executor *pool = plait_thread_executor_new(&(plait_thread_options){ .workers = 2 });
    check_code(plait_map(pool, tells_who_it_is, tasks, 30, who, NULL), 0);
    plait_executor_free(pool);
    uintptr_t other = 0;
    for (int i = 0; i < 30; i++) {
        check(who[i]);
        if (who[i] != who[0]) other = other ? other : who[i];
        check(who[i] == who[0] || who[i] == other);
    }
    check(made <= 2 && made == destroyed);
    plait_local_clear(&worker_name);
}

static int ends_in_a_child(void *user)
{
    struct user *u = user;
    check_number(number_of(u->local), 77);
    check_number(destroyed, 0);
    struct user mine = { .local = u->local, .number = 8 };
    plait_event_set(&mine.go);
    plait_thread_free(start(uses, &mine));
    check_number(destroyed, 1);
    plait_local_clear(u->local); /* the other thread's is not there to be destroyed */
    check_number(destroyed, 2);
    return 0;
}

static void a_forked_child_has_the_forking_thread_s_value(void **unused)
{
    (void)unused;
#ifdef TSAN_OF_GCC
    return;
#endif
    count_anew();
    plait_local l = { .destroy = destroy };
    struct user u = { .local = &l, .number = 9 };
    int mine = 77;
    check_code(plait_local_set(&l, make(&mine)), 0);
    plait_thread *t = start(uses, &u);
    check_code(plait_event_wait(&u.set, PLAIT_FOREVER), 0);
    char said[2048];
    int status = child_run(ends_in_a_child, &u, said, sizeof said);
    if (status) fputs(said, stderr);
    check_number(status, 0);
    plait_event_set(&u.go);
    plait_thread_free(t);
    check_number(destroyed, 1);
    plait_local_clear(&l);
    check_number(alive, 0);
}

static plait_local clears_itself;
static void clear_own(void *value)
{
    free(value);
    plait_local_clear(&clears_itself);
}

static int ends_with_a_clear(void *unused)
{
    clears_itself.destroy = clear_own;
    return plait_local_set(&clears_itself, malloc(1)) == 0 && !unused ? 0 : -1;
}

static int waits_for_that(void *unused)
{
    (void)unused;
    plait_thread_free(start(ends_with_a_clear, NULL));
    return 0;
}

static void a_clear_by_its_own_destroy_stops_the_program(void **unused)
{
    (void)unused;
    child_stops(waits_for_that, NULL, "a thread-local value's destroy cleared its own local");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(D1_each_thread_sees_its_own_value_alone),
        cmocka_unit_test(D2_values_end_with_their_thread_however_that_ends),
        cmocka_unit_test(a_first_value_is_made_when_it_is_asked_for),
        cmocka_unit_test(one_that_cannot_be_made_is_asked_for_again),
        cmocka_unit_test(what_is_replaced_is_destroyed),
        cmocka_unit_test(D6_a_new_local_in_an_old_one_s_place_is_empty),
        cmocka_unit_test(D5_a_local_may_be_cleared_while_threads_end),
        cmocka_unit_test(D5_a_clear_waits_for_a_destroy_that_is_under_way),
        cmocka_unit_test(what_a_destroy_sets_is_destroyed_too),
        cmocka_unit_test(one_that_sets_itself_again_is_given_up),
        cmocka_unit_test(without_memory_nothing_changes),
        cmocka_unit_test(workers_have_a_value_each),
        cmocka_unit_test(a_forked_child_has_the_forking_thread_s_value),
        cmocka_unit_test(a_clear_by_its_own_destroy_stops_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
