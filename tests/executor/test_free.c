/* What a free does for what is inside of a pool; and a pool that is bound to braces. */
#include "future/tasks.h"
#include <plait/thread.h>

static int use_in_braces(plait_future **f, struct gate *at, int way)
{
    for (;;) {
        PLAIT_EXECUTOR(own, plait_thread_executor_new(&(plait_thread_options){ .workers = 1, .name = "bound" }));
        for (int i = 0; i < 10; i++) f[i] = plait_submit(own, pass_stubbornly, &at);
        until_arrived(at, 1);
        plait_event_set(&at->open);
        if (way == 0) return plait_fail(-ENOTTY, "the code that leaves");
        if (way == 1) break;
        if (way == 2) goto out;
    }
    return -EXDEV;
out:
    return -EDOM;
}

TEST_IN_EACH_KIND(E22_a_pool_that_is_bound_to_braces_is_freed_where_they_are_left)
{
    const int codes[] = { -ENOTTY, -EXDEV, -EDOM };
    for (int way = 0; way < 3; way++) {
        plait_future *fs[10];
        struct gate own_gate = { 0 };
        check_code(use_in_braces(fs, &own_gate, way), codes[way]);
        check_number(own_gate.passed, 10);
        for (int i = 0; i < 10; i++) check_code(plait_await_until(fs[i], NULL, PLAIT_NOW), 0);
    }
    PLAIT_EXECUTOR(none, NULL);
    check(!none);
}

static size_t threads_called(const char *name)
{
    static plait_thread_info list[256];
    size_t count = plait_thread_list(list, 256), found = 0;
    for (size_t i = 0; i < count && i < 256; i++) found += strncmp(list[i].name, name, strlen(name)) == 0;
    return found;
}

TEST_IN_EACH_KIND(E23_a_free_lets_what_is_queued_finish_and_ends_the_threads)
{
    enum { MANY = 300 };
    struct gate own_gate = { 0 }, *at = &own_gate;
    plait_future *fs[MANY];
    plait_executor *own = plait_thread_executor_new(&(plait_thread_options){ .workers = 3, .name = "dropped" });
    for (int i = 0; i < MANY; i++) fs[i] = plait_submit(own, pass_stubbornly, &at);
    until_arrived(&own_gate, 3);
    check_number(threads_called("dropped-"), 3);
    plait_event_set(&own_gate.open);
    plait_executor_free(own);
    check_number(own_gate.passed, MANY);
    check_number(threads_called("dropped-"), 0);
    for (int i = 0; i < MANY; i++) check_code(plait_await_until(fs[i], NULL, PLAIT_NOW), 0);
}

TEST_IN_EACH_KIND(E29_a_free_right_after_a_map_of_any_form_does_not_hang)
{
    int in[64], out[64];
    for (int i = 0; i < 64; i++) in[i] = i;
    for (int round = 0; round < 60; round++) {
        plait_executor *own = pool_of(1 + round % 4);
        plait_map_options o = { .chunk = (size_t)(round % 3) * 8, .window = round % 5 ? 0 : 64 };
        check_code(plait_map(own, square, in, 64, out, &o), 0);
        if (round % 2) plait_executor_free(own);
        else {
            check_code(plait_executor_shutdown(own, &((plait_shutdown_options){ .cancel = true })), 0);
            plait_executor_free(own);
        }
        check_number(out[63], 63 * 63);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E22_a_pool_that_is_bound_to_braces_is_freed_where_they_are_left),
        cmocka_unit_test(E23_a_free_lets_what_is_queued_finish_and_ends_the_threads),
        cmocka_unit_test(E29_a_free_right_after_a_map_of_any_form_does_not_hang),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
