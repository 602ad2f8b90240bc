/* test_refused.c: what the system refuses; one whose keeper is killed; processes of coroutines. */
#include "fault.h"
#include "on_valgrind.h"
#include "ways.h"
#include <plait/loop.h>
#include <plait/scope.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct words {
    char *text;
};
PLAIT_TYPE(words_type, struct words, PLAIT_FIELD(struct words, text));

static int repeats(const struct words *given, struct words *result)
{
    result->text = strdup(given->text);
    return result->text ? 0 : PLAIT_ENOMEM;
}
PLAIT_TASK_TYPED(repeats, struct words, struct words, words_type, words_type);

static plait_process *begin(enum way way)
{
    const plait_process_start_options o = { .among_threads = true };
    char text[] = "again";
    struct words w = { text };
    return way == BY_FORK ? plait_process_fork_with(&o, repeats, &w) : plait_process_start_with(&o, repeats, &w);
}

static void check_repeated(plait_process *p)
{
    int code = 77;
    struct words result;
    check(p != NULL);
    check_code(plait_process_join(p, &code, PLAIT_FOREVER), 0);
    check_code(code, 0);
    check_code(plait_process_result(p, &result), 0);
    check_string(result.text, "again");
    plait_type_clear(words_type, &result);
    plait_process_free(p);
}

/* Each request at a point is refused once: the start fails with words, and leaves nothing behind. */
static void refuse_each(enum way way, const char *point, int code)
{
    int before = open_descriptors();
    fault_nth(point, 0);
    check_repeated(begin(way));
    size_t requests = fault_requests();
    fault_off();
    for (size_t n = 1; n <= requests; n++) {
        fault_nth(point, n);
        plait_process *p = begin(way);
        fault_off();
        if (p) {
            int end = join_and_free(p); /* what was refused came later, or in the child */
            check(end == 0 || (way == BY_FORK && end == code));
            continue;
        }
        check_code(plait_error_code(), code);
        check(plait_error()->message[0] != 0);
        check_number(plait_process_list(NULL, 0), 0);
        check_number(open_descriptors(), before);
    }
    check_repeated(begin(way));
    check_number(open_descriptors(), before);
}

TEST_BY_EACH_WAY(without_memory_none_is_started_and_nothing_is_left) { refuse_each(way, "memory", PLAIT_ENOMEM); }
TEST_BY_EACH_WAY(without_descriptors_none_is_started_and_nothing_is_left)
{
    refuse_each(way, "descriptor", -EMFILE);
    if (way == BY_START) refuse_each(way, "process", -EAGAIN);
}

TEST_BY_EACH_WAY(a_join_without_memory_for_the_outcome_says_so)
{
    for (size_t n = 1; n < 8; n++) {
        int code = 77;
        plait_process *p = begin(way);
        check(p != NULL);
        struct words result = { NULL };
        check(plait_wait_fd(plait_process_descriptor(p), POLLIN, PLAIT_FOREVER) > 0);
        fault_nth("memory", n);
        int err = plait_process_join(p, &code, PLAIT_FOREVER);
        fault_off();
        check_code(err, 0);
        check(code == 0 || code == PLAIT_ENOMEM);
        check_code(plait_process_result(p, &result), code);
        plait_type_clear(words_type, &result);
        plait_process_free(p);
    }
}

static struct gate the_gate;
static plait_process *waited_for;

static int frees_without_descriptors(void *unused)
{
    int code = 77;
    (void)unused;
    fault_all("descriptor");
    check_code(plait_process_join(waited_for, &code, PLAIT_FOREVER), -EMFILE);
    gate_say(&the_gate, 'f');
    plait_process_free(waited_for); /* which has to wait by other means */
    fault_off();
    return plait_process_list(NULL, 0) == 0 ? 0 : PLAIT_EUSER;
}

TEST_BY_EACH_WAY(a_free_waits_without_a_descriptor_too)
{
    int result = 77;
    the_gate = gate_new();
    waited_for = begin_with(way, NULL, &the_gate, waits, &the_gate);
    gate_hear(&the_gate);
    plait_thread *t = plait_thread_start(frees_without_descriptors, NULL, NULL); /* it has not slept on any yet */
    gate_hear(&the_gate);
    check_code(plait_thread_join(t, &result, plait_after(PLAIT_MILLISECOND)), PLAIT_ETIMEDOUT);
    gate_open(&the_gate);
    check_code(plait_thread_join(t, &result, PLAIT_FOREVER), 0);
    check_code(result, 0);
    plait_thread_free(t);
    gate_free(&the_gate);
}

static int names_its_keeper(const struct gate *g, int *keeper)
{
    int number = getppid();
    check_number(write(g->come[1], &number, sizeof number), sizeof number);
    *keeper = number;
    gate_come_and_wait(g);
    return 0;
}
PLAIT_TASK(names_its_keeper, struct gate, int);

static void one_whose_keeper_is_killed_is_killed_with_it(void **unused)
{
    (void)unused;
    int keeper, code, status;
    struct gate g = gate_new();
    if (RUNNING_ON_VALGRIND) return; /* no keeper there */
    plait_process *p = begin_with(BY_START, NULL, &g, names_its_keeper, &g);
    check_number(read(g.come[0], &keeper, sizeof keeper), sizeof keeper);
    gate_hear(&g);
    check(keeper != getpid());
    check_number(kill(keeper, SIGKILL), 0);
    check_code(plait_process_join(p, &code, PLAIT_FOREVER), 0);
    check_code(code, PLAIT_EWORKER);
    check_contains(plait_error()->message, "it ended before its task had returned; how is not known");
    check(!plait_process_exit_code(p, &status));
    plait_process_free(p);
    gate_free(&g);
}

static int turns;
static int turns_meanwhile(const struct gate *g)
{
    turns++;
    gate_open(g);
    return 0;
}
PLAIT_TASK(turns_meanwhile, struct gate, void);

static int joins_in_a_coroutine(const int *way)
{
    struct gate g = gate_new();
    plait_process *p = begin_with((enum way) * way, NULL, &g, waits, &g);
    {
        PLAIT_TIMEOUT(soon, plait_after(PLAIT_MILLISECOND));
        check_code(plait_process_join(p, NULL, PLAIT_FOREVER), PLAIT_ECANCELED);
        check(plait_scope_expired(&soon));
    }
    plait_future *f = plait_spawn(turns_meanwhile, &g);
    check_number(turns, 0);
    int code = 77;
    check_code(plait_process_join(p, &code, PLAIT_FOREVER), 0); /* which lets the other one go on */
    check_code(code, 0);
    check_number(turns, 1);
    turns = 0;
    plait_process_free(p);
    gate_free(&g);
    return plait_await(f, NULL);
}
PLAIT_TASK(joins_in_a_coroutine, int, void);

TEST_BY_EACH_WAY(a_coroutine_starts_and_joins_one_while_others_go_on)
{
    check_code(plait_run(joins_in_a_coroutine, (&(int){ (int)way }), NULL), 0);
}

int main(void)
{
    plait_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_memory_none_is_started_and_nothing_is_left),
        cmocka_unit_test(without_descriptors_none_is_started_and_nothing_is_left),
        cmocka_unit_test(a_join_without_memory_for_the_outcome_says_so),
        cmocka_unit_test(a_free_waits_without_a_descriptor_too),
        cmocka_unit_test(one_whose_keeper_is_killed_is_killed_with_it),
        cmocka_unit_test(a_coroutine_starts_and_joins_one_while_others_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
