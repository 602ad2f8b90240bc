/* report.c: takes what is reported to the program's hook, or to stderr. What must hold: whoever happens to report
   something keeps its own last error, whatever the hook does; no memory is asked for; and a hook that makes reports
   itself does not meet itself. */
#include "base/report.h"
#include "base/record.h"
#include "base/stop.h"

static _Atomic(const plait_report_hook *) current;
static _Thread_local bool inside;

void plait_report_hook_set(const plait_report_hook *hook)
{
    atomic_store_explicit(&current, hook, memory_order_release); /* what the hook points to comes with it */
}

static int call(const plait_report_hook *hook, const plait_report_info *info)
{
    plait_record **here = plait_record_here(), *record = *here;
    *here = NULL;
    inside = true;
    int err = hook->report(info, hook->context);
    inside = false;
    plait_record_keep(record);
    return err;
}

static void deliver(const plait_report_info *info)
{
    const plait_report_hook *hook = atomic_load_explicit(&current, memory_order_acquire);
    int err = hook && !inside ? call(hook, info) : 0;
    if (err) plait_write_line("the report hook failed: %s (%d); it was told:", plait_error_text(err), err);
    if (!hook || inside || err) plait_write_line("%s", info->text);
}

void plait_report(const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    deliver(&(plait_report_info){ .name = "", .thread = "", .text = text });
}

void plait_report_failure(plait_report_kind kind, const char *name, int code, const plait_error_record *record)
{
    static const char *const sentences[] = { [PLAIT_REPORT_THREAD] = "thread %s failed and nobody joined it: %s",
                                             [PLAIT_REPORT_TASK] = "task %s failed and nobody looked at it: %s",
                                             [PLAIT_REPORT_TIMER] = "timer %s failed: %s",
                                             [PLAIT_REPORT_PROCESS] = "process %s failed and nobody joined it: %s" };
    char words[768], text[1024];
    if (record) plait_record_describe(record, words, sizeof words);
    else snprintf(words, sizeof words, "%s (%d)", plait_error_text(code), code);
    snprintf(text, sizeof text, sentences[kind], name, words);
    const char *thread = kind == PLAIT_REPORT_THREAD ? name : record ? record->thread : "";
    deliver(&(plait_report_info){
        .kind = kind, .code = code, .name = name, .thread = thread, .text = text, .record = record });
}
