/* rates_either.c (P17): a pool of threads or one of processes: a flag decides when the program runs, and the code that uses the
   pool cannot tell. What it costs to stay free in this is plait_init at the head of main, and tasks whose arguments are
   values and hold no pointers.

       cc rates_either.c $(pkg-config --cflags --libs plait-http) -o rates_either
       plait serve --port 8080 &
       ./rates_either --threads
       ./rates_either --processes
*/
#include "rates.h"

static plait_executor *new_pool(bool threads, int workers)
{
    return threads ? plait_thread_executor_new(&(plait_thread_options){ .workers = workers })
                   : plait_process_executor_new(&(plait_process_options){ .workers = workers });
}

static int print_all(plait_executor *pool)
{
    struct rates all[CURRENCIES];
    int err = plait_map(pool, fetch_rates, currencies, CURRENCIES, all, NULL);
    for (int i = 0; i < CURRENCIES && !err; i++) print_row(&all[i]);
    return err;
}

int main(int count, char **arguments)
{
    plait_init();
    int64_t start = plait_time();
    plait_executor *pool = new_pool(count > 1 && strcmp(arguments[1], "--threads") == 0, 4);
    int err = pool ? print_all(pool) : plait_error_code();
    plait_executor_free(pool);
    print_elapsed(start);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
