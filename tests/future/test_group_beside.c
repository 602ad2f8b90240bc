/* test_group_beside.c: groups whose children are of the kind of their parent: threads beside a thread, coroutines of one
   loop. No child outlives the braces; a failure cancels the others and is the group's; the parent is as it was. */
#include "child.h"
#include "future/beside.h"

typedef struct gate *gate;

struct child {
    struct gate *gate;
    int code; /* that it fails with, when it is let on or cut */
    int *out;
};
static int child(const struct child *c)
{
    int err = pass(&c->gate);
    if (c->out) *c->out = err ? -1 : 5;
    return c->code ? plait_fail(c->code, "failed with %d", c->code) : err;
}
PLAIT_LOCAL_TASK(child, struct child, void);

/* A parent that a test starts elsewhere, to look at it while it waits. */
struct parent {
    plait_executor *ex;
    struct gate gates[3];
    int codes[3], body; /* body: what it fails with in its own clean-up */
    _Atomic(plait_scope *) scope;
    bool expects_cancel;
    int group_said, next;
    char words[40];
};

static int waits(void *parent)
{
    struct parent *p = parent;
    PLAIT_CANCEL_SCOPE(scope);
    p->scope = &scope;
    int err = 0;
    {
        PLAIT_GROUP(group, p->ex);
        for (int i = 0; i < 3; i++)
            plait_group_submit(&group, child, &((struct child){ &p->gates[i], p->codes[i], NULL }));
        err = p->group_said = plait_group_wait(&group);
        if (err && plait_error()) snprintf(p->words, sizeof p->words, "%s", plait_error()->message);
        if (err && p->body) err = plait_fail(p->body, "and the body too");
    }
    p->next = plait_sleep(0);
    return err;
}

static struct runner *start(struct parent *p)
{
    struct runner *r = runner_start(waits, p);
    for (int i = 0; i < 3; i++) until_arrived(&p->gates[i], 1);
    until_asleep(r);
    return r;
}

static size_t cut(const struct parent *p) { return p->gates[0].cut + p->gates[1].cut + p->gates[2].cut; }

TEST_WITH_TASKS(AN1_AN19_the_wait_ends_when_all_children_have_and_what_they_wrote_is_there)
{
    struct gate gates[2] = { 0 };
    int out[2] = { 0 };
    {
        PLAIT_GROUP(group, ex);
        for (int i = 0; i < 2; i++) plait_group_submit(&group, child, &((struct child){ &gates[i], 0, &out[i] }));
        for (int i = 0; i < 2; i++) plait_event_set(&gates[i].open);
        check_code(plait_group_wait(&group), 0);
        for (int i = 0; i < 2; i++) check_number(out[i], 5);
    }
    struct parent p = { .ex = ex };
    struct runner *r = start(&p);
    for (int i = 2; i >= 0; i--) {
        until_asleep(r);
        check(!runner_done(r));
        plait_event_set(&p.gates[i].open);
    }
    check_code(runner_join(r), 0);
}

TEST_WITH_TASKS(AN2_a_child_that_was_cancelled_alone_does_not_disturb_the_others)
{
    struct parent p = { .ex = ex, .codes = { PLAIT_ECANCELED, 0, 0 } };
    struct runner *r = start(&p);
    plait_event_set(&p.gates[0].open); /* and it ends so */
    until(p.gates[0].passed == 1);
    for (int i = 0; i < 5; i++) let_others_run();
    check_number(cut(&p), 0);
    for (int i = 1; i < 3; i++) plait_event_set(&p.gates[i].open);
    check_code(runner_join(r), 0);
    check_number(cut(&p), 0);
}

TEST_WITH_TASKS(AN3_AN4_AN20_a_failure_cancels_the_others_and_the_parent_goes_on_as_before)
{
    struct parent p = { .ex = ex, .codes = { 0, -EIO, 0 } };
    struct runner *r = start(&p);
    plait_event_set(&p.gates[1].open);
    check_code(runner_join(r), -EIO); /* not that the others were cancelled */
    check_string(p.words, "failed with -5");
    check_number(cut(&p), 2);
    check_code(p.next, 0);
}

static int leaves(struct parent *p)
{
    PLAIT_GROUP(group, p->ex);
    for (int i = 0; i < 3; i++) plait_group_submit(&group, child, &((struct child){ &p->gates[i], p->codes[i], NULL }));
    for (int i = 0; i < 3; i++) until_arrived(&p->gates[i], 1);
    return p->body;
}

TEST_WITH_TASKS(AN5_a_body_that_leaves_cancels_the_children_and_its_error_is_its_own)
{
    struct parent p = { .ex = ex, .body = -EDOM };
    check_code(leaves(&p), -EDOM);
    check_number(cut(&p), 3);
    check_code(plait_sleep(0), 0);
}

TEST_WITH_TASKS(AN6_AN7_AN12_AN22_a_cancel_of_the_parent_cancels_the_children_and_a_failure_wins)
{
    for (int fails = 0; fails < 3; fails++) {
        struct parent p = { .ex = ex, .codes = { 0, fails == 1 ? -EIO : 0, 0 }, .body = fails == 2 ? -EDOM : 0 };
        struct runner *r = start(&p);
        plait_scope_cancel(p.scope);
        check_code(runner_join(r), fails == 1 ? -EIO : fails == 2 ? -EDOM : PLAIT_ECANCELED);
        check_code(p.group_said, fails == 1 ? -EIO : PLAIT_ECANCELED);
        check_number(cut(&p), 3);
        check_code(p.next, PLAIT_ECANCELED); /* the scope is as dead as before */
    }
}

TEST_WITH_TASKS(AN13_a_child_s_failure_is_the_group_s_and_the_body_s_is_the_body_s)
{
    struct parent p = { .ex = ex, .codes = { -EIO, 0, 0 }, .body = -EDOM };
    struct runner *r = start(&p);
    plait_event_set(&p.gates[0].open);
    check_code(runner_join(r), -EDOM);
    check_code(p.group_said, -EIO);
    check_number(cut(&p), 2);
}

static plait_executor *own;
static int exits(void) { exit(7); }
PLAIT_TASK(exits, void, void);
static int group_with_one_that_exits(void)
{
    PLAIT_GROUP(group, plait_loop_executor());
    plait_group_submit(&group, exits, NULL);
    return plait_group_wait(&group);
}
PLAIT_TASK(group_with_one_that_exits, void, void);
static int await_it_there(void *unused)
{
    (void)unused;
    plait_executor *ex = plait_multi_loop_executor_new(&(plait_multi_loop_options){ .loops = 1 });
    return plait_await(plait_submit(ex, group_with_one_that_exits, NULL), NULL);
}

static void AN14_AT31_a_child_that_calls_exit_ends_the_program_with_its_own_status(void **unused)
{
    (void)unused;
    char text[4000];
    int status = child_run(await_it_there, NULL, text, sizeof text);
    if (status != 7 << 8) fprintf(stderr, "%s", text);
    check_number(status, 7 << 8);
    check_string(text, "");
}

/* Nested: the inner ones fail, and all go. */
struct level {
    int depth;
    gate others;
};
static int open_level(const struct level *l);
PLAIT_LOCAL_TASK(open_level, struct level, void);
static int open_level(const struct level *l)
{
    if (l->depth == 0) return plait_fail(-EDOM, "the innermost");
    PLAIT_GROUP(group, own);
    plait_group_submit(&group, pass, &l->others);
    while (l->others->arrived < (size_t)(4 - l->depth)) check_code(plait_yield(), 0); /* on whatever loop */
    plait_group_submit(&group, open_level, &((struct level){ l->depth - 1, l->others }));
    return plait_group_wait(&group);
}

TEST_WITH_TASKS(AN8_AN21_a_failure_inside_of_nested_groups_ends_all_of_them_once)
{
    struct gate others = { 0 };
    own = ex;
    check_code(open_level(&((struct level){ 3, &others })), -EDOM);
    const plait_error_record *e = plait_error();
    while (e->cause) e = e->cause;
    check_string(e->message, "the innermost");
    check_number(others.cut, 3);
    check(!plait_cancelled());
    check_code(plait_sleep(0), 0);
}

TEST_WITH_TASKS(AN11_an_empty_group_in_a_dead_scope_says_so)
{
    PLAIT_TIMEOUT(dead, PLAIT_NOW);
    PLAIT_GROUP(group, ex);
    check_code(plait_group_wait(&group), PLAIT_ECANCELED);
}

struct family {
    plait_group *group;
    _Atomic int *count, *ended;
    int generations;
};
static int multiply(const struct family *f);
PLAIT_LOCAL_TASK(multiply, struct family, void);
static int multiply(const struct family *f)
{
    int n = atomic_fetch_add(f->count, 1);
    struct family younger = { f->group, f->count, f->ended, f->generations - 1 };
    for (int i = 0; f->generations && i < 2; i++) plait_group_submit(f->group, multiply, &younger);
    int err = plait_yield();
    atomic_fetch_add(f->ended, 1);
    return f->generations < 0 && n == 500 ? -EOVERFLOW : err;
}

TEST_WITH_TASKS(AN15_AN18_children_may_add_children_and_none_is_kept)
{
    _Atomic int count = 0, ended = 0;
    PLAIT_GROUP(group, ex);
    plait_group_submit(&group, multiply, &((struct family){ &group, &count, &ended, 7 }));
    check_code(plait_group_wait(&group), 0);
    check_number(count, 255);
    check_number(ended, 255);
}

TEST_WITH_TASKS(AN17_even_endless_children_end_with_one_failure)
{
    _Atomic int count = 0, ended = 0;
    PLAIT_GROUP(group, ex);
    plait_group_submit(&group, multiply, &((struct family){ &group, &count, &ended, -1 }));
    check_code(plait_group_wait(&group), -EOVERFLOW);
    check_number(count, ended); /* those that began */
}

static _Atomic int never_began;
static int must_not_begin(const plait_bytes *text)
{
    (void)text;
    never_began++;
    return 0;
}
PLAIT_TASK(must_not_begin, plait_bytes, void);

TEST_WITH_TASKS(AN16_AN23_what_is_added_after_a_failure_or_a_cancel_never_begins_and_is_freed)
{
    for (int fails = 0; fails < 2; fails++) {
        int code = -EIO;
        plait_bytes text = { 0 };
        never_began = 0;
        PLAIT_GROUP(group, ex);
        if (fails) plait_group_submit(&group, fail_with, &code);
        else plait_group_cancel(&group);
        check_code(plait_group_wait(&group), fails ? -EIO : 0);
        check_code(plait_bytes_format(&text, "freed, though nobody has had it"), 0);
        plait_group_submit(&group, must_not_begin, plait_bytes_take(&text));
        check(!text.data);
        check_code(plait_group_wait(&group), fails ? -EIO : 0);
        check_number(never_began, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(AN1_AN19_the_wait_ends_when_all_children_have_and_what_they_wrote_is_there),
        cmocka_unit_test(AN2_a_child_that_was_cancelled_alone_does_not_disturb_the_others),
        cmocka_unit_test(AN3_AN4_AN20_a_failure_cancels_the_others_and_the_parent_goes_on_as_before),
        cmocka_unit_test(AN5_a_body_that_leaves_cancels_the_children_and_its_error_is_its_own),
        cmocka_unit_test(AN6_AN7_AN12_AN22_a_cancel_of_the_parent_cancels_the_children_and_a_failure_wins),
        cmocka_unit_test(AN13_a_child_s_failure_is_the_group_s_and_the_body_s_is_the_body_s),
        cmocka_unit_test(AN14_AT31_a_child_that_calls_exit_ends_the_program_with_its_own_status),
        cmocka_unit_test(AN8_AN21_a_failure_inside_of_nested_groups_ends_all_of_them_once),
        cmocka_unit_test(AN11_an_empty_group_in_a_dead_scope_says_so),
        cmocka_unit_test(AN15_AN18_children_may_add_children_and_none_is_kept),
        cmocka_unit_test(AN17_even_endless_children_end_with_one_failure),
        cmocka_unit_test(AN16_AN23_what_is_added_after_a_failure_or_a_cancel_never_begins_and_is_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
