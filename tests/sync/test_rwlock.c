/* test_rwlock.c: many read or one writes, nobody starves, and nobody is forgotten when one gives up. */
#include "child.h"
#include "clock.h"
#include "runners.h"
#include "park/context.h"
#include <plait/event.h>
#include <plait/rwlock.h>
#include <plait/scope.h>

/* One who asks to read or to write, says that it is inside, and stays until it is told to go. */
struct user {
    plait_rwlock *lock;
    bool writes;
    plait_deadline until;
    plait_event may_go;
    _Atomic bool inside;
    _Atomic(plait_scope *) scope;
};

static int uses(void *user)
{
    struct user *u = user;
    PLAIT_CANCEL_SCOPE(scope);
    u->scope = &scope;
    int err =
        u->writes ? plait_rwlock_lock_write_until(u->lock, u->until) : plait_rwlock_lock_read_until(u->lock, u->until);
    if (err) return err;
    check(plait_rwlock_held(u->lock) == u->writes);
    u->inside = true;
    {
        PLAIT_SHIELD(alone, PLAIT_FOREVER);
        check_code(plait_event_wait(&u->may_go, PLAIT_FOREVER), 0);
    }
    u->inside = false;
    if (u->writes) plait_rwlock_unlock_write(u->lock);
    else plait_rwlock_unlock_read(u->lock);
    return 0;
}

static struct runner *start(struct user *u, plait_rwlock *lock, bool writes, plait_deadline until)
{
    *u = (struct user){ .lock = lock, .writes = writes, .until = until };
    return runner_start(uses, u);
}

static struct runner *enters(struct user *u, plait_rwlock *lock, bool writes)
{
    struct runner *r = start(u, lock, writes, PLAIT_FOREVER);
    until(u->inside);
    return r;
}

/* Writers wait on one of two lists, with the first of them for the readers inside, the others for the mutex. */
static size_t waiting(plait_rwlock *l, bool writers)
{
    return writers ? waiters_listed(&l->leaving) + waiters_listed(&l->writer.waiters) : waiters_listed(&l->readers);
}

static struct runner *waits_until(struct user *u, plait_rwlock *lock, bool writes, plait_deadline until)
{
    size_t before = waiting(lock, writes);
    struct runner *r = start(u, lock, writes, until);
    until(waiting(lock, writes) == before + 1);
    return r;
}

static struct runner *waits(struct user *u, plait_rwlock *lock, bool writes)
{
    return waits_until(u, lock, writes, PLAIT_FOREVER);
}

static int leaves(struct user *u, struct runner *r)
{
    plait_event_set(&u->may_go);
    return runner_join(r);
}

static void nobody_is_left(plait_rwlock *l)
{
    check_number(l->word | l->readers | l->leaving | l->writer.word | l->writer.waiters, 0);
}

enum { READ, WRITE };

TEST_IN_EACH_KIND(many_may_read_at_once)
{
    plait_rwlock l = PLAIT_RWLOCK_INIT;
    struct user u[4];
    struct runner *r[4];
    for (int i = 0; i < 4; i++) r[i] = enters(&u[i], &l, READ);
    check_code(plait_rwlock_lock_read_until(&l, PLAIT_NOW), 0);
    check_code(plait_rwlock_lock_write_until(&l, PLAIT_NOW), PLAIT_EAGAIN);
    plait_rwlock_unlock_read(&l);
    for (int i = 0; i < 4; i++) check_code(leaves(&u[i], r[i]), 0);
    check_code(plait_rwlock_lock_write_until(&l, PLAIT_NOW), 0);
    plait_rwlock_unlock_write(&l);
    nobody_is_left(&l);
}

TEST_IN_EACH_KIND(one_writes_alone)
{
    plait_rwlock l = PLAIT_RWLOCK_INIT;
    struct user u[3];
    struct runner *r[3] = { enters(&u[0], &l, WRITE) };
    check_code(plait_rwlock_lock_read_until(&l, PLAIT_NOW), PLAIT_EAGAIN);
    check_code(plait_rwlock_lock_write_until(&l, PLAIT_NOW), PLAIT_EAGAIN);
    check(!plait_rwlock_held(&l));
    r[1] = waits(&u[1], &l, READ);
    r[2] = waits(&u[2], &l, WRITE);
    check(!u[1].inside && !u[2].inside);
    for (int i = 0; i < 3; i++) check_code(leaves(&u[i], r[i]), 0);
    nobody_is_left(&l);
}

TEST_IN_EACH_KIND(who_comes_to_read_waits_behind_a_writer_that_waits)
{
    plait_rwlock l = PLAIT_RWLOCK_INIT;
    struct user inside[2], writer, reader;
    struct runner *r[2], *w, *late;
    for (int i = 0; i < 2; i++) r[i] = enters(&inside[i], &l, READ);
    w = waits(&writer, &l, WRITE);
    check_code(plait_rwlock_lock_read_until(&l, PLAIT_NOW), PLAIT_EAGAIN);
    late = waits(&reader, &l, READ);
    check_code(leaves(&inside[0], r[0]), 0);
    check(!writer.inside);
    check_code(leaves(&inside[1], r[1]), 0);
    until(writer.inside);
    check(!reader.inside);
    check_number(waiting(&l, READ), 1);
    check_code(leaves(&writer, w), 0);
    check_code(leaves(&reader, late), 0);
    nobody_is_left(&l);
}

TEST_IN_EACH_KIND(all_that_wait_to_read_go_in_before_the_next_writer)
{
    plait_rwlock l = PLAIT_RWLOCK_INIT;
    struct user first, next, readers[3];
    struct runner *w = enters(&first, &l, WRITE), *n, *r[3];
    n = waits(&next, &l, WRITE);
    for (int i = 0; i < 3; i++) r[i] = waits(&readers[i], &l, READ);
    check_code(leaves(&first, w), 0);
    for (int i = 0; i < 3; i++) until(readers[i].inside);
    check(!next.inside);
    for (int i = 0; i < 3; i++) check_code(leaves(&readers[i], r[i]), 0);
    until(next.inside);
    check_code(leaves(&next, n), 0);
    nobody_is_left(&l);
}

/* Late or cancelled: 0 or 1. */
static void gives_up(struct user *u, struct runner *r, int cancelled)
{
    if (cancelled) plait_scope_cancel(u->scope);
    else clock_move(PLAIT_SECOND);
    check_code(runner_join(r), cancelled ? PLAIT_ECANCELED : PLAIT_ETIMEDOUT);
}

TEST_IN_EACH_KIND(when_a_writer_gives_up_those_behind_it_go_in)
{
    for (int cancelled = 0; cancelled < 2; cancelled++) {
        clock_by_hand();
        plait_rwlock l = PLAIT_RWLOCK_INIT;
        struct user inside, writer, readers[2];
        struct runner *r = enters(&inside, &l, READ), *w, *b[2];
        w = waits_until(&writer, &l, WRITE, cancelled ? PLAIT_FOREVER : plait_after(PLAIT_SECOND));
        for (int i = 0; i < 2; i++) b[i] = waits(&readers[i], &l, READ);
        gives_up(&writer, w, cancelled);
        for (int i = 0; i < 2; i++) until(readers[i].inside); /* beside the one that was there */
        check(inside.inside);
        for (int i = 0; i < 2; i++) check_code(leaves(&readers[i], b[i]), 0);
        check_code(leaves(&inside, r), 0);
        nobody_is_left(&l);
        clock_of_the_system();
    }
}

TEST_IN_EACH_KIND(a_reader_that_gives_up_leaves_the_others)
{
    for (int cancelled = 0; cancelled < 2; cancelled++) {
        clock_by_hand();
        plait_rwlock l = PLAIT_RWLOCK_INIT;
        struct user writer, readers[2];
        struct runner *w = enters(&writer, &l, WRITE), *r[2];
        r[0] = waits_until(&readers[0], &l, READ, cancelled ? PLAIT_FOREVER : plait_after(PLAIT_SECOND));
        r[1] = waits(&readers[1], &l, READ);
        gives_up(&readers[0], r[0], cancelled);
        check_number(waiting(&l, READ), 1);
        check_code(leaves(&writer, w), 0);
        check_code(leaves(&readers[1], r[1]), 0);
        nobody_is_left(&l);
        clock_of_the_system();
    }
}

TEST_IN_EACH_KIND(one_of_two_writers_gives_up)
{
    clock_by_hand();
    plait_rwlock l = PLAIT_RWLOCK_INIT;
    struct user inside, writers[2];
    struct runner *r = enters(&inside, &l, READ), *w[2];
    w[0] = waits_until(&writers[0], &l, WRITE, plait_after(PLAIT_SECOND));
    w[1] = waits(&writers[1], &l, WRITE);
    gives_up(&writers[0], w[0], 0);
    until_listed(&l.leaving, 1); /* the other one waits for the reader now */
    check_code(leaves(&inside, r), 0);
    check_code(leaves(&writers[1], w[1]), 0);
    nobody_is_left(&l);
    clock_of_the_system();
}

TEST_IN_EACH_KIND(a_deadline_does_not_matter_where_nobody_has_to_wait)
{
    plait_rwlock l = PLAIT_RWLOCK_INIT;
    check_code(plait_rwlock_lock_read_until(&l, plait_deadline_at_(1)), 0);
    check_code(plait_rwlock_lock_write_until(&l, plait_deadline_at_(1)), PLAIT_ETIMEDOUT);
    plait_rwlock_unlock_read(&l);
    check_code(plait_rwlock_lock_write_until(&l, plait_deadline_at_(1)), 0);
    plait_rwlock_unlock_write(&l);
    PLAIT_CANCEL_SCOPE(scope);
    plait_scope_cancel(&scope);
    check_code(plait_rwlock_lock_read_until(&l, PLAIT_FOREVER), PLAIT_ECANCELED);
    check_code(plait_rwlock_lock_write_until(&l, PLAIT_FOREVER), PLAIT_ECANCELED);
    check_code(plait_rwlock_lock_write_until(&l, PLAIT_NOW), 0);
    plait_rwlock_downgrade(&l);
    check_code(plait_rwlock_lock_read_until(&l, PLAIT_NOW), 0);
    plait_rwlock_unlock_read(&l);
    plait_rwlock_unlock_read(&l);
    nobody_is_left(&l);
}

TEST_IN_EACH_KIND(downgrade_lets_readers_in_and_no_writer)
{
    plait_rwlock l = PLAIT_RWLOCK_INIT;
    struct user reader, writer;
    plait_rwlock_lock_write(&l);
    struct runner *r = waits(&reader, &l, READ), *w = waits(&writer, &l, WRITE);
    plait_rwlock_downgrade(&l);
    check(!plait_rwlock_held(&l));
    check(plait_holds_locks());
    until(reader.inside);
    check_code(leaves(&reader, r), 0);
    check(!writer.inside);
    until_listed(&l.leaving, 1);
    plait_rwlock_unlock_read(&l);
    check(!plait_holds_locks());
    check_code(leaves(&writer, w), 0);
    nobody_is_left(&l);
}

static bool locked_here(plait_rwlock *l, bool writes)
{
    if (writes) {
        PLAIT_LOCKED_TO_WRITE(l);
        return plait_rwlock_held(l);
    }
    PLAIT_LOCKED_TO_READ(l);
    return plait_rwlock_lock_write_until(l, PLAIT_NOW) == PLAIT_EAGAIN;
}

TEST_IN_EACH_KIND(a_lock_for_the_braces_is_left_in_whatever_way)
{
    plait_rwlock l = PLAIT_RWLOCK_INIT;
    for (int i = 0; i < 4; i++) check(locked_here(&l, i % 2));
    nobody_is_left(&l);
}

TEST_IN_EACH_KIND(the_writer_gets_EDEADLK_when_it_asks_again)
{
    plait_rwlock l = PLAIT_RWLOCK_INIT;
    plait_rwlock_lock_write(&l);
    for (int inside = 0; inside < 2; inside++) {
        plait_context *c = inside ? plait_context_enter(NULL) : NULL; /* a task that is run inside of the writer */
        check_code(plait_rwlock_lock_write_until(&l, PLAIT_FOREVER), PLAIT_EDEADLK);
        check_code(plait_rwlock_lock_read_until(&l, PLAIT_FOREVER), PLAIT_EDEADLK);
        check_contains(plait_error()->message, "a read-write lock is asked for by the task that writes");
        check_code(plait_rwlock_lock_read_until(&l, PLAIT_NOW), PLAIT_EAGAIN);
        if (inside) plait_record_unref(plait_context_leave(c, "inside"));
    }
    plait_rwlock_unlock_write(&l);
    nobody_is_left(&l);
}

/* Each of two writes one and wants the other, to read or to write. */
struct ring {
    plait_rwlock *first, *second;
    bool writes;
    _Atomic bool *has_first, *others;
};

static int wants_both(void *ring)
{
    struct ring *g = ring;
    PLAIT_LOCKED_TO_WRITE(g->first);
    *g->has_first = true;
    until(*g->others);
    int err = g->writes ? plait_rwlock_lock_write_until(g->second, PLAIT_FOREVER)
                        : plait_rwlock_lock_read_until(g->second, PLAIT_FOREVER);
    if (err) check_contains(plait_error()->message, "a deadlock: 2 tasks each wait");
    else if (g->writes) plait_rwlock_unlock_write(g->second);
    else plait_rwlock_unlock_read(g->second);
    return err;
}

TEST_IN_EACH_KIND(of_two_that_write_and_want_each_others_one_gets_EDEADLK)
{
    for (int which = 0; which < 4; which++) {
        plait_rwlock a = PLAIT_RWLOCK_INIT, b = PLAIT_RWLOCK_INIT;
        _Atomic bool has[2] = { false, false };
        struct ring g[2] = { { &a, &b, which & 1, &has[0], &has[1] }, { &b, &a, which >> 1, &has[1], &has[0] } };
        struct runner *r[2];
        for (int i = 0; i < 2; i++) r[i] = runner_start(wants_both, &g[i]);
        int first = runner_join(r[0]), second = runner_join(r[1]);
        check((first == PLAIT_EDEADLK && !second) || (!first && second == PLAIT_EDEADLK));
        nobody_is_left(&a), nobody_is_left(&b);
    }
}

static plait_rwlock lock_of_a_child = PLAIT_RWLOCK_INIT;
enum {
    WRITE_TWICE,
    READ_AFTER_WRITE,
    UNLOCK_READ,
    UNLOCK_WRITE,
    UNLOCK_READ_OF_WRITER,
    UNLOCK_WRITE_OF_READER,
    DOWNGRADE
};

static int breaks_a_rule(void *rule)
{
    plait_rwlock *l = &lock_of_a_child;
    switch (*(int *)rule) {
    case WRITE_TWICE:
        plait_rwlock_lock_write(l);
        plait_rwlock_lock_write(l);
        break;
    case READ_AFTER_WRITE:
        plait_rwlock_lock_write(l);
        plait_rwlock_lock_read(l);
        break;
    case UNLOCK_READ: plait_rwlock_unlock_read(l); break;
    case UNLOCK_WRITE: plait_rwlock_unlock_write(l); break;
    case UNLOCK_READ_OF_WRITER:
        plait_rwlock_lock_write(l);
        plait_rwlock_unlock_read(l);
        break;
    case UNLOCK_WRITE_OF_READER:
        plait_rwlock_lock_read(l);
        plait_rwlock_unlock_write(l);
        break;
    case DOWNGRADE:
        plait_rwlock_lock_read(l);
        plait_rwlock_downgrade(l);
        break;
    }
    return 0;
}

static void a_broken_rule_stops_the_program(void **unused)
{
    (void)unused;
    static const char *const sentences[] = {
        [WRITE_TWICE] = "a read-write lock was locked to write by the task that writes",
        [READ_AFTER_WRITE] = "a read-write lock was locked to read by the task that writes",
        [UNLOCK_READ] = "a read-write lock was unlocked by a task that does not read",
        [UNLOCK_WRITE] = "a read-write lock was unlocked by a task that does not write",
        [UNLOCK_READ_OF_WRITER] = "a read-write lock was unlocked by a task that does not read",
        [UNLOCK_WRITE_OF_READER] = "a read-write lock was unlocked by a task that does not write",
        [DOWNGRADE] = "a read-write lock was unlocked by a task that does not write",
    };
    for (int rule = WRITE_TWICE; rule <= DOWNGRADE; rule++) child_stops(breaks_a_rule, &rule, sentences[rule]);
}

static void zero_bytes_are_an_unlocked_one(void **unused)
{
    (void)unused;
    plait_rwlock zero, l = PLAIT_RWLOCK_INIT;
    memset(&zero, 0, sizeof zero);
    check(memcmp(&zero, &l, sizeof l) == 0);
}

struct shared {
    plait_rwlock lock;
    size_t a, b; /* equal but while one writes */
};

static int reads_and_writes(void *shared)
{
    struct shared *s = shared;
    for (int i = 0; i < 600; i++) {
        if (i % 3) {
            PLAIT_LOCKED_TO_READ(&s->lock);
            size_t a = s->a;
            if (i % 16 == 1) let_others_run();
            check_number(s->b, a);
        } else {
            PLAIT_LOCKED_TO_WRITE(&s->lock);
            s->a++;
            if (i % 18 == 0) let_others_run();
            s->b++;
        }
        if (i % 50 == 0) let_others_run();
    }
    return 0;
}

TEST_IN_EACH_KIND(nobody_reads_what_is_half_written)
{
    struct shared s = { .lock = PLAIT_RWLOCK_INIT };
    struct runner *r[5];
    for (int i = 0; i < 5; i++) r[i] = runner_start(reads_and_writes, &s);
    for (int i = 0; i < 5; i++) runner_join(r[i]);
    check_number(s.a, 5 * 200);
    check_number(s.b, 5 * 200);
    nobody_is_left(&s.lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_may_read_at_once),
        cmocka_unit_test(one_writes_alone),
        cmocka_unit_test(who_comes_to_read_waits_behind_a_writer_that_waits),
        cmocka_unit_test(all_that_wait_to_read_go_in_before_the_next_writer),
        cmocka_unit_test(when_a_writer_gives_up_those_behind_it_go_in),
        cmocka_unit_test(a_reader_that_gives_up_leaves_the_others),
        cmocka_unit_test(one_of_two_writers_gives_up),
        cmocka_unit_test(a_deadline_does_not_matter_where_nobody_has_to_wait),
        cmocka_unit_test(downgrade_lets_readers_in_and_no_writer),
        cmocka_unit_test(a_lock_for_the_braces_is_left_in_whatever_way),
        cmocka_unit_test(the_writer_gets_EDEADLK_when_it_asks_again),
        cmocka_unit_test(of_two_that_write_and_want_each_others_one_gets_EDEADLK),
        cmocka_unit_test(a_broken_rule_stops_the_program),
        cmocka_unit_test(zero_bytes_are_an_unlocked_one),
        cmocka_unit_test(nobody_reads_what_is_half_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
