/* test_shutdown_states.c: a pool of processes is ended in each state that it can be in, in each way that there is: in bounded
   time, with every future resolved as it should be, and nothing left behind. And its program is killed: no worker outlives it.

   What must hold: nothing here is a matter of time. Tasks and births are held until the stage lets them go, which is memory
   that test, programs and workers share; what a case is to wait for is told there. */
#include "held.h"
#include "runners.h"
#include "stage.h"
#include <plait/process_executor.h>
#include <plait/report.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BEHIND = 6, TINY = 5000, GUARD = 240 /* seconds for a case */ };

/* A case: a state that a pool is brought to, and how it is ended. */
enum ending { BY_FREE, BY_CANCEL, BY_DEADLINE, BY_THE_END_OF_ITS_PROGRAM };
static const char *const ending_names[] = { "free", "a shutdown that cancels", "a shutdown with a deadline",
                                            "the program's end" };
enum { OUTCOMES_VARY = 1 }; /* 0 or cancelled: no outcome's code */

struct scene {
    const struct state *state;
    enum ending ending;
    plait_executor *pool;
    plait_future *futures[TINY];
};
static struct scene scene;

struct state {
    const char *name;
    void (*begin)(void);  /* brings it there */
    void (*strike)(void); /* right before the end */
    void (*let_go)(void); /* when the end is under way, which waits for it; NULL: nothing is held */
    int first, behind;    /* tasks that are held or done, and the others */
    int first_code, behind_code, code_if_cancelled; /* outcomes; the last of those behind */
    bool from_outside;                              /* the test lets go what a program holds */
    bool deaf, starts_fail;                         /* its tasks; its workers */
};

static void begin_pool(void)
{
    plait_process_options o = { .workers = WORKERS, .grace = -1, .start_limit = -1 };
    if (scene.state->deaf) o.grace = PLAIT_MILLISECOND;
    if (scene.state->starts_fail && scene.ending != BY_CANCEL) o.start_limit = PLAIT_MILLISECOND;
    check((scene.pool = plait_process_executor_new(&o)));
}

static void submit_some(const plait_task *task, int from, int to)
{
    for (int i = from; i < to; i++)
        scene.futures[i] = plait_submit_task(scene.pool, task, NULL, NULL, 0, __FILE__, __LINE__);
}

/* Each worker is in one of the first, before there are others. */
static void until_each_is_in(const plait_task *task)
{
    int first = scene.state->first, count = first + scene.state->behind;
    begin_pool();
    submit_some(task, 0, first);
    until(stage->come == WORKERS);
    submit_some(&be_tiny_plait_task, first, count);
}

static void until_busy(void) { until_each_is_in(&be_held_plait_task); }
static void until_deaf(void) { until_each_is_in(&compute_for_ever_plait_task); }

static void until_idle(void)
{
    until_busy();
    stage->open = true;
    for (int i = 0; i < WORKERS; i++) check_code(plait_future_wait(scene.futures[i], PLAIT_FOREVER), 0);
}

static void until_full(void)
{
    begin_pool();
    submit_some(&be_tiny_plait_task, 0, scene.state->behind);
}

static void until_half_started(void)
{
    stage->births_held = true;
    until_full();
    until(stage->come >= WORKERS || (scene.state->starts_fail && scene.ending != BY_CANCEL));
}

static void kill_workers(void)
{
    for (int i = 0; i < WORKERS; i++) check_number(kill(stage->workers[i], SIGKILL), 0);
}

static void open_stage(void)
{
    stage->open = true;
    stage->births_held = false;
}

static void cancel_first(void)
{
    for (int i = 0; i < scene.state->first; i++) check(!plait_future_cancel(scene.futures[i]));
}

enum { IDLE = 1, BUSY = 2, DEAF = 4, HALF_STARTED = 5 };
static const struct state states[] = {
    { .name = "never used", .begin = begin_pool },
    { .name = "idle", .begin = until_idle, .first = WORKERS },
    { .name = "busy",
      .begin = until_busy,
      .let_go = open_stage,
      .first = WORKERS,
      .behind = BEHIND,
      .code_if_cancelled = PLAIT_ECANCELED,
      .from_outside = true },
    { .name = "busy with what is cancelled",
      .begin = until_busy,
      .let_go = cancel_first,
      .first = WORKERS,
      .behind = BEHIND,
      .first_code = PLAIT_ECANCELED,
      .code_if_cancelled = PLAIT_ECANCELED },
    { .name = "busy and deaf",
      .begin = until_deaf,
      .let_go = cancel_first,
      .first = WORKERS,
      .behind = BEHIND,
      .first_code = PLAIT_ECANCELED,
      .code_if_cancelled = PLAIT_ECANCELED,
      .deaf = true },
    { .name = "half started",
      .begin = until_half_started,
      .let_go = open_stage,
      .behind = BEHIND,
      .code_if_cancelled = PLAIT_ECANCELED,
      .from_outside = true },
    { .name = "never started",
      .begin = until_half_started,
      .behind = BEHIND,
      .behind_code = PLAIT_EBROKEN,
      .code_if_cancelled = PLAIT_ECANCELED,
      .starts_fail = true },
    { .name = "dying workers",
      .begin = until_busy,
      .strike = kill_workers,
      .first = WORKERS,
      .behind = BEHIND,
      .first_code = PLAIT_EWORKER,
      .code_if_cancelled = OUTCOMES_VARY },
    { .name = "full rings", .begin = until_full, .behind = TINY, .code_if_cancelled = OUTCOMES_VARY },
};
enum { STATES = sizeof states / sizeof *states };

/* The outcome of one that is done, which is right or not. */
static void see(plait_future *f, void *at)
{
    const struct state *s = scene.state;
    bool first = (plait_future **)at - scene.futures < s->first;
    int code = plait_future_result(f, NULL);
    if (code == PLAIT_ETASK && plait_error()->cause) code = plait_error()->cause->code;
    int expected = first ? s->first_code : scene.ending == BY_CANCEL ? s->code_if_cancelled : s->behind_code;
    if (code == expected || (expected == OUTCOMES_VARY && (code == 0 || code == PLAIT_ECANCELED))) stage->right++;
    else
        fprintf(stderr, "%s, ended by %s: a task that was %s: %s\n", s->name, ending_names[scene.ending],
                first ? "held" : "behind", plait_error_name(code));
    stage->successes += code == 0;
}

static int free_pool(void *pool) { return plait_executor_free(pool), 0; }

/* Ends it in this process. */
static void end_here(void)
{
    const struct state *s = scene.state;
    int code = 0, late = 0;
    if (s->strike) s->strike();
    if (scene.ending == BY_CANCEL) {
        late = PLAIT_EAGAIN;
        code = plait_executor_shutdown(scene.pool, &(plait_shutdown_options){ .deadline = PLAIT_NOW, .cancel = true });
        for (int i = s->first; i < s->first + s->behind; i++) /* while all else is held */
            check_code(plait_future_wait(scene.futures[i], PLAIT_FOREVER), 0);
    } else if (scene.ending == BY_DEADLINE) {
        late = PLAIT_ETIMEDOUT;
        code = plait_executor_shutdown(
            scene.pool, &(plait_shutdown_options){ .deadline = plait_after(PLAIT_MILLISECOND), .cancel = false });
    }
    check(code == late || (code == 0 && !s->let_go));
    if (s->let_go) {
        struct runner *other = runner_start(free_pool, scene.pool);
        until_asleep(other);
        s->let_go();
        check_code(runner_join(other), 0);
    } else {
        plait_executor_free(scene.pool);
    }
    for (int i = 0; i < s->first + s->behind; i++) {
        see(scene.futures[i], &scene.futures[i]);
        plait_future_unref(scene.futures[i]);
    }
}

/* Programs. */
struct part {
    int state;
    enum ending ending;
};

static void act(const struct part *p)
{
    scene.state = &states[p->state];
    scene.ending = p->ending;
    scene.state->begin();
    stage->ready = true;
}

static int leave_a_pool(const struct part *p)
{
    const struct state *s;
    act(p);
    s = scene.state;
    until(stage->begin_the_end);
    for (int i = 0; i < s->first + s->behind; i++)
        check_code(plait_future_add_callback(scene.futures[i], see, &scene.futures[i]), 0);
    if (s->strike) s->strike();
    if (s->let_go && !s->from_outside) s->let_go();
    for (int i = 0; i < s->first + s->behind; i++) plait_future_detach(scene.futures[i]);
    stage->leaving = true;
    return 0;
}
PLAIT_TASK(leave_a_pool, struct part, void);

static int stay(const struct part *p)
{
    act(p);
    for (;;) pause();
    return 0;
}
PLAIT_TASK(stay, struct part, void);

/* Opened while they are held, or idle. */
static void watch_workers(int *ends)
{
    bool there = scene.state->first || scene.state->let_go;
    for (int i = 0; i < WORKERS; i++) {
        ends[i] = there ? (int)syscall(SYS_pidfd_open, stage->workers[i], 0) : -1;
        check(ends[i] >= 0 || !there);
    }
}

static void check_they_end(const int *ends, int by)
{
    for (int i = 0; i < WORKERS; i++) {
        if (ends[i] < 0) continue;
        check_number(poll(&(struct pollfd){ .fd = ends[i], .events = POLLIN }, 1, by), 1);
        close(ends[i]);
    }
}

static void end_a_program(const struct part *part, int *ends)
{
    int code = 1, status = 1;
    const struct state *s = &states[part->state];
    plait_process *p = plait_process_start(leave_a_pool, part);
    check(p);
    until(stage->ready);
    watch_workers(ends);
    stage->begin_the_end = true;
    until(stage->leaving);
    if (s->from_outside) s->let_go();
    check_code(plait_process_join(p, &code, PLAIT_FOREVER), 0);
    check_code(code, 0);
    check(plait_process_exit_code(p, &status));
    check_number(status, 0);
    plait_process_free(p);
}

static void too_late(int unused)
{
    (void)unused;
    char line[200];
    int size = snprintf(line, sizeof line, "hangs: %s, ended by %s\n", scene.state->name, ending_names[scene.ending]);
    (void)!write(STDERR_FILENO, line, (size_t)size);
    abort();
}

static void clear_stage(const struct part *part)
{
    stage_clear();
    scene.state = &states[part->state];
    scene.ending = part->ending;
    alarm(GUARD);
}

static void run_case(const struct part *part)
{
    int ends[WORKERS];
    clear_stage(part);
    if (part->ending == BY_THE_END_OF_ITS_PROGRAM) {
        end_a_program(part, ends);
    } else {
        act(part);
        watch_workers(ends);
        end_here();
    }
    check_they_end(ends, 0);
    check_number(stage->right, scene.state->first + scene.state->behind);
    check_number(stage->runs, stage->successes); /* none twice, none that was cancelled */
    check_number(plait_process_list(NULL, 0), 0);
    alarm(0);
}

static void end_in_each_state(enum ending ending)
{
    for (int i = 0; i < STATES; i++) {
        struct held before = held_now();
        run_case(&(struct part){ i, ending });
        check(held_no_more_than(before));
    }
}

static void E16_E20_X12_X30_a_free_in_each_state(void **unused)
{
    (void)unused;
    end_in_each_state(BY_FREE);
}

static void E19_E20_X12_X30_M16_a_shutdown_that_cancels_in_each_state(void **unused)
{
    (void)unused;
    end_in_each_state(BY_CANCEL);
}

static void M15_E20_X12_X30_a_shutdown_with_a_deadline_and_a_free_in_each_state(void **unused)
{
    (void)unused;
    end_in_each_state(BY_DEADLINE);
}

static void E27_M15_X30_the_end_of_a_program_with_a_pool_in_each_state(void **unused)
{
    (void)unused;
    end_in_each_state(BY_THE_END_OF_ITS_PROGRAM);
}

static void M3_no_worker_outlives_a_program_that_is_killed_whatever_it_does(void **unused)
{
    (void)unused;
    static const int in[] = { BUSY, DEAF, HALF_STARTED }, by[] = { SIGTERM, SIGKILL };
    for (int i = 0; i < 6; i++) {
        int ends[WORKERS], code = 0, status;
        struct part part = { in[i / 2], BY_THE_END_OF_ITS_PROGRAM };
        struct held before = held_now();
        clear_stage(&part);
        plait_process *p = plait_process_start(stay, &part);
        check(p);
        until(stage->ready);
        watch_workers(ends);
        check_code(plait_process_signal(p, by[i % 2]), 0);
        check_code(plait_process_join(p, &code, PLAIT_FOREVER), 0);
        check_code(code, PLAIT_EWORKER);
        check(plait_process_exit_code(p, &status));
        check_number(status, -by[i % 2]);
        plait_process_free(p);
        check_they_end(ends, -1);
        check_number(stage->runs, 0);
        check(held_no_more_than(before));
        alarm(0);
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
    stage_look();
    plait_report_hook_set(&quiet);
    plait_init();
    stage_begin();
    signal(SIGALRM, too_late);
    held_settle();
    run_case(&(struct part){ IDLE, BY_FREE }); /* what is there from the first time on */
    run_case(&(struct part){ IDLE, BY_THE_END_OF_ITS_PROGRAM });
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E16_E20_X12_X30_a_free_in_each_state),
        cmocka_unit_test(E19_E20_X12_X30_M16_a_shutdown_that_cancels_in_each_state),
        cmocka_unit_test(M15_E20_X12_X30_a_shutdown_with_a_deadline_and_a_free_in_each_state),
        cmocka_unit_test(E27_M15_X30_the_end_of_a_program_with_a_pool_in_each_state),
        cmocka_unit_test(M3_no_worker_outlives_a_program_that_is_killed_whatever_it_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
