/* conformance.c: see conformance.h, and conformance_world.h for what must hold. */
#include "child.h"
#include "executor/conformance_world.h"
#include "park/context.h"
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

CONFORMS(E1_the_result_is_the_value_of_the_call)
{
    int n = 7, out = 0;
    plait_future *f = plait_submit(ex, square, &n);
    n = 100;
    check_number(*(const int *)plait_future_argument(f), 7);
    check_code(plait_await(f, &out), 0);
    check_number(out, 49);
    check_code(plait_await(plait_submit(ex, square, &n), NULL), 0); /* dropped */
}

static int produce(int *out) { return *out = 5, 0; }
PLAIT_TASK(produce, void, int);
struct large {
    unsigned char bytes[5000];
};
static int turn_round(const struct large *in, struct large *out)
{
    for (size_t i = 0; i < sizeof in->bytes; i++) out->bytes[i] = in->bytes[sizeof in->bytes - 1 - i];
    return 0;
}
PLAIT_TASK(turn_round, struct large, struct large);
struct aligned {
    _Alignas(16) long double value;
    char tail;
};
static int look_at_alignment(const struct aligned *in, struct aligned *out)
{
    *out = *in;
    return (uintptr_t)in % 16 || (uintptr_t)out % 16 ? -EFAULT : 0;
}
PLAIT_TASK(look_at_alignment, struct aligned, struct aligned);

CONFORMS(E2_arguments_and_results_of_each_form_and_size)
{
    int out = 0, zero = 0;
    check_code(plait_await(plait_submit(ex, nothing, NULL), NULL), 0);
    check_code(plait_await(plait_submit(ex, fail_with, &zero), NULL), 0);
    check_code(plait_await(plait_submit(ex, produce, NULL), &out), 0);
    check_number(out, 5);
    static struct large in, back;
    for (size_t i = 0; i < sizeof in.bytes; i++) in.bytes[i] = (unsigned char)(i % 251);
    check_code(plait_await(plait_submit(ex, turn_round, &in), &back), 0);
    for (size_t i = 0; i < sizeof in.bytes; i++) check_number(back.bytes[i], in.bytes[sizeof in.bytes - 1 - i]);
    struct aligned a = { .value = 2.5L }, b;
    check_code(plait_await(plait_submit(ex, look_at_alignment, &a), &b), 0);
    check(b.value == 2.5L);
}

CONFORMS(E3_a_submit_without_a_task_is_a_failed_future)
{
    static const plait_task nothing_to_run = { .name = "idle" };
    const plait_task *none[] = { NULL, &nothing_to_run };
    for (int i = 0; i < 2; i++) {
        check_code(plait_await(plait_submit_task(ex, none[i], NULL, NULL, 0, __FILE__, __LINE__), NULL), PLAIT_EINVAL);
        check_contains(plait_error()->message, "submitted without a task");
        check_contains(plait_error()->file, "conformance.c");
        check_code(plait_map_task(ex, none[i], NULL, 3, NULL, NULL, 0, __FILE__, __LINE__), PLAIT_EINVAL);
        check_contains(plait_error()->message, "a map without a task");
        PLAIT_GROUP(group, ex);
        plait_group_submit_task(&group, none[i], NULL, __FILE__, __LINE__);
        check_code(plait_group_wait(&group), PLAIT_EINVAL);
    }
    check_code(plait_await(plait_submit(ex, nothing, NULL), NULL), 0); /* it goes on */
}

CONFORMS(E3_a_submit_without_argument_or_with_an_unknown_option_is_a_failed_future)
{
    check_code(plait_await(plait_submit_task(ex, &square_plait_task, NULL, NULL, 0, __FILE__, __LINE__), NULL),
               PLAIT_EINVAL);
    check_contains(plait_error()->message, "without its argument, a int");
    struct {
        plait_submit_options known;
        int later;
    } newer = { .later = 1 };
    int n = 1;
    check_code(plait_await(
                   plait_submit_task(ex, &square_plait_task, &n, &newer.known, sizeof newer, __FILE__, __LINE__), NULL),
               PLAIT_EINVAL);
    check_contains(plait_error()->message, "does not know");
    newer.later = 0;
    check_code(plait_await(
                   plait_submit_task(ex, &square_plait_task, &n, &newer.known, sizeof newer, __FILE__, __LINE__), NULL),
               0);
}

struct failing {
    int code;
    _Atomic int *pid;
};
static int fail_somewhere(const struct failing *f)
{
    atomic_store(f->pid, getpid());
    return plait_fail(f->code, "no luck with %d", f->code);
}
PLAIT_TASK(fail_somewhere, struct failing, void);

CONFORMS(F10_E50_X4_a_failure_is_its_futures_own_and_the_work_goes_on)
{
    _Atomic int *pid = shared_new(sizeof *pid);
    for (int i = 0; i < 20; i++) {
        int code = i % 2 ? PLAIT_EUSER - i : 0;
        plait_submit_options odd = { .name = "odd" };
        plait_future *f = plait_submit_with(ex, &odd, fail_somewhere, &((struct failing){ code, pid }));
        int line = __LINE__ - 1;
        check_code(plait_await(f, NULL), code);
        if (!code) continue;
        const plait_error_record *e = plait_error();
        check(e);
        check_code(e->code, code);
        check_string(e->task, "odd");
        check_contains(e->file, "conformance.c");
        check_number(e->line, line);
        check_number(e->pid, *pid);
        check((e->pid != getpid()) == conforming->apart);
        check_contains(e->message, "no luck with -1");
        check(!e->cause);
    }
    int positive = 3;
    check_code(plait_await(plait_submit(ex, fail_with, &positive), NULL), PLAIT_EINVAL);
    check_contains(plait_error()->message, "returned 3, which is neither 0 nor a negative code");
}

CONFORMS(what_a_wait_says_of_itself_is_never_the_outcome_of_a_task)
{
    const int codes[] = { PLAIT_ECANCELED, PLAIT_ETIMEDOUT, PLAIT_EAGAIN, PLAIT_EDEADLK };
    const char *words[] = { "the task was cancelled", "the task timed out", "the task would have had to wait",
                            "the task would have waited for ever" };
    for (int i = 0; i < 4; i++) {
        for (int said = 0; said < 2; said++) {
            plait_future *f =
                said ? plait_submit(ex, fail_in_words, &codes[i]) : plait_submit(ex, fail_with, &codes[i]);
            check_code(plait_await_until(f, NULL, PLAIT_FOREVER), PLAIT_ETASK);
            check_string(plait_error()->message, words[i]);
            check_string(plait_error()->task, said ? "fail_in_words" : "fail_with");
            check(plait_error()->cause);
            check_code(plait_error()->cause->code, codes[i]);
            check_contains(plait_error()->cause->message, said ? "no luck" : plait_error_text(codes[i]));
        }
    }
}

static int shout(const plait_bytes *in, plait_bytes *out)
{
    int err = plait_bytes_copy(out, in->data, in->size);
    for (size_t i = 0; i < out->size; i++) ((char *)out->data)[i] = (char)(((char *)out->data)[i] & ~0x20);
    return err;
}
PLAIT_TASK(shout, plait_bytes, plait_bytes);

CONFORMS(blocks_of_memory_are_copied_or_handed_over)
{
    plait_bytes in, out;
    check_code(plait_bytes_format(&in, "hello"), 0);
    plait_future *f = plait_submit(ex, shout, &in);
    memcpy(in.data, "changed", 5);
    check_code(plait_await(f, &out), 0);
    check_string(out.data, "HELLO");
    check_number(out.size, 5);
    plait_bytes_clear(&out);
    f = plait_submit(ex, shout, plait_bytes_take(&in));
    check(!in.data && !in.size);
    check_code(plait_await(f, &out), 0);
    check_string(out.data, "CHANG");
    f = plait_submit(ex, shout, plait_bytes_take(&out));
    check_code(plait_await(f, NULL), 0); /* clears it */
    check_code(plait_await(plait_submit(ex, shout, &(plait_bytes){ 0 }), &out), 0);
    check_number(out.size, 0);
    plait_bytes_clear(&out);
}

CONFORMS(a_done_future_gives_its_outcome_whatever_the_deadline)
{
    int n = 4, out = 0;
    plait_future *f = plait_submit(ex, square, &n);
    check_code(plait_future_wait(f, plait_after(3600 * PLAIT_SECOND)), 0);
    check_code(plait_future_wait(f, PLAIT_NOW), 0);
    check_code(plait_future_wait(f, plait_after(-1)), 0);
    check_number(plait_future_get_state(f), PLAIT_FUTURE_FINISHED);
    check(!plait_future_cancel(f));
    check_code(plait_await_until(plait_future_ref(f), &out, PLAIT_NOW), 0);
    check_code(plait_await_until(f, &out, plait_after(-1)), 0);
    check_number(out, 16);
}

struct numbered_place {
    struct gate_place at;
    int number;
};
static int enter_numbered(const struct numbered_place *n, int *number)
{
    *number = n->number;
    return enter(&n->at);
}
PLAIT_TASK(enter_numbered, struct numbered_place, int);

struct opener {
    struct gate_place at;
    plait_parker *sleeper;
};
static int open_when_asleep(void *opener)
{
    struct opener *o = opener;
    until_come(o->at, 1);
    until_parked(o->sleeper);
    open_shared_gate(o->at);
    return 0;
}

CONFORMS(F12_an_await_is_woken_by_the_result)
{
    struct opener opener = { shared_gate_new(), plait_current()->parker };
    int out = 0;
    struct runner *other = runner_start(open_when_asleep, &opener);
    check_code(plait_await(plait_submit(ex, enter_numbered, &((struct numbered_place){ opener.at, 12 })), &out), 0);
    check_number(out, 12);
    check_code(runner_join(other), 0);
}

CONFORMS(W2_W5_futures_are_waited_for_together)
{
    enum { MANY = 40 };
    plait_future *fs[MANY];
    size_t done = 0;
    int out;
    for (int mode = PLAIT_ALL_COMPLETED; mode <= PLAIT_FIRST_EXCEPTION; mode++) {
        for (int i = 0; i < MANY; i++) fs[i] = plait_submit(ex, square, &i);
        check_code(plait_wait(fs, MANY, (plait_wait_mode)mode, PLAIT_FOREVER, &done), 0);
        check(mode == PLAIT_FIRST_COMPLETED ? done >= 1 : done == MANY);
        int sum = 0;
        for (int i = 0; i < MANY; i++) {
            check_code(plait_await(fs[i], &out), 0);
            sum += out;
        }
        check_number(sum, (MANY - 1) * MANY * (2 * MANY - 1) / 6);
    }
}

CONFORMS(W18_completions_give_each_future_back_once)
{
    enum { MANY = 200 };
    bool seen[MANY] = { false };
    plait_completions *c = plait_completions_new();
    plait_future *f;
    int added = 0, got = 0, out;
    do {
        for (; added < MANY && plait_completions_pending(c) < 16; added++)
            plait_completions_add(c, plait_submit(ex, square, &added));
        check_code(plait_completions_next(c, &f, PLAIT_FOREVER), 0);
        int n = *(const int *)plait_future_argument(f);
        check(!seen[n]);
        seen[n] = true;
        check_code(plait_await_until(f, &out, PLAIT_NOW), 0);
        check_number(out, n * n);
    } while (++got < MANY);
    check_code(plait_completions_next(c, &f, PLAIT_FOREVER), PLAIT_EDONE);
    plait_completions_free(c);
}

CONFORMS(E5_E7_a_map_keeps_the_order_and_stops_at_a_failure)
{
    enum { MANY = 1000, FAILS = 700 };
    static int in[MANY], out[MANY];
    for (int i = 0; i < MANY; i++) in[i] = i;
    check_code(plait_map(ex, square, in, MANY, out, NULL), 0);
    for (int i = 0; i < MANY; i++) check_number(out[i], i * i);
    check_code(plait_map(ex, square, in, MANY, out, &((plait_map_options){ .window = 1 })), 0);
    check_code(plait_map(ex, square, in, MANY, NULL, &((plait_map_options){ .window = SIZE_MAX })), 0);
    check_code(plait_map(ex, nothing, NULL, MANY, NULL, NULL), 0);
    check_code(plait_map(ex, square, in, 0, out, NULL), 0);
    for (int i = 0; i < MANY; i++) in[i] = i == FAILS ? -EDOM : 0;
    check_code(plait_map(ex, fail_in_words, in, MANY, NULL, NULL), -EDOM);
    check_contains(plait_error()->message, "no luck with -33");
}

static int fail_or_count(const struct counter *c) { return atomic_fetch_add(c->count, 1) == 3 ? -EBADMSG : 0; }
PLAIT_TASK(fail_or_count, struct counter, void);

CONFORMS(AN1_AN3_a_group_ends_when_all_its_children_have)
{
    struct counter c = counter_new();
    {
        PLAIT_GROUP(group, ex);
        for (int i = 0; i < 100; i++) plait_group_submit(&group, count_there, &c);
        check_code(plait_group_wait(&group), 0);
        check_number(*c.count, 100);
        plait_group_submit(&group, count_there, &c); /* may go on */
        check_code(plait_group_wait(&group), 0);
        check_number(*c.count, 101);
    }
    *c.count = 0;
    {
        PLAIT_GROUP(group, ex);
        for (int i = 0; i < 4; i++) plait_group_submit(&group, fail_or_count, &c);
        check_code(plait_group_wait(&group), -EBADMSG);
        check_string(plait_error()->task, "fail_or_count");
        plait_group_submit(&group, count_there, &c);
        check_code(plait_group_wait(&group), -EBADMSG);
    }
    {
        PLAIT_GROUP(empty, ex);
    }
    PLAIT_GROUP(empty, ex);
    check_code(plait_group_wait(&empty), 0);
}

static int nest(const int *depth, int *reached);
PLAIT_TASK(nest, int, int);
static int nest(const int *depth, int *reached)
{
    *reached = 0;
    if (*depth == 0) return 0;
    int below, deeper = *depth - 1, err = plait_await(plait_submit(own_executor(), nest, &deeper), &below);
    *reached = below + 1;
    return err;
}

CONFORMS(E51_M40_a_task_may_wait_for_tasks_of_its_own_executor)
{
    int depth = 60, reached = 0;
    check_code(plait_await(plait_submit(ex, nest, &depth), &reached), 0);
    check_number(reached, 60);
}

static int fail_below(const int *depth);
PLAIT_TASK(fail_below, int, void);
static int fail_below(const int *depth)
{
    if (*depth == 0) return plait_fail(-EXDEV, "the lowest");
    int deeper = *depth - 1, err = plait_await(plait_submit(own_executor(), fail_below, &deeper), NULL);
    return *depth == 2 ? plait_fail_because(-EPIPE, "the second") : err;
}

CONFORMS(X16_O27_causes_are_chained_through_tasks)
{
    int depth = 3;
    check_code(plait_await(plait_submit(ex, fail_below, &depth), NULL), -EPIPE);
    const plait_error_record *e = plait_error();
    check_string(e->task, "fail_below"); /* the third passed on what the second said */
    check_code(e->cause->code, -EPIPE);
    check_string(e->cause->message, "the second");
    check_code(e->cause->cause->code, -EXDEV);
    char text[1024];
    check(plait_error_describe(-EPIPE, text, sizeof text) < sizeof text);
    check_contains(text, "the second");
    check_contains(text, "; because fail_below (");
    check_contains(text, "the lowest");
}

static int is_cancelled(bool *cancelled) { return *cancelled = plait_cancelled(), 0; }
PLAIT_TASK(is_cancelled, void, bool);

CONFORMS(a_task_does_not_inherit_the_scope_of_its_submit)
{
    plait_future *f;
    bool cancelled = true;
    {
        PLAIT_CANCEL_SCOPE(scope);
        plait_scope_cancel(&scope);
        f = plait_submit(ex, is_cancelled, NULL); /* no cancellation point */
        check(plait_cancelled());
    }
    check_code(plait_await(f, &cancelled), 0);
    check(!cancelled);
}

CONFORMS(an_await_in_a_dead_scope_is_cut_and_detaches)
{
    struct counter c = counter_new();
    plait_future *fs[8];
    for (int i = 0; i < 8; i++) fs[i] = plait_submit(ex, count_there, &c);
    check_code(plait_future_wait(fs[0], PLAIT_FOREVER), 0);
    PLAIT_TIMEOUT(scope, plait_after(-1));
    for (int i = 0; i < 8; i++) check_code(plait_await(fs[i], NULL), PLAIT_ECANCELED); /* the done one too */
    check(!plait_error());
    check(plait_scope_expired(&scope));
    check(*c.count >= 1);
}

CONFORMS(a_failing_task_leaves_the_words_of_its_submitter_alone)
{
    int code = -EIO;
    check_code(plait_fail(-ENOENT, "mine"), -ENOENT);
    plait_future *f = plait_submit(ex, fail_in_words, &code);
    check_code(plait_future_wait(f, PLAIT_FOREVER), 0);
    check_string(plait_error()->message, "mine");
    check_code(plait_await(f, NULL), -EIO);
    check_contains(plait_error()->message, "no luck");
}

static int submit_many(void *sum)
{
    for (int i = 0; i < 200; i++) {
        int out, err = plait_await(plait_submit(ex, square, &i), &out);
        check_code(err, 0);
        atomic_fetch_add((_Atomic int *)sum, out);
    }
    return 0;
}

CONFORMS(W17_many_runners_use_one_executor)
{
    _Atomic int sum = 0;
    struct runner *others[6];
    for (int i = 0; i < 6; i++) others[i] = runner_start(submit_many, &sum);
    for (int i = 0; i < 6; i++) check_code(runner_join(others[i]), 0);
    check_number(sum, 6 * 199 * 200 * 399 / 6);
}

static int stop_by_close(void *unused)
{
    (void)unused;
    begin_executor();
    plait_executor_close(ex);
    return 0;
}
static int stop_by_free(void *unused)
{
    (void)unused;
    begin_executor();
    plait_executor_free(ex);
    return 0;
}
static int free_own(const int *depth);
PLAIT_TASK(free_own, int, void);
static int free_own(const int *depth) /* by way of another, so that in a worker process too it is one of its own */
{
    if (*depth) return plait_await(plait_submit(own_executor(), free_own, &(int){ *depth - 1 }), NULL);
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    plait_executor_free(own_executor());
    return 0;
}
static int stop_by_own_task(void *unused)
{
    (void)unused;
    begin_executor();
    int code = plait_await(plait_submit(ex, free_own, &(int){ 1 }), NULL);
    if (!conforming->apart || code != PLAIT_EWORKER || plait_error()->signal != SIGABRT) return code;
    check_code(plait_executor_shutdown(ex, NULL), 0); /* what the worker has said is passed on by then */
    abort();
}

static void E14_E18_after_a_close_nothing_goes_in(void **unused)
{
    (void)unused;
    child_stops(stop_by_own_task, NULL, conforming->never ? conforming->never : "was freed by one of its own tasks");
    if (conforming->never) {
        child_stops(stop_by_close, NULL, conforming->never);
        child_stops(stop_by_free, NULL, conforming->never);
        return;
    }
    enum { MANY = 100 };
    struct counter c = counter_new();
    begin_executor();
    plait_future *fs[MANY];
    for (int i = 0; i < MANY; i++) fs[i] = plait_submit(ex, count_there, &c);
    plait_executor_close(ex);
    plait_executor_close(ex);
    check_code(plait_await(plait_submit(ex, nothing, NULL), NULL), PLAIT_ECLOSED);
    check_contains(plait_error()->message, "closed");
    check_string(plait_error()->task, "nothing");
    int none;
    check_code(plait_map(ex, square, &none, 0, &none, NULL), PLAIT_ECLOSED); /* E15 */
    {
        PLAIT_GROUP(group, ex);
        plait_group_submit(&group, nothing, NULL);
        check_code(plait_group_wait(&group), PLAIT_ECLOSED);
    }
    plait_executor_free(ex); /* E16: lets all finish */
    check_number(*c.count, MANY);
    for (int i = 0; i < MANY; i++) check_code(plait_await(fs[i], NULL), 0);
}

int executor_conformance(const struct conforming *which)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E1_the_result_is_the_value_of_the_call),
        cmocka_unit_test(E2_arguments_and_results_of_each_form_and_size),
        cmocka_unit_test(E3_a_submit_without_a_task_is_a_failed_future),
        cmocka_unit_test(E3_a_submit_without_argument_or_with_an_unknown_option_is_a_failed_future),
        cmocka_unit_test(F10_E50_X4_a_failure_is_its_futures_own_and_the_work_goes_on),
        cmocka_unit_test(what_a_wait_says_of_itself_is_never_the_outcome_of_a_task),
        cmocka_unit_test(blocks_of_memory_are_copied_or_handed_over),
        cmocka_unit_test(a_done_future_gives_its_outcome_whatever_the_deadline),
        cmocka_unit_test(F12_an_await_is_woken_by_the_result),
        cmocka_unit_test(W2_W5_futures_are_waited_for_together),
        cmocka_unit_test(W18_completions_give_each_future_back_once),
        cmocka_unit_test(E5_E7_a_map_keeps_the_order_and_stops_at_a_failure),
        cmocka_unit_test(AN1_AN3_a_group_ends_when_all_its_children_have),
        cmocka_unit_test(E51_M40_a_task_may_wait_for_tasks_of_its_own_executor),
        cmocka_unit_test(X16_O27_causes_are_chained_through_tasks),
        cmocka_unit_test(a_task_does_not_inherit_the_scope_of_its_submit),
        cmocka_unit_test(an_await_in_a_dead_scope_is_cut_and_detaches),
        cmocka_unit_test(a_failing_task_leaves_the_words_of_its_submitter_alone),
        cmocka_unit_test(W17_many_runners_use_one_executor),
        cmocka_unit_test(E14_E18_after_a_close_nothing_goes_in),
    };
    conforming = which;
    (void)shared_new(1); /* first, so that all workers have the memory */
    fprintf(stderr, "== %s\n", which->name);
    int failed = cmocka_run_group_tests_name(which->name, tests, NULL, NULL);
    return which->ends_with_its_loop ? failed : failed + executor_conformance_shutdown();
}
