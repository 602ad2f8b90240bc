/* rates_coroutines_pool.c (P25): the fetch blocks, say, since its library knows no coroutines. Each coroutine
   submits it to a pool of threads and awaits it: so one coroutine waits, and the loop is free. To run
   something in an executor is to submit it, and what a coroutine awaits may be a thread's.

       cc rates_coroutines_pool.c $(pkg-config --cflags --libs plait-http) -o rates_coroutines_pool
       plait serve --port 8080 &
       ./rates_coroutines_pool
*/
#include "rates.h"

static plait_executor *pool;

static int fetch_in_pool(const struct currency *base, struct rates *rates)
{
    return plait_await(plait_submit(pool, fetch_rates, base), rates);
}
PLAIT_TASK(fetch_in_pool, struct currency, struct rates);

static int async_main(void)
{
    struct rates all[CURRENCIES];
    int err = plait_map(plait_loop_executor(), fetch_in_pool, currencies, CURRENCIES, all, NULL);
    for (int i = 0; i < CURRENCIES && !err; i++) print_row(&all[i]); /* in the order of the bases */
    return err;
}
PLAIT_TASK(async_main, void, void);

int main(void)
{
    int64_t start = plait_time();
    pool = plait_thread_executor_new(&(plait_thread_options){ .workers = 4 });
    int err = plait_run(async_main, NULL, NULL);
    plait_executor_free(pool);
    print_elapsed(start);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
