/* rates_group.c: all the rates or none, and within a given time, two seconds unless its argument
   says otherwise. The tasks of a group do not outlive the braces in which it stands: the first that
   fails cancels the others, and so does the deadline, which holds for every wait inside the braces
   and in the tasks.

       cc rates_group.c $(pkg-config --cflags --libs plait-http) -o rates_group
       plait serve --port 8080 &
       ./rates_group 0.5
*/
#include "rates.h"

struct order {
    const struct currency *base;
    struct rates *rates;
};

static int fetch_into(const struct order *order) { return fetch_rates(order->base, order->rates); }
PLAIT_LOCAL_TASK(fetch_into, struct order, void); /* its argument holds pointers: it runs in this process alone */

static int fetch_all(plait_executor *ex, double seconds, struct rates *all)
{
    PLAIT_TIMEOUT(t, plait_after((int64_t)(seconds * PLAIT_SECOND))); /* until the end of these braces */
    PLAIT_GROUP(g, ex);                                               /* nothing outlives them */
    for (int i = 0; i < CURRENCIES; i++) plait_group_submit(&g, fetch_into, &(struct order){ &currencies[i], &all[i] });
    int err = plait_group_wait(&g); /* first failure cancels the rest */
    if (plait_scope_expired(&t)) return plait_fail(-ETIMEDOUT, "not all rates came within %g seconds", seconds);
    return err;
}

int main(int count, char **arguments)
{
    int64_t start = plait_time();
    struct rates all[CURRENCIES];
    plait_executor *ex = plait_thread_executor_new(&(plait_thread_options){ .workers = 4 });
    int err = fetch_all(ex, count > 1 ? atof(arguments[1]) : 2, all);
    plait_executor_free(ex);
    for (int i = 0; i < CURRENCIES && !err; i++) print_row(&all[i]);
    print_elapsed(start);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
