/* rates_errors.c (P10): one request fails: XYZ is no currency, and the server refuses it. First
   with a pool by hand, whose worker ends when it fails and forgets to mark its item as done:
   whoever waits for all the work waits for ever. Then with futures: the failure comes to the one
   who awaits, with the task, where it was submitted and what happened, and no other row is lost.

       cc rates_errors.c $(pkg-config --cflags --libs plait-http) -o rates_errors
       plait serve --port 8080 &
       ./rates_errors
*/
#include "rates.h"

static const struct currency bases[] = { { "USD" }, { "EUR" }, { "XYZ" }, { "NOK" }, { "CZK" } };
enum { BASES = sizeof bases / sizeof *bases, WORKERS = 4 };

static int careless_worker(void *queue)
{
    plait_queue *q = queue;
    struct currency base;
    int err;
    while ((err = plait_queue_get(q, &base, PLAIT_NOW)) == 0) {
        struct rates rates;
        err = fetch_rates(&base, &rates);
        if (err) return err; /* and no plait_queue_task_done */
        plait_queue_task_done(q);
    }
    return err == PLAIT_EAGAIN ? 0 : err; /* nothing there */
}

static int by_hand(void)
{
    plait_queue *q = plait_queue_new(sizeof(struct currency), BASES);
    if (!q) return plait_error_code();
    int err = 0;
    for (int i = 0; i < BASES && !err; i++) err = plait_queue_put(q, &bases[i], PLAIT_FOREVER);
    plait_thread *workers[WORKERS];
    for (int i = 0; i < WORKERS; i++) workers[i] = plait_thread_start(careless_worker, q, NULL);

    if (!err) err = plait_queue_join(q, plait_after(PLAIT_SECOND)); /* PLAIT_FOREVER would be just that */
    printf("by hand: %s\n", err ? plait_error_text(err) : "all is done");
    for (int i = 0; i < WORKERS; i++) plait_thread_free(workers[i]); /* reports how one ended, as nobody joined it */
    plait_queue_free(q);
    return err;
}

static int with_futures(void)
{
    plait_executor *ex = plait_thread_executor_new(&(plait_thread_options){ .workers = WORKERS, .name = "fetch" });
    plait_future *futures[BASES];
    for (int i = 0; i < BASES; i++) futures[i] = plait_submit(ex, fetch_rates, &bases[i]);

    int failed = 0;
    for (int i = 0; i < BASES; i++) {
        struct rates rates;
        int err = plait_await(futures[i], &rates);
        if (!err) print_row(&rates);
        else failed = err;
        plait_error_print(stderr, err);
    }
    plait_executor_free(ex);
    return failed;
}

int main(void)
{
    (void)by_hand();
    puts("with futures:");
    int64_t start = plait_time();
    int err = with_futures();
    print_elapsed(start);
    return plait_exit_status(err);
}
