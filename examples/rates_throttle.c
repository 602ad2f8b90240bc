/* rates_throttle.c (P11): the server allows ten requests a second. Trying again after a refusal
   does not help, since it counts those that it refuses too; what helps is not to ask too early. All
   tasks share a throttle into which tokens drip at that rate. Each request takes one, and sleeps
   until its turn has come if there is none. It begins empty and never holds more than its burst,
   here one, so that requests go out evenly.

       cc rates_throttle.c $(pkg-config --cflags --libs plait-http) -o rates_throttle
       plait serve --port 8080 &
       ./rates_throttle
*/
#include "rates.h"

static plait_throttle throttle;

static int fetch_in_time(const struct currency *base, struct rates *rates)
{
    int err = plait_throttle_acquire(&throttle, 1, PLAIT_FOREVER);
    return err ? err : fetch_rates(base, rates);
}
PLAIT_TASK(fetch_in_time, struct currency, struct rates);

int main(void)
{
    int64_t start = plait_time();
    int failed = plait_throttle_init(&throttle, 10, PLAIT_SECOND, 1);
    plait_executor *ex = plait_thread_executor_new(&(plait_thread_options){ .workers = 4 });
    plait_future *futures[CURRENCIES];
    for (int i = 0; i < CURRENCIES; i++) futures[i] = plait_submit(ex, fetch_in_time, &currencies[i]);

    for (int i = 0; i < CURRENCIES; i++) {
        struct rates rates;
        int err = plait_await(futures[i], &rates);
        if (!err) print_row(&rates);
        else failed = err;
        plait_error_print(stderr, err);
    }
    plait_executor_free(ex);
    print_elapsed(start);
    return plait_exit_status(failed);
}
