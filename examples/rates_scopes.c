/* rates_scopes.c: braces that say until when, and braces that nothing outlives, in a coroutine as in a thread.
   A deadline holds for all that is called inside. The first of a group that fails cancels the others: XYZ is
   no currency, and the server refuses it.

       cc rates_scopes.c $(pkg-config --cflags --libs plait-http) -o rates_scopes
       plait serve --port 8080 &
       ./rates_scopes
*/
#include "rates.h"

static const struct currency usd = { "USD" };

static int in_time(void)
{
    int err;
    PLAIT_TIMEOUT(t, plait_after(2 * PLAIT_SECOND)); /* until the end of these braces, left in whatever way */
    struct rates r;
    err = fetch_rates(&usd, &r);
    if (!err) print_row(&r);
    if (plait_scope_expired(&t)) err = plait_fail(-ETIMEDOUT, "two seconds are over"); /* mine, not the callee's */
    return err;
}

/* Whether the server knows them all. */
static int check_bases(const struct currency *bases, size_t n)
{
    int err;
    PLAIT_GROUP(g, plait_loop_executor()); /* nothing outlives the braces */
    for (size_t i = 0; i < n; i++) plait_group_submit(&g, fetch_rates, &bases[i]);
    err = plait_group_wait(&g); /* first failure cancels the rest; leaving otherwise cancels and drains */
    return err;
}

static int async_main(void)
{
    int err = in_time();
    if (!err) err = check_bases(currencies, CURRENCIES);
    if (!err) puts("all are known");
    if (!err) err = check_bases((struct currency[]){ { "USD" }, { "XYZ" } }, 2);
    return err;
}
PLAIT_TASK(async_main, void, void);

int main(void)
{
    int64_t start = plait_time();
    int err = plait_run(async_main, NULL, NULL);
    print_elapsed(start);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
