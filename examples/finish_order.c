/* finish_order.c (P33): results in the order in which they are finished. Five tasks sleep, the first
   one longest: to await them in the order of their submits is to wait for the longest before
   anything is told. A set of completions gives each back as it ends. With one worker they end in the
   order in which they began.

       cc finish_order.c $(pkg-config --cflags --libs plait) -o finish_order
*/
#include <plait.h>

enum { TASKS = 5 };

/* So that the order is certain on the busiest machine, each task also waits until the one that
   sleeps less has been told of: told[n] is of task n. */
static plait_event told[TASKS + 1];

static int sleep_well(const int *id)
{
    int err = plait_sleep((TASKS - *id) * 20 * PLAIT_MILLISECOND);
    return err ? err : plait_event_wait(&told[*id + 1], plait_after(30 * PLAIT_SECOND));
}
PLAIT_TASK(sleep_well, int, void);

/* Tells of each as it ends. Returns the first failure. */
static int tell_as_they_end(plait_executor *ex)
{
    plait_completions *c = plait_completions_new();
    if (!c) return plait_error_code();
    for (int id = 0; id < TASKS; id++) plait_completions_add(c, plait_submit(ex, sleep_well, &id));
    int err = 0, next_err;
    plait_future *f;
    while ((next_err = plait_completions_next(c, &f, PLAIT_FOREVER)) == 0) {
        int id = *(const int *)plait_future_argument(f); /* the argument lives in the future */
        int task_err = plait_await(f, NULL);
        if (!err) err = task_err;
        if (!task_err) printf("Return of ID: %d\n", id);
        plait_event_set(&told[id]);
    }
    plait_completions_free(c);
    return err || next_err == PLAIT_EDONE ? err : next_err; /* PLAIT_EDONE: all have been given back */
}

static int run(int workers)
{
    plait_executor *ex = plait_thread_executor_new(&(plait_thread_options){ .workers = workers });
    if (!ex) return plait_error_code();
    int64_t start = plait_time();
    int err = tell_as_they_end(ex);
    if (!err) printf("%d at a time: %.2f s\n", workers, (double)(plait_time() - start) / PLAIT_SECOND);
    plait_executor_free(ex);
    return err;
}

int main(void)
{
    plait_event_set(&told[TASKS]); /* before the shortest there is none */
    int err = run(TASKS);
    for (int id = 0; id < TASKS; id++) plait_event_set(&told[id]);
    if (!err) err = run(1);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
