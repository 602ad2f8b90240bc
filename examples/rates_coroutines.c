/* rates_coroutines.c (P23): a coroutine for each base, and one thread for all. The task is the one that
   the threads ran: where its HTTP call made a thread block, it makes a coroutine yield. No pool, and
   nothing to lock.

       cc rates_coroutines.c $(pkg-config --cflags --libs plait-http) -o rates_coroutines
       plait serve --port 8080 &
       ./rates_coroutines
*/
#include "rates.h"

static int async_main(void)
{
    plait_future *futures[CURRENCIES];
    for (int i = 0; i < CURRENCIES; i++) futures[i] = plait_spawn(fetch_rates, &currencies[i]);

    int failed = 0;
    for (int i = 0; i < CURRENCIES; i++) {
        struct rates rates;
        int err = plait_await(futures[i], &rates);
        if (!err) print_row(&rates);
        else failed = err;
        plait_error_print(stderr, err);
    }
    return failed;
}
PLAIT_TASK(async_main, void, void);

int main(void)
{
    int64_t start = plait_time();
    int err = plait_run(async_main, NULL, NULL);
    print_elapsed(start);
    return plait_exit_status(err);
}
