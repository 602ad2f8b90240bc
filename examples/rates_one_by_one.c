/* rates_one_by_one.c (P6): exchange rates, one request after the other. Each waits for the one before, though it is the network
   alone that is waited for: the whole takes as long as all of them together. The next pages take as long as one.

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
