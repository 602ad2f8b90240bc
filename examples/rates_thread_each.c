/* rates_thread_each.c (P7): a thread for each request, so that all wait at the same time, and the
   whole takes as long as the slowest. But there are as many threads as items, be they five or fifty
   thousand, and all of them print.

       cc rates_thread_each.c $(pkg-config --cflags --libs plait-http) -o rates_thread_each
       plait serve --port 8080 &
       ./rates_thread_each
*/
#include "rates.h"

static int fetch_and_print(void *base)
{
    struct rates rates;
    int err = fetch_rates(base, &rates);
    if (!err) print_row(&rates);
    return err;
}

int main(void)
{
    int64_t start = plait_time();
    plait_thread *threads[CURRENCIES];
    for (int i = 0; i < CURRENCIES; i++) threads[i] = plait_thread_start(fetch_and_print, &currencies[i], NULL);

    int failed = 0;
    for (int i = 0; i < CURRENCIES; i++) {
        int result = 0;
        int err = plait_thread_join(threads[i], &result, PLAIT_FOREVER); /* about the wait alone */
        if (!err) err = result;                                          /* what the thread returned */
        if (err) failed = err;
        plait_error_print(stderr, err);
        plait_thread_free(threads[i]);
    }
    print_elapsed(start);
    return plait_exit_status(failed);
}
