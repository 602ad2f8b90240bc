/* rates_pool.c (P8): a pool by hand, four threads that take their work from a queue: how many there
   are no longer depends on how much there is to do. The queue is closed once all the work is in it,
   and a thread ends when it finds it closed and empty. If it ended as soon as it found it empty,
   work that comes late would find no thread left. The threads still print.

       cc rates_pool.c $(pkg-config --cflags --libs plait-http) -o rates_pool
       plait serve --port 8080 &
       ./rates_pool
*/
#include "rates.h"

enum { WORKERS = 4 };

/* Goes on after a failure, which it tells and returns at the end. */
static int work_off(void *queue)
{
    plait_queue *q = queue;
    struct currency base;
    int failed = 0;
    while (plait_queue_get(q, &base, PLAIT_FOREVER) == 0) {
        struct rates rates;
        int err = fetch_rates(&base, &rates);
        if (!err) print_row(&rates);
        else failed = err;
        plait_error_print(stderr, err);
    }
    return failed;
}

static int fetch_all(void)
{
    plait_queue *q = plait_queue_new(sizeof(struct currency), PLAIT_UNBOUNDED);
    if (!q) return plait_error_code();
    plait_thread *workers[WORKERS];
    for (int i = 0; i < WORKERS; i++) workers[i] = plait_thread_start(work_off, q, NULL);

    int err = 0, result = 0;
    for (int i = 0; i < CURRENCIES && !err; i++) err = plait_queue_put(q, &currencies[i], PLAIT_FOREVER);
    plait_queue_close(q);
    for (int i = 0; i < WORKERS; i++) {
        int join_err = plait_thread_join(workers[i], &result, PLAIT_FOREVER);
        if (!err) err = join_err ? join_err : result;
        plait_thread_free(workers[i]);
    }
    plait_queue_free(q);
    return err;
}

int main(void)
{
    int64_t start = plait_time();
    int err = fetch_all();
    print_elapsed(start);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
