/* test_error.c: codes, names, texts; the record of the last failure and the line that is printed of it. */
#include "check.h"
#include "fault.h"
#include "runners.h"
#include "base/record.h"
#include <plait/queue.h>
#include <plait/semaphore.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static void each_code_has_a_name_and_a_text(void **unused)
{
    (void)unused;
#define ROW(name, number, text)                                                                                        \
    check_string(plait_error_name(number), "PLAIT_" #name);                                                            \
    check_string(plait_error_text(number), text);
    PLAIT_ERRORS_(ROW)
#undef ROW
    check_string(plait_error_name(0), "PLAIT_OK");
    check_string(plait_error_text(0), "success");
    check_string(plait_error_name(-ENOENT), "ENOENT");
    check_string(plait_error_text(-ENOENT), "No such file or directory");
    check_string(plait_error_name(PLAIT_EAGAIN), "EAGAIN");
    check_string(plait_error_name(PLAIT_EUSER), "PLAIT_EUSER");
    check_string(plait_error_name(PLAIT_EUSER - 77), "PLAIT_EUSER");
    check_string(plait_error_name(INT32_MIN), "PLAIT_EUSER");
    check_string(plait_error_text(PLAIT_EUSER - 77), "an error of the program's own");
}

static void a_code_that_nobody_knows_has_a_name_too(void **unused)
{
    (void)unused;
    static const int strange[] = { 1, ENOENT, INT32_MAX, -4095, -4999, -5999, -9999 };
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        check_string(plait_error_name(strange[i]), "unknown error");
        check_string(plait_error_text(strange[i]), "unknown error");
    }
}

static void own_codes_lie_between_those_of_the_system_and_of_the_user(void **unused)
{
    (void)unused;
#define ROW(name, number, text) check((number) <= -5000 && (number) > PLAIT_EUSER);
    PLAIT_ERRORS_(ROW)
#undef ROW
    check_number(plait_exit_status(0), 0);
    check_number(plait_exit_status(PLAIT_ETIMEDOUT), 1);
}

static void the_record_tells_code_message_process_and_thread(void **unused)
{
    (void)unused;
    pthread_setname_np(pthread_self(), "teller");
    check_code(plait_fail(-EIO, "block %d of %s", 7, "tape"), -EIO);
    const plait_error_record *e = plait_error();
    check(e);
    check_code(e->code, -EIO);
    check_string(e->message, "block 7 of tape");
    check_number(e->pid, getpid());
    check_string(e->thread, "teller");
    check_string(e->task, "");
    check_string(e->file, "");
    check_string(e->host, "");
    check_number(e->signal, 0);
    check(!e->cause);
}

static void a_message_is_one_line_and_is_cut(void **unused)
{
    (void)unused;
    char longer[1000];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = 0;
    plait_fail(-EIO, "first\nsecond\r\nthird");
    check_string(plait_error()->message, "first second  third");
    plait_fail(-EIO, "%s", longer);
    check(strlen(plait_error()->message) >= 200);
    check(strlen(plait_error()->message) < sizeof longer);
}

static void a_message_may_quote_the_one_before(void **unused)
{
    (void)unused;
    plait_fail(-EIO, "disk");
    plait_fail(-EINVAL, "copy failed: %s", plait_error()->message);
    check_string(plait_error()->message, "copy failed: disk");
}

static void a_cause_is_kept(void **unused)
{
    (void)unused;
    char line[256];
    plait_fail(-EIO, "disk is on fire");
    plait_fail_because(PLAIT_ECONNECT, "no answer from %s", "host");
    check_code(plait_fail_because(PLAIT_EUSER, "no rates"), PLAIT_EUSER);
    const plait_error_record *e = plait_error();
    check_code(e->code, PLAIT_EUSER);
    check_code(e->cause->code, PLAIT_ECONNECT);
    check_string(e->cause->message, "no answer from host");
    check_code(e->cause->cause->code, -EIO);
    check(!e->cause->cause->cause);
    plait_error_describe(PLAIT_EUSER, line, sizeof line);
    check_string(line, "no rates; because no answer from host; because disk is on fire");
}

static void without_an_earlier_failure_there_is_no_cause(void **unused)
{
    (void)unused;
    plait_failed(-EIO);
    plait_fail_because(-EINVAL, "alone");
    check(!plait_error()->cause);
}

static void words_belong_to_their_code(void **unused)
{
    (void)unused;
    char line[256];
    plait_fail(-EIO, "disk is on fire");
    plait_error_describe(-EINVAL, line, sizeof line);
    check_string(line, "Invalid argument");
    plait_error_describe(PLAIT_ETIMEDOUT, line, sizeof line);
    check_string(line, plait_error_text(PLAIT_ETIMEDOUT));
    plait_error_describe(PLAIT_EUSER - 5, line, sizeof line);
    check_string(line, "an error of the program's own (-10005)");
    plait_error_describe(-4999, line, sizeof line);
    check_string(line, "unknown error (-4999)");
    plait_error_describe(-EIO, line, sizeof line);
    check_string(line, "disk is on fire");
}

static void a_description_is_cut_and_its_length_is_told(void **unused)
{
    (void)unused;
    char line[8];
    plait_fail(-EIO, "disk is");
    plait_fail_because(-EINVAL, "bad");
    check_number(plait_error_describe(-EINVAL, line, sizeof line), strlen("bad; because disk is"));
    check_string(line, "bad; be");
    check_number(plait_error_describe(-EINVAL, NULL, 0), strlen("bad; because disk is"));
    check_number(plait_error_describe(PLAIT_EDONE, NULL, 0), strlen(plait_error_text(PLAIT_EDONE)));
}

static void a_failure_without_words_forgets_older_words(void **unused)
{
    (void)unused;
    plait_fail(PLAIT_EAGAIN, "old words");
    check_code(plait_failed(0), 0);
    check_string(plait_error()->message, "old words"); /* a success forgets nothing */
    check_code(plait_failed(PLAIT_EAGAIN), PLAIT_EAGAIN);
    check(!plait_error());

    plait_semaphore none = { 0 };
    plait_fail(PLAIT_EAGAIN, "old words");
    check_code(plait_semaphore_acquire(&none, PLAIT_NOW), PLAIT_EAGAIN);
    check(!plait_error());
}

static void without_memory_the_code_alone_remains(void **unused)
{
    (void)unused;
    plait_fail(-EIO, "old words");
    fault_nth("memory", 1);
    check_code(plait_fail(-EIO, "new words"), -EIO);
    fault_off();
    check(!plait_error());
    plait_fail(-EIO, "old words");
    fault_nth("memory", 1);
    check_code(plait_fail_because(-EIO, "new words"), -EIO);
    fault_off();
    check(!plait_error());
}

static void what_gave_NULL_failed_with_the_code_of_the_record(void **unused)
{
    (void)unused;
    check(!plait_queue_new(0, 1));
    check_code(plait_error_code(), PLAIT_EINVAL);
    plait_fail(-EIO, "old words");
    fault_all("memory");
    check(!plait_queue_new(1, 1));
    fault_off();
    check_code(plait_error_code(), PLAIT_ENOMEM);
}

static void a_line_is_printed_in_one_write(void **unused)
{
    (void)unused;
    int ends[2];
    char line[512];
    check_number(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    FILE *file = fdopen(ends[1], "w");
    plait_fail(-EIO, "disk is on fire");
    plait_error_print(file, -EIO);
    ssize_t length = recv(ends[0], line, sizeof line - 1, 0);
    check(length > 0);
    line[length] = 0;
    check_string(line, "disk is on fire\n");
    plait_error_print(file, 0);
    check_number(recv(ends[0], line, sizeof line, MSG_DONTWAIT), -1);
    fclose(file);
    close(ends[0]);
}

static int fails_on_its_own(void *number)
{
    check(!plait_error());
    int code = plait_fail(PLAIT_EUSER - *(int *)number, "mine is %d", *(int *)number);
    for (int i = 0; i < 20; i++) let_others_run();
    char expected[32];
    snprintf(expected, sizeof expected, "mine is %d", *(int *)number);
    check_code(plait_error()->code, code);
    check_string(plait_error()->message, expected);
    return 0;
}

TEST_IN_EACH_KIND(each_task_has_a_record_of_its_own)
{
    int numbers[4] = { 1, 2, 3, 4 };
    struct runner *all[4];
    plait_fail(-EIO, "the body's");
    for (int i = 0; i < 4; i++) all[i] = runner_start(fails_on_its_own, &numbers[i]);
    for (int i = 0; i < 4; i++) runner_join(all[i]);
    check_string(plait_error()->message, "the body's");
}

static void where_a_task_was_submitted_is_told_by_the_end_of_the_path(void **unused)
{
    (void)unused;
    char line[512], path[200], expected[300];
    memset(path, 'd', sizeof path);
    strcpy(path + sizeof path - sizeof "/file.c", "/file.c");
    plait_fail(-EIO, "disk");
    plait_record *r = plait_record_ref(*plait_record_here());
    plait_record_set_task(r, "copy", path, 42);
    plait_error_describe(-EIO, line, sizeof line);
    check_contains(line, "copy (dddd");
    check_contains(line, "/file.c:42) in ");
    snprintf(expected, sizeof expected, "pid %d: disk", (int)getpid());
    check_contains(line, expected);
    plait_record_unref(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_code_has_a_name_and_a_text),
        cmocka_unit_test(a_code_that_nobody_knows_has_a_name_too),
        cmocka_unit_test(own_codes_lie_between_those_of_the_system_and_of_the_user),
        cmocka_unit_test(the_record_tells_code_message_process_and_thread),
        cmocka_unit_test(a_message_is_one_line_and_is_cut),
        cmocka_unit_test(a_message_may_quote_the_one_before),
        cmocka_unit_test(a_cause_is_kept),
        cmocka_unit_test(without_an_earlier_failure_there_is_no_cause),
        cmocka_unit_test(words_belong_to_their_code),
        cmocka_unit_test(a_description_is_cut_and_its_length_is_told),
        cmocka_unit_test(a_failure_without_words_forgets_older_words),
        cmocka_unit_test(without_memory_the_code_alone_remains),
        cmocka_unit_test(what_gave_NULL_failed_with_the_code_of_the_record),
        cmocka_unit_test(a_line_is_printed_in_one_write),
        cmocka_unit_test(each_task_has_a_record_of_its_own),
        cmocka_unit_test(where_a_task_was_submitted_is_told_by_the_end_of_the_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
