/* test_report.c: failures that nobody looked at: to the program's hook, or to stderr. */
#include "child.h"
#include "runners.h"
#include "base/report.h"
#include "base/stop.h"
#include <plait/executor.h>
#include <plait/thread.h>
#include <pthread.h>

struct told {
    plait_report_info info; /* of the last report */
    char name[64], thread[64], text[256], file[128], message[128];
    int line;
    _Atomic size_t times;
    int (*act)(struct told *);
};

static void copy(char *to, size_t size, const char *from) { snprintf(to, size, "%s", from); }

static int is_told(const plait_report_info *info, void *told)
{
    struct told *t = told;
    t->info = *info;
    copy(t->name, sizeof t->name, info->name);
    copy(t->thread, sizeof t->thread, info->thread);
    copy(t->text, sizeof t->text, info->text);
    copy(t->file, sizeof t->file, info->record ? info->record->file : "");
    copy(t->message, sizeof t->message, info->record ? info->record->message : "");
    t->line = info->record ? info->record->line : 0;
    t->times++;
    return t->act ? t->act(t) : 0;
}

/* All run in a child, since what they leave behind is for the whole process, and to see what goes to stderr. */
static struct told told;
static const plait_report_hook hook = { is_told, &told };

static void says(int (*function)(void *), const char *words)
{
    char said[4096];
    int status = child_run(function, NULL, said, sizeof said);
    if (status) fputs(said, stderr);
    check_number(status, 0);
    check_string(said, words);
}

static int fails(void *unused)
{
    (void)unused;
    return plait_fail(-EIO, "the disk is on fire");
}

static int breaks(const int *code) { return plait_fail(*code, "it broke"); }
PLAIT_TASK(breaks, int, void);

static int task_line;
static void drop_one_that_failed(void)
{
    int code = -ENOENT;
    task_line = __LINE__ + 1;
    plait_future *f = plait_submit(plait_inline_executor(), breaks, &code);
    plait_future_unref(f);
}

static void free_a_thread_that_failed(const char *name)
{
    plait_thread_free(plait_thread_start(fails, NULL, &(plait_thread_start_options){ .name = name }));
}

static int a_hook_is_told(void *unused)
{
    (void)unused;
    plait_report_hook_set(&hook);
    free_a_thread_that_failed("worried");
    check_number(told.times, 1);
    check_number(told.info.kind, PLAIT_REPORT_THREAD);
    check_code(told.info.code, -EIO);
    check_string(told.name, "worried");
    check_string(told.thread, "worried");
    check_string(told.text, "thread worried failed and nobody joined it: the disk is on fire");
    check_string(told.message, "the disk is on fire");
    drop_one_that_failed();
    check_number(told.times, 2);
    check_number(told.info.kind, PLAIT_REPORT_TASK);
    check_code(told.info.code, -ENOENT);
    check_string(told.name, "breaks");
    check_contains(told.text, "task breaks failed and nobody looked at it: ");
    check_contains(told.file, "test_report.c");
    check_number(told.line, task_line);
    check_contains(told.message, "it broke");
    plait_report("something %s", "else");
    check_number(told.times, 3);
    check_number(told.info.kind, PLAIT_REPORT_NOTICE);
    check_code(told.info.code, 0);
    check_string(told.name, "");
    check_string(told.text, "something else");
    check(!told.info.record);
    return 0;
}

static void T14_the_hook_gets_kind_code_origin_and_thread(void **unused)
{
    (void)unused;
    says(a_hook_is_told, "");
}

static void *drops_one_abroad(void *unused)
{
    pthread_setname_np(pthread_self(), "foreign");
    drop_one_that_failed();
    return unused;
}

static int foreign_threads_report(void *unused)
{
    pthread_t thread;
    plait_report_hook_set(&hook);
    check_number(pthread_create(&thread, NULL, drops_one_abroad, unused), 0);
    check_number(pthread_join(thread, NULL), 0);
    check_number(told.times, 1);
    check_string(told.name, "breaks");
    check_string(told.thread, "foreign");
    return 0;
}

static void T14_the_hook_is_told_of_threads_that_plait_did_not_start(void **unused)
{
    (void)unused;
    says(foreign_threads_report, "");
}

static int fails_itself(struct told *t)
{
    (void)t;
    return plait_fail(PLAIT_EUSER - 1, "no line to headquarters");
}

static int a_hook_fails(void *unused)
{
    (void)unused;
    told.act = fails_itself;
    plait_report_hook_set(&hook);
    free_a_thread_that_failed("worried");
    return 0;
}

static void T15_what_a_failing_hook_was_told_goes_to_stderr(void **unused)
{
    (void)unused;
    says(a_hook_fails, "plait: the report hook failed: an error of the program's own (-10001); it was told:\n"
                       "plait: thread worried failed and nobody joined it: the disk is on fire\n");
}

static int leaves_silently(void *unused)
{
    (void)unused;
    pthread_exit(NULL);
}

static int one_leaves_silently(void *unused)
{
    (void)unused;
    plait_report_hook_set(&hook);
    plait_thread *t = plait_thread_start(leaves_silently, NULL, NULL);
    plait_thread_free(t);
    return (int)told.times;
}

static void T16_a_thread_that_exits_is_not_reported(void **unused)
{
    (void)unused;
    says(one_leaves_silently, "");
}

static int the_hook_is_taken_away(void *unused)
{
    (void)unused;
    plait_report_hook_set(&hook);
    free_a_thread_that_failed("first");
    plait_report_hook_set(NULL);
    free_a_thread_that_failed("second");
    check_number(told.times, 1);
    plait_report_hook_set(&hook);
    drop_one_that_failed();
    check_number(told.times, 2);
    return 0;
}

static void T17_without_the_hook_it_is_as_before(void **unused)
{
    (void)unused;
    says(the_hook_is_taken_away, "plait: thread second failed and nobody joined it: the disk is on fire\n");
}

static int uses_plait(struct told *t)
{
    (void)t;
    plait_thread *helper = plait_thread_start(fails, NULL, NULL);
    int result;
    check_code(plait_thread_join(helper, &result, PLAIT_FOREVER), 0);
    check_code(result, -EIO);
    plait_thread_free(helper);
    check_code(plait_sleep(PLAIT_MICROSECOND), 0);
    (void)plait_fail(-EBADF, "the hook's own affair");
    free_a_thread_that_failed("nested"); /* does not come here again */
    return 0;
}

static int a_hook_uses_plait(void *unused)
{
    (void)unused;
    told.act = uses_plait;
    plait_report_hook_set(&hook);
    int err = plait_fail(-EDOM, "what the program has to say");
    drop_one_that_failed();
    check_number(told.times, 1);
    check(plait_error());
    check_code(plait_error()->code, err); /* its words are still there */
    check_string(plait_error()->message, "what the program has to say");
    return 0;
}

static void T14_the_hook_may_use_plait(void **unused)
{
    (void)unused;
    says(a_hook_uses_plait, "plait: thread nested failed and nobody joined it: the disk is on fire\n");
}

static int detached_one_fails(void *unused)
{
    (void)unused;
    plait_report_hook_set(&hook);
    plait_thread_detach(plait_thread_start(fails, NULL, &(plait_thread_start_options){ .name = "alone" }));
    until(told.times == 1);
    return 0;
}

static void T13_a_detached_thread_is_reported_where_it_ends(void **unused)
{
    (void)unused;
    says(detached_one_fails, "");
}

static int joined_with_words(void *unused)
{
    (void)unused;
    plait_report_hook_set(&hook);
    plait_thread *t = plait_thread_start(fails, NULL, NULL);
    int result;
    check_code(plait_thread_join(t, &result, PLAIT_FOREVER), 0);
    check_code(plait_error()->code, result);
    check_string(plait_error()->message, "the disk is on fire");
    plait_thread_free(t);
    return (int)told.times;
}

static void T13_who_joins_has_the_words_and_nothing_is_reported(void **unused)
{
    (void)unused;
    says(joined_with_words, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(T13_a_detached_thread_is_reported_where_it_ends),
        cmocka_unit_test(T13_who_joins_has_the_words_and_nothing_is_reported),
        cmocka_unit_test(T14_the_hook_gets_kind_code_origin_and_thread),
        cmocka_unit_test(T14_the_hook_is_told_of_threads_that_plait_did_not_start),
        cmocka_unit_test(T14_the_hook_may_use_plait),
        cmocka_unit_test(T15_what_a_failing_hook_was_told_goes_to_stderr),
        cmocka_unit_test(T16_a_thread_that_exits_is_not_reported),
        cmocka_unit_test(T17_without_the_hook_it_is_as_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
