/* test_reported.c: what is reported by itself, always and without any mode: a failure that nobody looked at, once, by the
   task's name and the place of its submit; and nothing else. */
#include "future/beside.h"

PLAIT_PROMISE(number, int);

static struct {
    _Atomic int count;
    plait_report_kind kind;
    int code, line;
    char name[40], text[400], file[200];
} last;

static int remember(const plait_report_info *report, void *unused)
{
    (void)unused;
    last.kind = report->kind, last.code = report->code;
    snprintf(last.name, sizeof last.name, "%s", report->name);
    snprintf(last.text, sizeof last.text, "%s", report->text);
    if (report->record) {
        last.line = report->record->line;
        snprintf(last.file, sizeof last.file, "%s", report->record->file);
    }
    last.count++;
    return 0;
}
static const plait_report_hook hook = { .report = remember };

static void begin(void)
{
    memset(&last, 0, sizeof last);
    plait_report_hook_set(&hook);
}
static void end(int reports)
{
    check_number(last.count, reports);
    plait_report_hook_set(NULL);
}

TEST_WITH_TASKS(AF12_AF19_AD2_AD3_AD4_AD5_AT40_a_failure_that_nobody_reads_is_reported_once_by_name_and_place)
{
    int code = -EIO;
    for (int named = 0; named < 2; named++) {
        begin();
        plait_submit_options o = { .name = named ? "a name of its own" : NULL };
        plait_future *f = plait_submit_with(ex, &o, fail_in_words, &code);
        int line = __LINE__ - 1;
        check_code(plait_future_wait(f, PLAIT_FOREVER), 0); /* which is no look at it */
        check_number(last.count, 0);
        plait_future_unref(f);
        until(last.count == 1);
        check_number(last.kind, PLAIT_REPORT_TASK);
        check_code(last.code, -EIO);
        check_string(last.name, named ? "a name of its own" : "fail_in_words");
        check_contains(last.text, last.name);
        check_contains(last.text, "nobody looked at it");
        check_contains(last.text, "no luck with -5");
        check_contains(last.file, "test_reported.c");
        check_number(last.line, line);
        char place[80];
        snprintf(place, sizeof place, "test_reported.c:%d", line);
        check_contains(last.text, place);
        end(1);
    }
}

TEST_WITH_TASKS(AF13_who_has_read_it_or_cancelled_it_is_told_no_more)
{
    int code = -EIO;
    struct gate gate = { 0 }, *at = &gate;
    begin();
    check_code(plait_await(plait_submit(ex, fail_in_words, &code), NULL), -EIO);
    plait_future *f = plait_submit(ex, fail_in_words, &code);
    check_code(plait_future_wait(f, PLAIT_FOREVER), 0);
    check_code(plait_future_result(f, NULL), -EIO);
    plait_future_unref(f);
    f = plait_submit(ex, pass, &at);
    until_arrived(&gate, 1);
    plait_future_cancel(f);
    check_code(plait_future_wait(f, PLAIT_FOREVER), 0); /* it ended as one that was cancelled */
    plait_future_unref(f);
    plait_promise *p = plait_promise_new(number, &f);
    check(plait_future_cancel(f));
    plait_future_unref(f);
    plait_promise_free(p);
    end(0);
}

TEST_WITH_TASKS(AF14_values_that_nobody_reads_are_not_reported)
{
    begin();
    int n = 3;
    plait_future *f = plait_submit(ex, square, &n);
    check_code(plait_future_wait(f, PLAIT_FOREVER), 0);
    plait_future_unref(f);
    plait_future_detach(plait_submit(ex, square, &n));
    f = plait_submit(ex, nothing, NULL);
    check_code(plait_await(f, NULL), 0);
    end(0);
}

TEST_WITH_TASKS(AT37_a_cancel_that_comes_too_late_is_no_look_at_a_failure)
{
    int code = -EIO;
    begin();
    plait_future *f = plait_submit(ex, fail_in_words, &code);
    check_code(plait_future_wait(f, PLAIT_FOREVER), 0);
    check(!plait_future_cancel(f));
    plait_future_unref(f);
    until(last.count == 1);
    end(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(AF12_AF19_AD2_AD3_AD4_AD5_AT40_a_failure_that_nobody_reads_is_reported_once_by_name_and_place),
        cmocka_unit_test(AF13_who_has_read_it_or_cancelled_it_is_told_no_more),
        cmocka_unit_test(AF14_values_that_nobody_reads_are_not_reported),
        cmocka_unit_test(AT37_a_cancel_that_comes_too_late_is_no_look_at_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
