/* Promises: what is set first stays, whoever else sets, fails, cancels or gives up; what a value owns belongs to somebody at
   any time; and nobody waits for a promise that was given up. */
#include "child.h"
#include "fault.h"
#include "future/future.h"
#include "future/photo.h"
#include "future/tasks.h"
#include <stdlib.h>

PLAIT_PROMISE(number, int);
PLAIT_PROMISE(word, long);
PLAIT_PROMISE(signal_given, void);
PLAIT_PROMISE(text, plait_bytes);
PLAIT_PROMISE(place, struct gate *);
PLAIT_PROMISE_TYPED(picture, struct photo, photo_type);

static const int one = 1, two = 2;

/* What is said of a second outcome. */
static void check_refused(plait_promise *p, const char *words)
{
    check_code(plait_promise_set(number, p, &two), PLAIT_EINVAL);
    check_contains(plait_error()->message, words);
    check_contains(plait_error()->message, "promise number (");
    check_code(plait_promise_fail(p, plait_fail(-EIO, "too late")), PLAIT_EINVAL);
    check_contains(plait_error()->message, words);
}

TEST_IN_EACH_KIND(F17_AF4_a_second_result_is_refused_and_the_first_stays)
{
    plait_future *f;
    plait_promise *p = plait_promise_new(number, &f);
    int out = 0;
    check_code(plait_promise_set(number, p, &one), 0);
    check_refused(p, "has its outcome already");
    check_code(plait_future_result(f, &out), 0);
    check_number(out, 1);
    check(!plait_future_cancel(f));
    plait_promise_free(p);
    check_code(plait_await(f, &out), 0);
    check_number(out, 1);
}

TEST_IN_EACH_KIND(F18_AF4_a_second_failure_is_refused_and_the_first_stays)
{
    plait_future *f;
    plait_promise *p = plait_promise_new(number, &f);
    int out = 7;
    check_code(plait_promise_fail(p, plait_fail(-ENOENT, "no such number")), 0);
    check(!plait_error()); /* the words are the future's now */
    check_refused(p, "has its outcome already");
    plait_promise_free(p);
    check_code(plait_await(f, &out), -ENOENT);
    check_string(plait_error()->message, "no such number");
    check_string(plait_error()->task, "number");
    check_contains(plait_error()->file, "test_promise.c");
    check_number(out, 7);
}

TEST_IN_EACH_KIND(F19_AF3_AF18_a_cancelled_one_takes_neither_a_result_nor_a_failure)
{
    plait_future *f;
    plait_promise *p = plait_promise_new(number, &f);
    check(!plait_promise_cancelled(p));
    check(plait_future_cancel(f));
    check(plait_promise_cancelled(p));
    check_refused(p, "was cancelled");
    plait_promise_free(p);
    check(plait_future_get_state(f) == PLAIT_FUTURE_CANCELLED);
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    check_code(plait_error()->cause->code, PLAIT_ECANCELED);
}

TEST_IN_EACH_KIND(F20_from_pending_to_finished_without_having_run)
{
    plait_future *f, *g;
    plait_promise *p = plait_promise_new(number, &f), *q = plait_promise_new(number, &g);
    int out = 0;
    check(plait_future_get_state(f) == PLAIT_FUTURE_PENDING);
    check_code(plait_future_result(f, &out), PLAIT_EAGAIN);
    check_code(plait_promise_set(number, p, &one), 0);
    check(plait_future_get_state(f) == PLAIT_FUTURE_FINISHED);
    check_code(plait_promise_fail(q, PLAIT_EUSER), 0);
    check(plait_future_get_state(g) == PLAIT_FUTURE_FINISHED);
    plait_promise_free(p);
    plait_promise_free(q);
    check_code(plait_take(number, f, &out), 0);
    check_number(out, 1);
    check_code(plait_take(number, g, &out), PLAIT_EUSER);
}

TEST_IN_EACH_KIND(F21_who_starts_a_pending_one_makes_it_running_and_alone_may)
{
    plait_future *f;
    plait_promise *p = plait_promise_new(number, &f);
    int out = 0;
    check(plait_promise_start(p));
    check(plait_future_get_state(f) == PLAIT_FUTURE_RUNNING);
    check(!plait_promise_start(p));
    check(!plait_future_cancel(f)); /* it only asks */
    check(plait_promise_cancelled(p));
    check(plait_future_get_state(f) == PLAIT_FUTURE_RUNNING);
    check_code(plait_promise_set(number, p, &one), 0);
    check(!plait_promise_start(p));
    plait_promise_free(p);
    check_code(plait_await(f, &out), 0);
    check_number(out, 1);
}

TEST_IN_EACH_KIND(F22_one_that_was_cancelled_is_not_started)
{
    plait_future *f;
    plait_promise *p = plait_promise_new(number, &f);
    check(plait_future_cancel(f));
    check(!plait_promise_start(p));
    check(plait_future_get_state(f) == PLAIT_FUTURE_CANCELLED);
    plait_promise_free(p);
    plait_future_unref(f);
}

TEST_IN_EACH_KIND(one_that_is_given_up_fails)
{
    plait_future *f, *g;
    plait_promise *p = plait_promise_new(number, &f), *q = plait_promise_new(number, &g);
    plait_promise_free(p);
    check_code(plait_await(f, NULL), PLAIT_EBROKEN);
    check_string(plait_error()->message, "its promise was freed without an outcome");
    check_string(plait_error()->task, "number");
    check(plait_promise_start(q));
    plait_future_cancel(g);
    plait_promise_free(q); /* a started one, too, that was to end */
    check_code(plait_await(g, NULL), PLAIT_EBROKEN);
    plait_promise_free(NULL);
}

TEST_IN_EACH_KIND(what_is_not_an_outcome)
{
    plait_future *f;
    plait_promise *p = plait_promise_new(number, &f);
    check_code(plait_promise_fail(p, 0), PLAIT_EINVAL);
    check_code(plait_promise_fail(p, 3), PLAIT_EINVAL);
    check_code(plait_promise_set(number, p, NULL), PLAIT_EINVAL);
    check_contains(plait_error()->message, "without its value");
    check(plait_future_get_state(f) == PLAIT_FUTURE_PENDING);
    check_code(plait_promise_fail(p, plait_fail(PLAIT_ETIMEDOUT, "no answer")), 0); /* what only waits may say */
    plait_promise_free(p);
    check_code(plait_await(f, NULL), PLAIT_ETASK);
    check_code(plait_error()->cause->code, PLAIT_ETIMEDOUT);
    check_string(plait_error()->cause->message, "no answer");
}

TEST_IN_EACH_KIND(of_other_types)
{
    plait_future *f, *g;
    struct gate gate, *at = &gate, *out = NULL;
    plait_promise *p = plait_promise_new(signal_given, &f), *q = plait_promise_new(place, &g);
    char words[100];
    check_code(plait_promise_set(signal_given, p, NULL), 0);
    check_code(plait_promise_set(place, q, &at), 0); /* a pointer may be one: it does not leave the program */
    plait_promise_free(p);
    plait_promise_free(q);
    plait_future_describe(g, words, sizeof words);
    check_contains(words, "finished returned struct gate *");
    check_string(plait_future_name(f), "signal_given");
    check(!plait_future_argument(f));
    check_code(plait_await(f, NULL), 0);
    check_code(plait_await(g, &out), 0);
    check(out == at);
}

TEST_IN_EACH_KIND(what_a_value_owns_goes_to_the_future_if_that_takes_it)
{
    plait_future *f;
    plait_promise *p = plait_promise_new(text, &f);
    plait_bytes first, second, out;
    check_code(plait_bytes_format(&first, "first"), 0);
    check_code(plait_bytes_format(&second, "second"), 0);
    check_code(plait_promise_set(text, p, &first), 0);
    check_code(plait_promise_set(text, p, &second), PLAIT_EINVAL);
    check_string(second.data, "second"); /* still ours */
    plait_bytes_clear(&second);
    plait_promise_free(p);
    check_code(plait_await(f, &out), 0);
    check(out.data == first.data);
    plait_bytes_clear(&out);

    struct photo photo = { 0 }, kept;
    p = plait_promise_new(picture, &f);
    check((photo.path = strdup("sea")));
    check_code(plait_promise_set(picture, p, &photo), 0);
    plait_promise_free(p);
    check_code(plait_take(picture, f, &kept), 0);
    check_string(kept.path, "sea");
    plait_type_clear(photo_type, &kept);

    p = plait_promise_new(picture, &f); /* nobody reads it */
    check((photo.path = strdup("sky")));
    check_code(plait_promise_set(picture, p, &photo), 0);
    plait_promise_free(p);
    check_code(plait_await(f, NULL), 0);
}

TEST_IN_EACH_KIND(without_memory_its_future_has_failed)
{
    plait_future *f = NULL;
    fault_all("memory");
    plait_promise *p = plait_promise_new(number, &f);
    fault_off();
    check(!p && f);
    check(!plait_promise_start(p) && !plait_promise_cancelled(p));
    check_code(plait_promise_set(number, p, &one), PLAIT_EINVAL);
    check_code(plait_promise_fail(p, PLAIT_EUSER), PLAIT_EINVAL);
    plait_promise_free(p);
    check_code(plait_await(f, NULL), PLAIT_ENOMEM);
    for (size_t nth = 1; nth < 4; nth++) { /* a failure needs no memory but for its words */
        p = plait_promise_new(number, &f);
        fault_nth("memory", nth);
        check_code(plait_promise_fail(p, plait_fail(PLAIT_EUSER, "words")), 0);
        fault_off();
        plait_promise_free(p);
        check_code(plait_await(f, NULL), PLAIT_EUSER);
    }
}

static int set_as_another(void *unused)
{
    (void)unused;
    plait_future *f;
    plait_promise *p = plait_promise_new(number, &f);
    long value = 1;
    return plait_promise_set(word, p, &value);
}

static int drop_its_future(void *unused)
{
    (void)unused;
    plait_future *f;
    plait_promise *p = plait_promise_new(number, &f);
    plait_future_unref(f);
    return p ? 0 : 1;
}

static void broken_rules_stop_the_program(void **unused)
{
    (void)unused;
    child_stops(set_as_another, NULL, "gives int, and was set as one of word, which gives long");
    child_stops(drop_its_future, NULL, "was dropped before it was done");
}

static int use_the_parents(void *promise)
{
    check_code(plait_promise_set(number, (plait_promise *)promise, &one), PLAIT_EFORKED);
    check_code(plait_promise_fail(promise, PLAIT_EUSER), PLAIT_EFORKED);
    check(!plait_promise_start(promise));
    plait_promise_free(promise);
    return 0;
}

TEST_IN_EACH_KIND(in_a_forked_child_the_parents_promise_is_left_alone)
{
    plait_future *f;
    plait_promise *p = plait_promise_new(number, &f);
    char words[200];
    check_number(child_run(use_the_parents, p, words, sizeof words), 0);
    check_string(words, "");
    plait_promise_set(number, p, &one);
    plait_promise_free(p);
    check_code(plait_await(f, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(F17_AF4_a_second_result_is_refused_and_the_first_stays),
        cmocka_unit_test(F18_AF4_a_second_failure_is_refused_and_the_first_stays),
        cmocka_unit_test(F19_AF3_AF18_a_cancelled_one_takes_neither_a_result_nor_a_failure),
        cmocka_unit_test(F20_from_pending_to_finished_without_having_run),
        cmocka_unit_test(F21_who_starts_a_pending_one_makes_it_running_and_alone_may),
        cmocka_unit_test(F22_one_that_was_cancelled_is_not_started),
        cmocka_unit_test(one_that_is_given_up_fails),
        cmocka_unit_test(what_is_not_an_outcome),
        cmocka_unit_test(of_other_types),
        cmocka_unit_test(what_a_value_owns_goes_to_the_future_if_that_takes_it),
        cmocka_unit_test(without_memory_its_future_has_failed),
        cmocka_unit_test(broken_rules_stop_the_program),
        cmocka_unit_test(in_a_forked_child_the_parents_promise_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
