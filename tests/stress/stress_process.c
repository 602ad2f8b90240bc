/* stress_process.c: threads and coroutines submit to a pool of worker processes, map over it, cancel, and let tasks crash, while
   workers are killed, or stopped for a while, at random moments. Each future has an outcome, each result is right, each value
   of a map its own fate; at the end the counts agree, and no process is left. */
#include "stress.h"
#include "executor/process_pool.h"
#include <plait.h>
#include <plait/process_executor.h>
#include <plait/report.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { WORKERS = 3, VALUES = 20 };

static plait_executor *pool;
static _Atomic uint64_t kills, lost;

static int twice(const uint64_t *n, uint64_t *out)
{
    for (volatile uint64_t i = *n % 2000; i; i--) {}
    return *out = 2 * *n + 1, 0;
}
PLAIT_TASK(twice, uint64_t, uint64_t);

static int crash(const uint64_t *how)
{
    static const int signals[] = { SIGSEGV, SIGABRT, SIGKILL };
    if (*how == 3) _exit(0);
    signal(signals[*how], SIG_DFL);
    return raise(signals[*how]);
}
PLAIT_TASK(crash, uint64_t, void);

/* What may become of a task that somebody may have cancelled, or whose worker may have been killed. */
static void ended(struct actor *a, int code)
{
    if (code == PLAIT_ECANCELED || code == PLAIT_ETIMEDOUT) {
        tally(a, code);
        return;
    }
    check(code == 0 || code == PLAIT_EWORKER || code == PLAIT_ETASK);
    lost += code == PLAIT_EWORKER;
    a->good++;
}

static bool submitter(struct actor *a)
{
    uint64_t n = dice(a, 1000000), out = 0;
    plait_future *f = plait_submit(pool, twice, &n);
    if (dice(a, 4) == 0) plait_future_cancel(f);
    int code = plait_await(f, &out);
    if (!code) check_number(out, 2 * n + 1);
    ended(a, code);
    return !stopping;
}

static bool crasher(struct actor *a)
{
    int code = plait_await(plait_submit(pool, crash, &(uint64_t){ dice(a, 4) }), NULL);
    check(code != 0);
    ended(a, code);
    pause_briefly(a, 20 * PLAIT_MILLISECOND);
    return !stopping;
}

static bool mapper(struct actor *a)
{
    uint64_t in[VALUES], out[VALUES];
    int errors[VALUES];
    for (int i = 0; i < VALUES; i++) in[i] = dice(a, 1000000);
    int code = plait_map(pool, twice, in, VALUES, out, &(plait_map_options){ .errors = errors });
    for (int i = 0; i < VALUES; i++) {
        if (!errors[i]) check_number(out[i], 2 * in[i] + 1);
        else check(errors[i] == PLAIT_EWORKER || errors[i] == PLAIT_ETASK || errors[i] == PLAIT_ECANCELED);
        check(code || errors[i] != PLAIT_ECANCELED);
    }
    ended(a, code);
    return !stopping;
}

/* Of those that are born: whose workers die at birth again and again, that pool breaks. */
static void signal_one(struct actor *a, bool all, int number)
{
    struct plait_process_pool *p = (struct plait_process_pool *)pool;
    struct plait_endings e = { .ended = NULL };
    uint64_t chosen = dice(a, WORKERS);
    plait_process_pool_lock(p);
    for (struct plait_process_worker *w = p->workers; w; w = w->next)
        if (all || (chosen-- == 0 && w->done)) check_code(plait_process_signal(w->process, number), 0);
    plait_process_pool_unlock(p, &e);
}

static bool killer(struct actor *a)
{
    if (dice(a, 2)) {
        signal_one(a, false, SIGKILL);
        kills++;
    } else {
        signal_one(a, false, SIGSTOP);
        pause_briefly(a, 2 * PLAIT_MILLISECOND);
        signal_one(a, true, SIGCONT);
    }
    pause_briefly(a, 20 * PLAIT_MILLISECOND);
    a->good++;
    return !stopping;
}

static bool right(void)
{
    plait_executor_statistics s;
    check_code(plait_executor_shutdown(pool, NULL), 0);
    plait_executor_get_statistics(pool, &s);
    check_number(s.finished + s.cancelled + s.refused, s.submitted);
    check(s.running == 0 && s.queued == 0 && s.workers == 0);
    plait_executor_free(pool);
    check_number(plait_process_list(NULL, 0), 0);
    printf("%llu tasks, %llu kills, %llu tasks lost with their workers\n", (unsigned long long)s.submitted,
           (unsigned long long)kills, (unsigned long long)lost);
    return true;
}

static int keep_quiet(const plait_report_info *info, void *unused)
{
    (void)unused;
    return info->kind == PLAIT_REPORT_TASK ? 0 : -1;
}

int main(void)
{
    static const plait_report_hook quiet = { keep_quiet, NULL }; /* of those whose await was cut short */
    plait_init();
    plait_report_hook_set(&quiet);
    pool = plait_process_executor_new(&(plait_process_options){ .workers = WORKERS });
    check(pool != NULL);
    cast("submitter", submitter, 2, 4);
    cast("mapper", mapper, 1, 2);
    cast("crasher", crasher, 1, 0);
    cast("killer", killer, 1, 0);
    return stress("process", NULL, right);
}
