/* executor.c: what all executors have in common, as the user calls it. */
#include <plait/executor.h>
#include "base/fork.h"
#include "base/options.h"
#include "future/future.h"
#include <string.h>

/* In a forked child nothing of the pool may be waited for: its threads are not there, its guard may be held by one. */
static bool is_ours(plait_executor *ex) { return !ex->generation || ex->generation == plait_process_generation(); }

void plait_executor_close(plait_executor *ex)
{
    if (!ex) return;
    atomic_store_explicit(&ex->closed, true, memory_order_relaxed); /* a hint: the pool's own word counts */
    if (is_ours(ex)) ex->operations->close(ex);
}

int plait_executor_shutdown_sized(plait_executor *ex, const plait_shutdown_options *options, size_t options_size)
{
    plait_shutdown_options o;
    int err = plait_options_read(&o, sizeof o, options, options_size);
    if (err) return err;
    if (!ex) return plait_fail(PLAIT_EINVAL, "shutdown of no executor: did its constructor fail?");
    if (!is_ours(ex)) return plait_fail(PLAIT_EFORKED, "shutdown in a forked child of an executor of its parent");
    if (ex->operations->shutdown) err = ex->operations->shutdown(ex, &o);
    if (err == PLAIT_ETIMEDOUT || err == PLAIT_EAGAIN) {
        char text[200];
        plait_executor_describe(ex, text, sizeof text);
        return plait_fail(err, "the executor has not ended: %s", text);
    }
    return err == PLAIT_EDEADLK
               ? plait_fail(err, "the executor was shut down by one of its own tasks, which would wait for itself")
               : plait_failed(err);
}

void plait_executor_free(plait_executor *ex)
{
    if (!ex) return;
    plait_executor_close(ex);
    ex->operations->free(ex);
}

void plait_executor_get_statistics(plait_executor *ex, plait_executor_statistics *statistics)
{
    memset(statistics, 0, sizeof *statistics);
    if (!is_ours(ex)) return;
    ex->operations->get_statistics(ex, statistics);
}

size_t plait_executor_list(plait_executor *ex, plait_running_task *list, size_t room)
{
    return is_ours(ex) && ex->operations->list ? ex->operations->list(ex, list, room) : 0;
}

/* What is written to `text` from `length` on; `length` grows as if it had fitted. */
static size_t add(char *text, size_t size, size_t length, const char *format, ...) PLAIT_PRINTF_(4, 5);
static size_t add(char *text, size_t size, size_t length, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int more = vsnprintf(length < size ? text + length : NULL, length < size ? size - length : 0, format, arguments);
    va_end(arguments);
    return length + (more > 0 ? (size_t)more : 0);
}

size_t plait_executor_describe(plait_executor *ex, char *text, size_t size)
{
    enum { SOME = 16 };
    plait_running_task list[SOME];
    plait_executor_statistics s;
    plait_executor_get_statistics(ex, &s);
    size_t running = plait_executor_list(ex, list, SOME);
    size_t length = add(text, size, 0,
                        running == 1 ? "1 task runs"
                        : running    ? "%zu tasks run"
                                     : "no task runs",
                        running);
    for (size_t i = 0; i < running && i < SOME; i++)
        length = add(text, size, length, "%s %s (%s:%d) on %s for %.1f s", i ? "," : ":", list[i].name, list[i].file,
                     list[i].line, list[i].thread, (double)list[i].duration / PLAIT_SECOND);
    if (running > SOME) length = add(text, size, length, ", …");
    if (s.queued) length = add(text, size, length, s.queued == 1 ? "; 1 is queued" : "; %zu are queued", s.queued);
    const char *more = is_ours(ex) && ex->operations->awaited ? ex->operations->awaited(ex) : NULL;
    return more ? add(text, size, length, "; %s", more) : length;
}
