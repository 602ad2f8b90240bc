/* first_of_four.c (P34): four tasks, each as slow as chance will have it. plait_wait returns as soon as
   one is done, and moves what is done to the front; or when all are done; or when one has failed. It
   only waits: it starts nothing, ends nothing, and those that it has not waited for go on.

       cc first_of_four.c $(pkg-config --cflags --libs plait) -o first_of_four
*/
#include <plait.h>
#include <stdlib.h>

enum { TASKS = 4 };

static int sleep_for(const int *milliseconds, int *slept)
{
    *slept = *milliseconds;
    return plait_sleep(*milliseconds * PLAIT_MILLISECOND);
}
PLAIT_TASK(sleep_for, int, int);

/* Waits as `mode` says, and tells how many are done. */
static int wait_for(plait_future **fs, plait_wait_mode mode)
{
    size_t done;
    int err = plait_wait(fs, TASKS, mode, PLAIT_FOREVER, &done);
    if (!err) printf("Done: %zu, not done: %zu\n", done, TASKS - done);
    return err;
}

int main(void)
{
    plait_executor *ex = plait_thread_executor_new(&(plait_thread_options){ .workers = TASKS });
    if (!ex) {
        plait_error_print(stderr, plait_error_code());
        return plait_exit_status(plait_error_code());
    }
    plait_future *fs[TASKS];
    srand((unsigned)plait_time());
    for (int i = 0; i < TASKS; i++) fs[i] = plait_submit(ex, sleep_for, &(int){ 10 + rand() % 90 });

    int slept = 0, err = wait_for(fs, PLAIT_FIRST_COMPLETED);
    if (!err) err = plait_future_result(fs[0], &slept); /* of one that is done: read, not ended */
    if (!err) printf("one of the first has slept %d ms\n", slept);
    if (!err) err = wait_for(fs, PLAIT_ALL_COMPLETED);

    int results[TASKS];
    int gather_err = plait_gather(fs, TASKS, results, NULL); /* ends them all */
    if (!err) err = gather_err;
    plait_executor_free(ex);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
