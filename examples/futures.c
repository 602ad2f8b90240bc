/* futures.c: what one can do with a future: wait for it for a while, ask how it stands, look at its
   outcome, take it, cancel it, have the task tried again. Each future is awaited once, or detached.

       cc futures.c $(pkg-config --cflags --libs plait) -o futures
*/
#include <plait.h>

static plait_event door = PLAIT_EVENT_INIT;

/* Stands at the door until it is opened. */
static int count_steps(const int *steps, int *counted)
{
    int err = plait_event_wait(&door, PLAIT_FOREVER);
    *counted = *steps;
    return err;
}
PLAIT_TASK(count_steps, int, int);

/* Fails the first two times. */
static int knock(int *times)
{
    static int knocked;
    *times = ++knocked;
    return knocked < 3 ? plait_fail(-EBUSY, "nobody opens") : 0;
}
PLAIT_TASK(knock, void, int);

static void tell(const char *what, int err) { printf("%s: %s\n", what, plait_error_name(err)); }

static int wait_for(plait_future *f)
{
    int counted = 0;
    int err = plait_await_until(f, &counted, plait_after(100 * PLAIT_MILLISECOND));
    tell("await for a while", err); /* releases f only when it gives f's outcome */
    err = plait_future_result(f, &counted);
    tell("look at the result", err);
    plait_event_set(&door);
    err = plait_future_wait(f, PLAIT_FOREVER); /* waits, releases nothing; the code is about the wait alone */
    tell("wait to the end", err);
    err = plait_await(f, &counted); /* waits, takes the result, releases f: always */
    if (!err) printf("counted: %d\n", counted);
    return err;
}

/* It has not begun: the only worker of the pool stands at the door. */
static void cancel(plait_future *f)
{
    bool never_runs = plait_future_cancel(f);
    printf("cancel: it %s\n", never_runs ? "never runs" : "runs or ran");
    int err = plait_await(f, NULL);
    tell("await what was cancelled", err);
    plait_error_print(stdout, err); /* which task, submitted where, and why */
}

static int try_again(plait_executor *ex)
{
    int times = 0;
    plait_submit_options options = { .name = "knock thrice", .retries = 2 };
    int err = plait_await(plait_submit_with(ex, &options, knock, NULL), &times);
    if (!err) printf("knocked: %d\n", times);
    return err;
}

int main(void)
{
    plait_executor *ex = plait_thread_executor_new(&(plait_thread_options){ .workers = 1 });
    plait_future *f = plait_submit(ex, count_steps, &(int){ 39 });
    plait_future *g = plait_submit(ex, count_steps, &(int){ 40 });
    cancel(g);
    int err = wait_for(f);
    if (!err) err = try_again(ex);
    plait_executor_free(ex);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
