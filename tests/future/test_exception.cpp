/* What a task written in C++ throws becomes a code with words, on whatever executor; scopes and groups are left by what is
   thrown as by a return. */
#include <plait.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdexcept>
#include <stdint.h>
#include <string.h>
extern "C" {
#include <cmocka.h>
}

namespace
{
int throw_words(const int *n, int *out)
{
    *out = *n;
    if (*n) throw std::runtime_error("no luck with 13");
    return 0;
}
PLAIT_TASK(throw_words, int, int);

int throw_anything() { throw 42; }
PLAIT_TASK(throw_anything, void, void);

int pass_through(const int *n)
{
    PLAIT_TIMEOUT(scope, plait_after(3600 * PLAIT_SECOND));
    plait_mutex mutex = {};
    PLAIT_LOCKED(&mutex);
    if (*n) throw std::logic_error("with a scope and a lock");
    return 0;
}
PLAIT_TASK(pass_through, int, void);

struct count {
    int value;
};
int leave_group(const int *n)
{
    PLAIT_GROUP(group, plait_thread_per_task_executor());
    for (int i = 0; i < 3; i++) plait_group_submit(&group, throw_words, n);
    if (*n) throw std::out_of_range("with children");
    return plait_group_wait(&group);
}
PLAIT_TASK(leave_group, int, void);

plait_executor *executors[3];

void check_words(int err, const char *task, const char *words)
{
    assert_int_equal(err, PLAIT_EEXCEPTION);
    assert_non_null(plait_error());
    assert_string_equal(plait_error()->message, words);
    assert_string_equal(plait_error()->task, task);
    assert_non_null(strstr(plait_error()->file, "test_exception.cpp"));
}

void E50_what_is_thrown_becomes_a_code_with_words(void **)
{
    for (plait_executor *ex : executors) {
        int n = 13, zero = 0, out = 0;
        check_words(plait_await(plait_submit(ex, throw_words, &n), &out), "throw_words", "no luck with 13");
        check_words(plait_await(plait_submit(ex, throw_anything, NULL), NULL), "throw_anything",
                    "not a std::exception");
        check_words(plait_await(plait_submit(ex, pass_through, &n), nullptr), "pass_through",
                    "with a scope and a lock");
        check_words(plait_await(plait_submit(ex, leave_group, &n), NULL), "leave_group", "with children");
        assert_int_equal(plait_await(plait_submit(ex, throw_words, &zero), &out), 0);
        assert_int_equal(plait_await(plait_submit(ex, leave_group, &zero), NULL), 0);
        int in[3] = { 0, 1, 0 }, back[3];
        check_words(plait_map(ex, throw_words, in, 3, back, NULL), "throw_words", "no luck with 13");
    }
}

int waste(const int *n, count *c)
{
    c->value = *n;
    return 0;
}
PLAIT_TASK(waste, int, count);

void the_calls_are_those_of_c(void **)
{
    plait_executor *ex = executors[2];
    const int n = 5;
    count c = {};
    plait_submit_options options = {};
    options.name = "named";
    plait_future *f = plait_submit_with(ex, &options, waste, &n);
    assert_string_equal(plait_future_name(f), "named");
    assert_int_equal(plait_await_until(f, &c, plait_after(3600 * PLAIT_SECOND)), 0);
    assert_int_equal(c.value, 5);
    plait_completions *set = plait_completions_new();
    plait_completions_add(set, plait_submit(ex, waste, &n));
    plait_future *one = nullptr;
    assert_int_equal(plait_await(plait_submit(ex, waste, &n), static_cast<void *>(nullptr)), 0); /* so too in C */
    assert_int_equal(plait_completions_next(set, &one, PLAIT_FOREVER), 0);
    assert_int_equal(plait_future_result(one, &c), 0);
    assert_int_equal(plait_wait(&one, 1, PLAIT_ALL_COMPLETED, PLAIT_NOW, nullptr), 0);
    plait_future_unref(one);
    plait_completions_free(set);
}
} // namespace

int main()
{
    plait_thread_options options = {};
    options.workers = 2;
    executors[0] = plait_inline_executor();
    executors[1] = plait_thread_per_task_executor();
    executors[2] = plait_thread_executor_new(&options);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E50_what_is_thrown_becomes_a_code_with_words),
        cmocka_unit_test(the_calls_are_those_of_c),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    plait_executor_free(executors[2]);
    return failed;
}
