/* submit_returns.c (P35, P39): submit returns at once, with a future: a handle on what is still to come.
   Freeing the executor is what waits, for all that was submitted. The future outlives it.

       cc submit_returns.c $(pkg-config --cflags --libs plait) -o submit_returns
*/
#include <plait.h>
#include <string.h>

struct word {
    char text[8];
};

static plait_event seen; /* main has seen that it is not done */

static int return_after(const struct word *word, struct word *same)
{
    int err = plait_event_wait(&seen, PLAIT_FOREVER);
    if (!err) err = plait_sleep(150 * PLAIT_MILLISECOND);
    *same = *word;
    return err;
}
PLAIT_TASK(return_after, struct word, struct word);

static double seconds_since(int64_t start) { return (double)(plait_time() - start) / PLAIT_SECOND; }

int main(void)
{
    int64_t start = plait_time();
    plait_executor *ex = plait_thread_executor_new(NULL);
    if (!ex) {
        plait_error_print(stderr, plait_error_code());
        return plait_exit_status(plait_error_code());
    }
    struct word word = { "hello" };
    plait_future *f = plait_submit(ex, return_after, &word);
    strcpy(word.text, "bye"); /* nothing to the task: its argument was copied */
    printf("submitted, and not done yet: %s, %.2f s\n", plait_error_name(plait_future_result(f, NULL)),
           seconds_since(start));
    plait_event_set(&seen);
    plait_executor_free(ex);
    printf("all is done: %.2f s\n", seconds_since(start));

    int err = plait_await(f, &word);
    if (!err) puts(word.text);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
