/* test_output.c: what processes write, passed on by whole lines. */
#include "capture.h"
#include "fault.h"
#include "on_valgrind.h"
#include "ways.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#define begin(f, ...) begin_by_lines(&f##_plait_task, PLAIT_ARGUMENT_(f, __VA_ARGS__), NULL, 0)
static plait_process *begin_by_lines(const plait_task *task, const void *argument, const int *descriptors, size_t count)
{
    plait_process_start_options o = { .output = PLAIT_OUTPUT_BY_LINES,
                                      .start_limit = WHILE_LOADED,
                                      .descriptors = descriptors,
                                      .descriptor_count = count };
    plait_process *p = plait_process_start_task(task, argument, &o, sizeof o, __FILE__, __LINE__);
    if (!p) plait_error_print(stderr, plait_error_code());
    check(p != NULL);
    return p;
}

enum { LINES = 300, WRITERS = 4, ROUNDS = 12 };
static int writes_lines_in_bits(const int *who)
{
    char line[64];
    for (int i = 0; i < LINES; i++) {
        int length = snprintf(line, sizeof line, "%d %d the end\n", *who, i);
        for (int at = 0; at < length; at += 5) {
            int size = length - at < 5 ? length - at : 5;
            if (write(1 + i % 2, line + at, (size_t)size) != size) return -errno;
        }
    }
    return 0;
}
PLAIT_TASK(writes_lines_in_bits, int, void);

static void M45_lines_of_many_come_out_whole_and_each_ones_in_order(void **unused)
{
    (void)unused;
    plait_process *p[WRITERS];
    int file = new_file(), out = put_in_place_of(1, file), err = put_in_place_of(2, file), next[WRITERS][2] = { { 0 } };
    int codes[WRITERS];
    for (int i = 0; i < WRITERS; i++) p[i] = begin(writes_lines_in_bits, &i);
    for (int i = 0; i < WRITERS; i++) codes[i] = join_and_free(p[i]);
    put_back(1, out), put_back(2, err);
    for (int i = 0; i < WRITERS; i++) check_code(codes[i], 0);
    char *text = text_of(file), *line, *rest = text;
    size_t count = 0;
    while ((line = strsep(&rest, "\n")) && rest) {
        char expected[64];
        int who = atoi(line), n = atoi(line + 2);
        check(who >= 0 && who < WRITERS);
        snprintf(expected, sizeof expected, "%d %d the end", who, n);
        check_string(line, expected);
        check_number(n / 2, next[who][n % 2]++);
        count++;
    }
    check_number(count, LINES * WRITERS);
    check_string(line, "");
    free(text);
}

static int prints_and_is_killed(void)
{
    printf("a line\n");
    fputs("not ", stderr), fputs("finished", stderr);
    raise(SIGKILL);
    return 0;
}
PLAIT_TASK(prints_and_is_killed, void, void);
static int says(const plait_bytes *text) { return fputs(text->data, stderr) < 0 ? -EIO : 0; }
PLAIT_TASK(says, plait_bytes, void);

static void what_was_printed_before_a_death_is_there_and_nothing_follows_on_an_unfinished_line(void **unused)
{
    (void)unused;
    int file = new_file(), errors = new_file(), out = put_in_place_of(1, file), err = put_in_place_of(2, errors);
    check_code(join_and_free(begin(prints_and_is_killed, NULL)), PLAIT_EWORKER);
    check_code(join_and_free(begin(says, &(plait_bytes){ "another\nand ", 12 })), 0);
    put_back(1, out), put_back(2, err);
    char *text = text_of(file), *said = text_of(errors);
    check_string(text, "a line\n");
    check_string(said, "not finished\nanother\nand ");
    free(text), free(said);
}

enum { LONG = 5 * 64 * 1024 / 2 };
static int writes_a_long_line(void)
{
    for (int i = 0; i < LONG; i++) putchar(i % 7 ? 'x' : 'y');
    putchar('\n');
    return 0;
}
PLAIT_TASK(writes_a_long_line, void, void);

static void a_line_longer_than_the_bound_comes_in_pieces_and_nothing_is_lost(void **unused)
{
    (void)unused;
    int file = new_file(), out = put_in_place_of(1, file);
    check_code(join_and_free(begin(writes_a_long_line, NULL)), 0);
    put_back(1, out);
    char *text = text_of(file);
    check_number(strlen(text), LONG + 1);
    for (int i = 0; i < LONG; i++) check_number(text[i], i % 7 ? 'x' : 'y');
    free(text);
}

static int prints_both(int *pid)
{
    *pid = getpid();
    return puts("to stdout") < 0 || fputs("to stderr\n", stderr) < 0 ? -EIO : 0;
}
PLAIT_TASK(prints_both, void, int);

static int frees(void *process)
{
    plait_process_free(process);
    return 0;
}

static void M45_an_stdout_that_takes_nothing_holds_up_nothing_but_itself(void **unused)
{
    (void)unused;
    int ends[2], pid = 0, code;
    check_number(pipe2(ends, O_CLOEXEC), 0);
    fill_pipe(ends[1]);
    int errors[2];
    check_number(pipe2(errors, O_CLOEXEC), 0);
    int out = put_in_place_of(1, ends[1]), err = put_in_place_of(2, errors[1]);
    plait_process *p = begin(prints_both, NULL);
    check_code(plait_process_join(p, &code, PLAIT_FOREVER), 0);
    check_code(code, 0);
    check_code(plait_process_result(p, &pid), 0);
    check(pid == plait_process_id(p));
    read_up_to(errors[0], "to stderr\n");                 /* this one passes */
    plait_thread *t = plait_thread_start(frees, p, NULL); /* it waits */
    read_up_to(ends[0], "to stdout\n");
    check_code(plait_thread_join(t, NULL, PLAIT_FOREVER), 0);
    plait_thread_free(t);
    put_back(1, out), put_back(2, err);
    for (int i = 0; i < 2; i++) close(ends[i]), close(errors[i]);
}

static int writes_much(void)
{
    for (int i = 0; i < 50000; i++)
        if (puts("to nobody") < 0) return -errno;
    return fflush(stdout) ? -errno : 0;
}
PLAIT_TASK(writes_much, void, void);

static void one_that_writes_to_an_stdout_which_nobody_reads_is_not_killed(void **unused)
{
    (void)unused;
    int ends[2];
    check_number(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    int out = put_in_place_of(1, ends[1]);
    check_code(join_and_free(begin(writes_much, NULL)), 0);
    put_back(1, out);
    close(ends[1]);
}

static int leaves_a_writer_behind(const struct gate *g)
{
    pid_t child = fork();
    if (child == 0) {
        char go;
        while (read(g->go[0], &go, 1) < 0 && errno == EINTR) {}
        bool refused = write(1, "too late\n", 9) < 0;
        gate_say(g, refused ? 'r' : 'w');
        syscall(SYS_exit_group, 0);
    }
    printf("in time\n");
    return child < 0 ? -errno : 0;
}
PLAIT_TASK(leaves_a_writer_behind, struct gate, void);

static void M22_what_a_process_left_behind_keeps_nobody_waiting(void **unused)
{
    (void)unused;
    struct gate g = gate_new();
    const int all[] = { g.come[0], g.come[1], g.go[0], g.go[1] };
    int file = new_file(), out = put_in_place_of(1, file);
    plait_process *p = begin_by_lines(&leaves_a_writer_behind_plait_task, &g, all, 4);
    check_code(join_and_free(p), 0);
    gate_open(&g);
    close(g.come[1]); /* it is killed by SIGPIPE, and its end closed */
    char end;
    check_number(plait_read(g.come[0], &end, 1, PLAIT_FOREVER), 0);
    g.come[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
    put_back(1, out);
    char *text = text_of(file);
    check_string(text, "in time\n");
    free(text);
    gate_free(&g);
}

static int comes_and_prints(const struct gate *g)
{
    puts("before");
    gate_come_and_wait(g);
    puts("after");
    return 0;
}
PLAIT_TASK(comes_and_prints, struct gate, void);

static void nothing_stays_when_the_last_has_ended(void **unused)
{
    (void)unused;
    int file = new_file(), out = put_in_place_of(1, file), before = 0;
    for (int i = 0; i < 10; i++) {
        check_code(join_and_free(begin(prints_both, NULL)), 0);
        if (i == 0) before = open_descriptors();
    }
    check_number(open_descriptors(), before);
    put_back(1, out);
    close(file);
}

static void what_the_system_refuses_is_told_and_nothing_stays(void **unused)
{
    (void)unused;
    static const char *const points[] = { "descriptor", "memory", "thread" };
    int before = open_descriptors(), file = new_file(), err = put_in_place_of(2, file);
    for (int i = 0; i < 3; i++)
        for (size_t nth = 1;; nth++) {
            plait_process_start_options o = { .output = PLAIT_OUTPUT_BY_LINES, .start_limit = WHILE_LOADED };
            fault_nth(points[i], nth);
            plait_process *p = plait_process_start_with(&o, prints_both, NULL);
            bool refused = fault_requests() >= nth;
            fault_off();
            if (!p) check(plait_error_code() < 0 && plait_error()->message[0]);
            check(p || refused);
            if (p) plait_process_free(p);
            if (!refused) break;
        }
    put_back(2, err);
    close(file);
    check_number(open_descriptors(), before);
}

static int begins_and_ends_some(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) check_code(join_and_free(begin(prints_both, NULL)), 0);
    return 0;
}

static void the_thread_ends_and_another_begins_at_any_time(void **unused)
{
    (void)unused;
    enum { BEGINNERS = 3 };
    int file = new_file(), out = put_in_place_of(1, file), err = put_in_place_of(2, file);
    plait_thread *t[BEGINNERS];
    for (int i = 0; i < BEGINNERS; i++) t[i] = plait_thread_start(begins_and_ends_some, NULL, NULL);
    for (int i = 0; i < BEGINNERS; i++) {
        check_code(plait_thread_join(t[i], NULL, PLAIT_FOREVER), 0);
        plait_thread_free(t[i]);
    }
    put_back(1, out), put_back(2, err);
    char *text = text_of(file);
    check_number(strlen(text), BEGINNERS * ROUNDS * strlen("to stdout\nto stderr\n"));
    free(text);
}

/* Both a forked process and its parent go on, each with its own. */
static int begins_its_own(void) { return join_and_free(begin(prints_both, NULL)); }
PLAIT_TASK(begins_its_own, void, void);

static void one_that_is_forked_meanwhile_has_none_of_its_parents(void **unused)
{
    (void)unused;
    if (RUNNING_ON_VALGRIND) return; /* which knows no pidfd_open */
    struct gate g = gate_new();
    const int all[] = { g.come[0], g.come[1], g.go[0], g.go[1] };
    int file = new_file(), out = put_in_place_of(1, file), err = put_in_place_of(2, file);
    plait_process *p = begin_by_lines(&comes_and_prints_plait_task, &g, all, 4);
    gate_hear(&g);
    plait_process *forked = begin_by(BY_FORK, begins_its_own, NULL);
    int code = join_and_free(forked);
    gate_open(&g);
    check_code(join_and_free(p), 0);
    put_back(1, out), put_back(2, err);
    check_code(code, 0);
    char *text = text_of(file);
    check_contains(text, "to stdout\n");
    check_contains(text, "before\n");
    check_contains(text, "after\n");
    free(text);
    gate_free(&g);
}

static int leaves_one_to_the_end_of_the_program(void)
{
    begin(prints_both, NULL);
    return 0;
}
PLAIT_TASK(leaves_one_to_the_end_of_the_program, void, void);

static void what_it_wrote_is_out_when_its_starter_has_ended(void **unused)
{
    (void)unused;
    int file = new_file(), out = put_in_place_of(1, file), err = put_in_place_of(2, file);
    check_code(join_and_free(begin_by(BY_START, leaves_one_to_the_end_of_the_program, NULL)), 0);
    put_back(1, out), put_back(2, err);
    char *text = text_of(file);
    check_contains(text, "to stdout\n");
    check_contains(text, "to stderr\n");
    free(text);
}

static int tells_of_its_environment(int *sum)
{
    const char *one = getenv("PLAIT_TEST_ONE"), *two = getenv("PLAIT_TEST_TWO"), *home = getenv("PATH");
    *sum = (one ? atoi(one) : 0) + (two ? atoi(two) : 0) + (home ? 1000 : 0);
    return 0;
}
PLAIT_TASK(tells_of_its_environment, void, int);

static void M10_its_environment_is_ours_with_what_is_given_beside(void **unused)
{
    (void)unused;
    static const char *const given[] = { "PLAIT_TEST_ONE=20", "PLAIT_TEST_TWO=300", NULL };
    static const char *const senseless[] = { "PLAIT_TEST_ONE", NULL };
    plait_process_start_options o = { .start_limit = WHILE_LOADED, .environment = given };
    int sum = 0;
    check_number(setenv("PLAIT_TEST_ONE", "1", 1), 0);
    plait_process *p = plait_process_start_with(&o, tells_of_its_environment, NULL);
    check_code(plait_process_join(p, NULL, PLAIT_FOREVER), 0);
    check_code(plait_process_result(p, &sum), 0);
    plait_process_free(p);
    check_number(sum, 1320);
    check_number(unsetenv("PLAIT_TEST_ONE"), 0);
    o.environment = senseless;
    check(!plait_process_start_with(&o, tells_of_its_environment, NULL));
    check_code(plait_error_code(), PLAIT_EINVAL);
    check_contains(plait_error()->message, "\"PLAIT_TEST_ONE\" in its environment");
}

int main(void)
{
    plait_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(M45_lines_of_many_come_out_whole_and_each_ones_in_order),
        cmocka_unit_test(what_was_printed_before_a_death_is_there_and_nothing_follows_on_an_unfinished_line),
        cmocka_unit_test(a_line_longer_than_the_bound_comes_in_pieces_and_nothing_is_lost),
        cmocka_unit_test(M45_an_stdout_that_takes_nothing_holds_up_nothing_but_itself),
        cmocka_unit_test(one_that_writes_to_an_stdout_which_nobody_reads_is_not_killed),
        cmocka_unit_test(M22_what_a_process_left_behind_keeps_nobody_waiting),
        cmocka_unit_test(nothing_stays_when_the_last_has_ended),
        cmocka_unit_test(what_the_system_refuses_is_told_and_nothing_stays),
        cmocka_unit_test(the_thread_ends_and_another_begins_at_any_time),
        cmocka_unit_test(one_that_is_forked_meanwhile_has_none_of_its_parents),
        cmocka_unit_test(what_it_wrote_is_out_when_its_starter_has_ended),
        cmocka_unit_test(M10_its_environment_is_ours_with_what_is_given_beside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
