/* rates_one_by_one.c (P6): exchange rates, one request after the other. Nearly all of the time is
   spent waiting for the network, and each wait begins when the one before has ended: the whole
   takes as long as all of them together. The next pages let them overlap.

       cc rates_one_by_one.c $(pkg-config --cflags --libs plait-http) -o rates_one_by_one
       plait serve --port 8080 &
       ./rates_one_by_one
*/
#include "rates.h"

int main(void)
{
    int64_t start = plait_time();
    int err = 0;
    for (int i = 0; i < CURRENCIES && !err; i++) {
        struct rates rates;
        err = fetch_rates(&currencies[i], &rates);
        if (!err) print_row(&rates);
    }
    print_elapsed(start);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
