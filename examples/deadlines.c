/* deadlines.c: every call that may wait takes one deadline: for ever, not at all, or until then.
   Its code tells how the wait went; a wait that would never end says so.

       cc deadlines.c $(pkg-config --cflags --libs plait) -o deadlines
*/
#include <plait.h>

struct job {
    int number;
};

static int work_off(void *queue)
{
    plait_queue *q = queue;
    struct job job;
    while (plait_queue_get(q, &job, PLAIT_FOREVER) == 0) {
        printf("job %d\n", job.number);
        plait_queue_task_done(q);
    }
    return 0;
}

static void tell(const char *what, int err) { printf("%s: %s\n", what, plait_error_name(err)); }

static int use_queue(plait_queue *q)
{
    struct job job;
    int err = plait_queue_get(q, &job, PLAIT_NOW); /* PLAIT_EAGAIN: nothing there */
    tell("get now", err);
    err = plait_queue_get(q, &job, plait_after(200 * PLAIT_MILLISECOND));
    tell("get within 200 ms", err);

    plait_thread *worker = plait_thread_start(work_off, q, NULL);
    err = worker ? 0 : plait_error_code();
    for (job.number = 1; job.number <= 3 && !err; job.number++) err = plait_queue_put(q, &job, PLAIT_FOREVER);
    if (!err) err = plait_queue_join(q, PLAIT_FOREVER); /* until each job that was put is done */
    tell("join", err);

    plait_queue_close(q); /* no more in: getters drain, then PLAIT_ECLOSED */
    plait_thread_free(worker);
    tell("put when closed", plait_queue_put(q, &job, PLAIT_FOREVER));
    return err;
}

int main(void)
{
    plait_queue *q = plait_queue_new(sizeof(struct job), 128);
    int err = q ? use_queue(q) : plait_error_code();
    plait_queue_free(q);

    static plait_mutex m = PLAIT_MUTEX_INIT; /* zero bytes */
    plait_mutex_lock(&m);                    /* cannot fail */
    plait_deadline deadline = plait_after(PLAIT_SECOND);
    int lock_err = plait_mutex_lock_until(&m, deadline);
    tell("lock again", lock_err); /* what can never be is said at once */
    plait_mutex_unlock(&m);

    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
