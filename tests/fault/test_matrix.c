/* test_matrix.c: each kind of death, at each step of a worker's life, under each setting that could matter: the one task that
   the worker had in hand fails, in words, or is tried again; all others have their results; nothing hangs; nothing is left
   behind. Its last line is "N cases, N passed".

   PLAIT_FAULTS=all runs all of them; else each death meets each step once, the settings changing from one to the next. */
#include "held.h"
#include "hurry.h"
#include "plan.h"
#include "sanitizers.h"
#include "values.h"
#include <plait/map.h>
#include <plait/process_executor.h>
#include <plait/report.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { TASKS = 12, VICTIM = 5, GUARD = 120 /* seconds for a case */ };

/* What becomes of the task that a worker dies in. */
enum retrying { NOT_RETRIED, CURED, IN_VAIN, RETRYINGS }; /* the latter two: 2 retries */
static const char *const retrying_names[RETRYINGS] = { "no retries", "2 retries, 2 deaths", "2 retries, in vain" };

struct fault_case {
    enum death death;
    enum step step;
    int kind, map, retrying, workers, tasks_per_worker, capacity, limited;
};

static const struct fault_case *running; /* for the guard */
static unsigned cases, passed;
static bool right; /* nothing was wrong in this case */

static void name_case(const struct fault_case *c, char *text, size_t size)
{
    snprintf(text, size, "%s at %s, %s by %s, %d worker%s, %s, %s tasks per worker, queue %s%s", death_names[c->death],
             step_names[c->step], kinds[c->kind].name, c->map ? "map" : "submit", c->workers, c->workers > 1 ? "s" : "",
             retrying_names[c->retrying], c->tasks_per_worker ? "2" : "any", c->capacity ? "of 4" : "without bound",
             c->limited ? ", memory limit" : "");
}

__attribute__((format(printf, 1, 2))) static void wrong(const char *format, ...)
{
    char name[256];
    va_list arguments;
    if (right) name_case(running, name, sizeof name), printf("FAILED: %s\n", name);
    right = false;
    va_start(arguments, format);
    fputs("        ", stdout);
    vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
}

static void too_late(int unused)
{
    (void)unused;
    char name[256], line[400];
    name_case(running, name, sizeof name);
    int size = snprintf(line, sizeof line, "FAILED: %s: hangs\n%u cases, %u passed\n", name, cases, passed);
    (void)!write(STDOUT_FILENO, line, (size_t)size);
    abort();
}

/* No worker is beside one that hangs: none but it is met by a clock that is put ahead. */
static bool alone(const struct fault_case *c) { return c->workers == 1 && !c->tasks_per_worker; }

static bool always(const struct fault_case *c) { return c->step == AT_BIRTH && c->retrying == IN_VAIN; }

/* Checks an outcome that is no success. */
static void check_failure(const struct fault_case *c, int i, int code)
{
    const plait_error_record *e = plait_error();
    if (always(c)) {
        if (code != PLAIT_EBROKEN ||
            !strstr(e->message, hangs(c->death) ? "within .start_limit" : "die before their first task"))
            wrong("task %d in a broken pool: %s: %s", i, plait_error_name(code), e->message);
        return;
    }
    if (!loses_a_task(c->step) || c->retrying == CURED || i != VICTIM) {
        wrong("task %d, of which nobody died: %s: %s", i, plait_error_name(code), e->message);
    } else if (hangs(c->death)) {
        if (code != PLAIT_ETASK || !e->cause || e->cause->code != PLAIT_ETIMEDOUT)
            wrong("the victim, which hangs: %s: %s", plait_error_name(code), e->message);
    } else if (code != PLAIT_EWORKER || !strstr(e->message, death_words[c->death]) || e->pid <= 0 ||
               strncmp(e->task, "victim", 6) != 0) {
        wrong("the victim, %s in pid %d: %s: %s", e->task, e->pid, plait_error_name(code), e->message);
    }
}

static bool is_to_fail(const struct fault_case *c, int i)
{
    return always(c) || (loses_a_task(c->step) && c->retrying != CURED && i == VICTIM);
}

static void submit_some(const struct fault_case *c, plait_executor *ex, plait_future **futures, int from, int to)
{
    for (int i = from; i < to; i++) {
        _Alignas(max_align_t) char argument[MOST_OF_A_VALUE];
        const plait_task *task = i == VICTIM ? kinds[c->kind].victim : kinds[c->kind].bystander;
        bool limited = hangs(c->death) && (i == VICTIM || !loses_a_task(c->step)) && c->step != AT_PARTING;
        plait_submit_options o = { .retries = c->retrying ? 2 : 0, .limit = limited ? HURRY_LIMIT : 0 };
        kinds[c->kind].make(i, argument);
        futures[i] = plait_submit_task(ex, task, argument, &o, sizeof o, __FILE__, __LINE__);
        kinds[c->kind].clear(argument);
    }
}

static void await_some(const struct fault_case *c, plait_future **futures, int from, int to)
{
    for (int i = from; i < to; i++) {
        _Alignas(max_align_t) char result[MOST_OF_A_VALUE];
        int code = plait_await_sized(futures[i], result, kinds[c->kind].victim->result_size);
        if (code) check_failure(c, i, code);
        else if (!kinds[c->kind].right(i, result)) wrong("task %d has a wrong result", i);
        else if (is_to_fail(c, i)) wrong("task %d has a result", i);
    }
}

static void run_submits(const struct fault_case *c, plait_executor *ex)
{
    plait_future *futures[TASKS];
    int first = c->step == AT_IDLE ? TASKS / 2 : TASKS;
    submit_some(c, ex, futures, 0, first);
    await_some(c, futures, 0, first);
    if (first == TASKS) return;
    while (!plan->died) nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
    submit_some(c, ex, futures, first, TASKS);
    await_some(c, futures, first, TASKS);
}

/* One that was lost may be any of them: that to which it came. Each has its place, since a slice that dies when all of it has
   run loses none. */
static int keep_words(const plait_map_item *item, void *lost)
{
    const plait_error_record *e = plait_error();
    *(int *)lost += item->error != 0;
    const struct fault_case *c = running;
    if (item->error && !always(c) && !strstr(e->message, death_words[c->death]))
        wrong("item %zu: %s: %s", item->index, plait_error_name(item->error), e->message);
    return 0;
}

static void run_map(const struct fault_case *c, plait_executor *ex)
{
    const struct kind *k = &kinds[c->kind];
    size_t size = k->victim->argument_size;
    int errors[TASKS], failed = 0, lost = 0, times = c->step == AT_IDLE ? 2 : 1;
    for (int time = 0; time < times; time++) {
        char *in = calloc(TASKS, size), *out = calloc(TASKS, k->victim->result_size);
        plait_map_options o = { .chunk = 1, .errors = errors, .each = keep_words, .context = &lost };
        check(in && out);
        for (int i = 0; i < TASKS; i++) k->make(i, in + (size_t)i * size);
        int code = plait_map_task(ex, k->victim, in, TASKS, out, &o, sizeof o, __FILE__, __LINE__);
        if (code) wrong("the map: %s", plait_error_name(code));
        for (int i = 0; i < TASKS; i++) {
            failed += errors[i] != 0;
            if (errors[i] && errors[i] != (always(c) ? PLAIT_EBROKEN : PLAIT_EWORKER))
                wrong("item %d: %s", i, plait_error_name(errors[i]));
            if (!errors[i] && !k->right(i, out + (size_t)i * k->victim->result_size))
                wrong("item %d has a wrong result", i);
            k->clear(in + (size_t)i * size);
        }
        free(in), free(out);
        while (c->step == AT_IDLE && !plan->died) nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
    }
    int expected = always(c) ? TASKS * times : loses_a_task(c->step) ? 1 : 0;
    if (failed != expected || lost != expected) wrong("%d items failed, %d were told, not %d", failed, lost, expected);
}

/* How many deaths are planned, and the fewest that must have come in the end. */
static int deaths_of(const struct fault_case *c, int *fewest)
{
    if (loses_a_task(c->step)) return *fewest = c->retrying == NOT_RETRIED ? 1 : c->retrying == CURED ? 2 : 3;
    *fewest = 1;
    if (always(c)) return ALWAYS;
    return hangs(c->death) ? 1 : 2;
}

/* How often tasks are run: nothing that has an outcome is run again. */
static int runs_of(const struct fault_case *c)
{
    static const int of_the_victim[RETRYINGS] = { 1, 3, 3 }, after_reading[RETRYINGS] = { 0, 1, 0 };
    if (always(c)) return 0;
    if (loses_a_task(c->step)) return TASKS - 1 + (c->step == AT_READING ? after_reading : of_the_victim)[c->retrying];
    return c->map && c->step == AT_IDLE ? 2 * TASKS : TASKS;
}

static void run_case(const struct fault_case *c)
{
    int fewest, deaths = deaths_of(c, &fewest);
    struct held before = held_now();
    running = c;
    right = true;
    cases++;
    alarm(GUARD);
    plan_deaths(c->death, c->step, c->map && loses_a_task(c->step) ? VICTIM : 0, deaths);
    if (hangs(c->death)) hurry_begin(alone(c));
    plait_executor *ex =
        plait_process_executor_new(&(plait_process_options){ .workers = c->workers,
                                                             .tasks_per_worker = c->tasks_per_worker ? 2 : 0,
                                                             .capacity = c->capacity ? 4 : 0,
                                                             .grace = HURRY_GRACE,
                                                             .start_limit = HURRY_LIMIT,
                                                             .memory_limit = c->limited ? (size_t)512 << 20 : 0 });
    check(ex);
    if (c->map) run_map(c, ex);
    else run_submits(c, ex);
    plait_executor_free(ex);
    if (hangs(c->death)) hurry_end();
    if (plan->died < fewest) wrong("%d workers died, not %d", plan->died, fewest);
    if (plan->runs != runs_of(c)) wrong("%d runs of tasks, not %d", plan->runs, runs_of(c));
    if (!held_no_more_than(before)) wrong("something is left behind");
    alarm(0);
    passed += right;
}

/* A map has no limit for its items, so what hangs hangs; and no retries. Where not just the victim has a limit, who hangs is
   alone. For a pool that breaks no value matters. Sanitizers take addresses of their own. */
static bool makes_sense(const struct fault_case *c)
{
    bool hung = hangs(c->death);
    if (always(c) && (c->kind || c->capacity)) return false;
    if (c->step == AT_IDLE && c->tasks_per_worker) return false; /* one that is worn is told to go before it sleeps */
#if defined ASAN || defined TSAN
    if (c->limited) return false;
#endif
    if (c->map && (hung || c->retrying == CURED || (c->retrying == IN_VAIN && c->step != AT_BIRTH))) return false;
    if (c->retrying && !loses_a_task(c->step) && !always(c)) return false;
    return !hung || loses_a_task(c->step) || c->step == AT_PARTING || alone(c);
}

enum { SETTINGS = KINDS * 2 * RETRYINGS * 2 * 2 * 2 * 2 };

static struct fault_case setting(enum death d, enum step s, int n)
{
    struct fault_case c = { .death = d, .step = s };
    c.kind = n % KINDS, n /= KINDS;
    c.map = n % 2, n /= 2;
    c.retrying = n % RETRYINGS, n /= RETRYINGS;
    c.workers = 1 + n % 2, n /= 2;
    c.tasks_per_worker = n % 2, n /= 2;
    c.capacity = n % 2, n /= 2;
    c.limited = n % 2;
    return c;
}

/* The nth of those that make sense, in a walk that comes to all of them. */
static void run_one(enum death d, enum step s, int n)
{
    for (;; n++) {
        struct fault_case c = setting(d, s, n * 131 % SETTINGS); /* 131 has no factor in common with it */
        if (!makes_sense(&c)) continue;
        run_case(&c);
        return;
    }
}

static void run_all(enum death d, enum step s)
{
    for (int n = 0; n < SETTINGS; n++) {
        struct fault_case c = setting(d, s, n);
        if (makes_sense(&c)) run_case(&c);
    }
}

static int keep_quiet(const plait_report_info *info, void *unused)
{
    (void)unused;
    return strstr(info->text, "is broken") ? 0 : -1;
}

int main(void)
{
    static const plait_report_hook quiet = { keep_quiet, NULL };
    const char *which = getenv("PLAIT_FAULTS");
    bool all = which && strcmp(which, "all") == 0;
    plan_look();
    plait_init();
    setvbuf(stdout, NULL, _IOLBF, 0);
    plan_begin();
    plait_report_hook_set(&quiet);
    signal(SIGALRM, too_late);
    plait_executor *first = plait_process_executor_new(NULL); /* what plait keeps is made */
    plait_future_detach(plait_submit_task(first, kinds[0].bystander, &(char[MOST_OF_A_VALUE]){ 0 }, NULL, 0, "", 0));
    plait_executor_free(first);
    for (enum death d = 0; d < DEATHS; d++) {
        unsigned before = cases;
        for (enum step s = 0; s < STEPS; s++) {
            if (all) run_all(d, s);
            else run_one(d, s, (int)(d * STEPS + s));
        }
        printf("%s: %u cases\n", death_names[d], cases - before);
    }
    printf("%u cases, %u passed\n", cases, passed);
    return passed != cases;
}
