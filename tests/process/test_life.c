/* test_life.c: a process from its start to its free. */
#include "ways.h"
#include <plait/report.h>
#include <plait/scope.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

TEST_BY_EACH_WAY(PS1_it_is_alive_from_its_start_to_its_end)
{
    struct gate g = gate_new();
    int code = 77;
    plait_process *p = begin_with(way, NULL, &g, waits, &g);
    gate_hear(&g);
    check(plait_process_alive(p));
    check(!plait_process_exit_code(p, &code));
    gate_open(&g);
    check_code(plait_process_join(p, NULL, PLAIT_FOREVER), 0);
    check(!plait_process_alive(p));
    check(plait_process_exit_code(p, &code));
    check_number(code, 0);
    plait_process_free(p);
    gate_free(&g);
}

struct request {
    int number;
    char *word;
    size_t count;
    int *values;
    plait_bytes block;
};
PLAIT_TYPE(request_type, struct request, PLAIT_FIELD(struct request, number), PLAIT_FIELD(struct request, word),
           PLAIT_FIELD(struct request, block), PLAIT_FIELD_ARRAY(struct request, values, count));
struct answer {
    char name[64];
    char *word;
    int sum, pid;
};
PLAIT_TYPE(answer_type, struct answer, PLAIT_FIELD(struct answer, name), PLAIT_FIELD(struct answer, word),
           PLAIT_FIELD(struct answer, sum), PLAIT_FIELD(struct answer, pid));

static int answers(const struct request *r, struct answer *a)
{
    char text[64];
    snprintf(a->name, sizeof a->name, "%s", plait_process_name(NULL));
    snprintf(text, sizeof text, "%s and %s", r->word, (char *)r->block.data);
    a->word = strdup(text);
    a->sum = r->number;
    for (size_t i = 0; i < r->count; i++) a->sum += r->values[i];
    a->pid = getpid();
    return 0;
}
PLAIT_TASK_TYPED(answers, struct request, struct answer, request_type, answer_type);

TEST_BY_EACH_WAY(PS2_it_has_its_argument_with_all_that_that_owns_and_its_name)
{
    char word[] = "one", block[] = "more";
    int values[] = { 10, 20, 30 };
    struct request r = { .number = 5, .word = word, .count = 3, .values = values, .block = { block, 4 } };
    struct answer a, again;
    plait_process *p = begin_with(way, (&(plait_process_start_options){ .name = "clerk" }), NULL, answers, &r);
    check_string(plait_process_name(p), "clerk");
    check_code(plait_process_join(p, NULL, PLAIT_FOREVER), 0);
    check_code(plait_process_result(p, &a), 0);
    check_code(plait_process_result(p, &again), 0);
    check_string(a.name, "clerk");
    check_string(a.word, "one and more");
    check_number(a.sum, 65);
    check_number(a.pid, plait_process_id(p));
    check(a.pid != plait_process_id(NULL));
    check(a.word != again.word);
    plait_type_clear(answer_type, &a);
    plait_type_clear(answer_type, &again);
    plait_process_free(p);
    check_string(plait_process_name(NULL), "main");
}

static int returns(const int *code) { return *code; }
PLAIT_TASK(returns, int, void);

static int doubles(const plait_bytes *given, plait_bytes *result)
{
    int err = plait_bytes_copy(result, NULL, 2 * given->size);
    for (size_t i = 0; !err && i < 2 * given->size; i++)
        ((char *)result->data)[i] = ((char *)given->data)[i % given->size];
    return err;
}
PLAIT_TASK(doubles, plait_bytes, plait_bytes);

TEST_BY_EACH_WAY(M17_PS18_what_it_gives_is_there_at_the_join_however_much_and_the_argument_is_let_go_of)
{
    enum { SIZE = 3 << 20 };
    plait_bytes given, result;
    check_code(plait_bytes_copy(&given, NULL, SIZE), 0);
    for (size_t i = 0; i < SIZE; i++) ((char *)given.data)[i] = (char)(i * 7);
    int before = open_descriptors();
    plait_process *p = begin_by(way, doubles, plait_bytes_take(&given));
    check(!given.data && !given.size);
    check_code(plait_process_join(p, NULL, PLAIT_FOREVER), 0); /* nobody has read anything yet */
    check_code(plait_process_result(p, &result), 0);
    check_number(result.size, 2 * SIZE);
    for (size_t i = 0; i < 2 * SIZE; i += 4093) check_number(((char *)result.data)[i], (char)((i % SIZE) * 7));
    plait_bytes_clear(&result);
    check_number(open_descriptors(), before + 1); /* the one that polls are made on */
    plait_process_free(p);
    check_number(open_descriptors(), before);
}

TEST_BY_EACH_WAY(PS3_a_join_that_does_not_wait_or_not_long_leaves_it_running)
{
    struct gate g = gate_new();
    int code = 77;
    plait_process *p = begin_with(way, NULL, &g, waits, &g);
    gate_hear(&g);
    check_code(plait_process_join(p, &code, PLAIT_NOW), PLAIT_EAGAIN);
    check_code(plait_process_join(p, &code, plait_after(-1)), PLAIT_ETIMEDOUT);
    check_code(plait_process_join(p, &code, plait_after(PLAIT_MILLISECOND)), PLAIT_ETIMEDOUT);
    check_code(plait_process_result(p, NULL), PLAIT_EAGAIN);
    {
        PLAIT_CANCEL_SCOPE(dead);
        plait_scope_cancel(&dead);
        check_code(plait_process_join(p, &code, PLAIT_FOREVER), PLAIT_ECANCELED);
    }
    check_number(code, 77);
    check(plait_process_alive(p));
    gate_open(&g);
    check_code(join_and_free(p), 0);
    gate_free(&g);
}

TEST_BY_EACH_WAY(PS4_terminated_it_has_the_code_of_SIGTERM)
{
    struct gate g = gate_new();
    int code, status;
    plait_process *p = begin_with(way, NULL, &g, waits, &g), *q = begin_with(way, NULL, &g, waits, &g);
    gate_hear(&g);
    gate_hear(&g);
    check_code(plait_process_terminate(p, 60 * PLAIT_SECOND), 0);
    check(!plait_process_alive(p));
    check_code(plait_process_signal(q, SIGTERM), 0);
    for (int i = 0; i < 2; i++) {
        plait_process *each = i ? q : p;
        check_code(plait_process_join(each, &code, PLAIT_FOREVER), 0);
        check_code(code, PLAIT_EWORKER);
        check_string(plait_error()->message, "killed by SIGTERM");
        check_number(plait_error()->signal, SIGTERM);
        check_number(plait_error()->pid, plait_process_id(each));
        check_string(plait_error()->task, "waits");
        check_string(plait_error()->thread, plait_process_name(each));
        check(plait_process_exit_code(each, &status));
        check_number(status, -SIGTERM);
        check_code(plait_process_terminate(each, 0), 0); /* it has ended */
        plait_process_free(each);
    }
    gate_free(&g);
}

static int is_deaf(const struct gate *g)
{
    signal(SIGTERM, SIG_IGN);
    gate_come_and_wait(g);
    return 0;
}
PLAIT_TASK(is_deaf, struct gate, void);

TEST_BY_EACH_WAY(PS5_killed_it_has_the_code_of_SIGKILL_and_so_has_one_that_does_not_obey)
{
    struct gate g = gate_new();
    int status;
    plait_process *p = begin_with(way, NULL, &g, waits, &g), *q = begin_with(way, NULL, &g, is_deaf, &g);
    gate_hear(&g);
    gate_hear(&g);
    check_code(plait_process_kill(p), 0);
    check_code(join_and_free(p), PLAIT_EWORKER);
    check_code(plait_process_terminate(q, PLAIT_MILLISECOND), 0);
    check(plait_process_exit_code(q, &status));
    check_number(status, -SIGKILL);
    check_code(join_and_free(q), PLAIT_EWORKER);
    gate_free(&g);
}

static int exits(const int *status)
{
    exit(*status);
    return 0;
}
PLAIT_TASK(exits, int, void);
static int exits_without_a_result(const int *status, int *result)
{
    *result = 1;
    exit(*status);
}
PLAIT_TASK(exits_without_a_result, int, int);

static void check_end(plait_process *p, int code, int status)
{
    int got = 77;
    check_code(plait_process_join(p, &got, PLAIT_FOREVER), 0);
    check_code(got, code);
    check(plait_process_exit_code(p, &got));
    check_number(got, status);
    plait_process_free(p);
}

TEST_BY_EACH_WAY(PS6_its_exit_status_is_that_of_exit_or_0_or_1_as_its_task_returned)
{
    check_end(begin_by(way, exits, (&(int){ 7 })), PLAIT_EWORKER, 7);
    check_string(plait_error()->message, "it exited with status 7 before its task had returned");
    check_end(begin_by(way, exits, (&(int){ 0 })), 0, 0);
    check_end(begin_by(way, exits_without_a_result, (&(int){ 0 })), PLAIT_EWORKER, 0);
    check_end(begin_by(way, returns, (&(int){ 0 })), 0, 0);
    check_end(begin_by(way, returns, (&(int){ PLAIT_EUSER })), PLAIT_EUSER, 1);
    check_end(begin_by(way, returns, (&(int){ PLAIT_ETIMEDOUT })), PLAIT_ETASK, 1);
    check_code(plait_error()->cause->code, PLAIT_ETIMEDOUT);
    check_end(begin_by(way, returns, (&(int){ 3 })), PLAIT_EINVAL, 1);
}

static int fails(const int *code)
{
    plait_fail(-ENOENT, "no file of number %d", -*code);
    return plait_fail_because(*code, "it could not begin");
}
PLAIT_TASK(fails, int, void);

struct seen {
    int count, code;
    plait_report_kind kind;
    char text[512];
};

static int see(const plait_report_info *info, void *context)
{
    struct seen *s = context;
    s->count++;
    s->kind = info->kind;
    s->code = info->code;
    snprintf(s->text, sizeof s->text, "%s", info->text);
    return 0;
}

TEST_BY_EACH_WAY(PS7_a_failure_has_the_words_of_its_task_and_is_reported_where_nobody_joined)
{
    const plait_process_start_options o = { .name = "clerk 1" };
    const int given = -4711;
    int code, line = __LINE__ + 1;
    plait_process *p = begin_with(way, &o, NULL, fails, &given);
    check_code(plait_process_join(p, &code, PLAIT_FOREVER), 0);
    check_code(code, -4711);
    char text[256], expected[256];
    const char *file = plait_error()->file;
    snprintf(expected, sizeof expected,
             "fails (%s:%d) in clerk 1, pid %d: it could not begin; because no file of number 4711", file, line,
             plait_process_id(p));
    plait_error_describe(code, text, sizeof text);
    check_string(text, expected);
    check_contains(file, "test_life.c");
    check_code(plait_error()->cause->code, -ENOENT);
    plait_process_free(p);

    struct seen seen = { .count = 0 };
    plait_report_hook_set(&(plait_report_hook){ .report = see, .context = &seen });
    plait_process_free(
        begin_with(way, (&(plait_process_start_options){ .name = "clerk 2" }), NULL, fails, (&(int){ -4712 })));
    plait_report_hook_set(NULL);
    check_number(seen.count, 1);
    check_number(seen.kind, PLAIT_REPORT_PROCESS);
    check_code(seen.code, -4712);
    check_contains(seen.text, "process clerk 2 failed and nobody joined it: fails (");
}

TEST_BY_EACH_WAY(PS8_its_descriptor_becomes_readable_at_its_end)
{
    struct gate g = gate_new();
    check_number(plait_process_descriptor(NULL), -EBADF);
    plait_process *p = begin_with(way, NULL, &g, waits, &g);
    struct pollfd on = { .fd = plait_process_descriptor(p), .events = POLLIN };
    gate_hear(&g);
    check_number(poll(&on, 1, 0), 0);
    gate_open(&g);
    check_number(poll(&on, 1, -1), 1);
    check(on.revents & POLLIN);
    check_code(join_and_free(p), 0);
    gate_free(&g);
}

int main(void)
{
    plait_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(PS1_it_is_alive_from_its_start_to_its_end),
        cmocka_unit_test(PS2_it_has_its_argument_with_all_that_that_owns_and_its_name),
        cmocka_unit_test(M17_PS18_what_it_gives_is_there_at_the_join_however_much_and_the_argument_is_let_go_of),
        cmocka_unit_test(PS3_a_join_that_does_not_wait_or_not_long_leaves_it_running),
        cmocka_unit_test(PS4_terminated_it_has_the_code_of_SIGTERM),
        cmocka_unit_test(PS5_killed_it_has_the_code_of_SIGKILL_and_so_has_one_that_does_not_obey),
        cmocka_unit_test(PS6_its_exit_status_is_that_of_exit_or_0_or_1_as_its_task_returned),
        cmocka_unit_test(PS7_a_failure_has_the_words_of_its_task_and_is_reported_where_nobody_joined),
        cmocka_unit_test(PS8_its_descriptor_becomes_readable_at_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
