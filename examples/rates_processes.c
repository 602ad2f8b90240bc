/* rates_processes.c (P16): a pool of four worker processes, mapped over the bases. There is no queue to be seen, the rows come
   in the order of the bases, and main prints them; only two lines say that these are processes. The pool ends with the braces
   that it is declared in.

   For requests, which wait, threads serve as well and take less memory; processes are for what computes in a library that
   is not made for threads, and for what may crash.

       cc rates_processes.c $(pkg-config --cflags --libs plait-http) -o rates_processes
       plait serve --port 8080 &
       ./rates_processes
*/
#include "rates.h"

static int fetch_all(struct rates all[CURRENCIES])
{
    PLAIT_EXECUTOR(pool, plait_process_executor_new(&(plait_process_options){ .workers = 4 }));
    if (!pool) return plait_error_code();
    return plait_map(pool, fetch_rates, currencies, CURRENCIES, all, NULL);
}

int main(void)
{
    plait_init(); /* worker processes stay here */
    int64_t start = plait_time();
    struct rates all[CURRENCIES];
    int err = fetch_all(all);
    for (int i = 0; i < CURRENCIES && !err; i++) print_row(&all[i]);
    print_elapsed(start);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
