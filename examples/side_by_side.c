/* side_by_side.c (P31): two tasks that each take a while. Who awaits the first before submitting the
   second has them one after the other; who submits both and then awaits has them side by side, and
   the results all the same in the order of asking.

       cc side_by_side.c $(pkg-config --cflags --libs plait) -o side_by_side
*/
#include <plait.h>

struct word {
    char text[8];
};

static int return_after(const struct word *word, struct word *same)
{
    int err = plait_sleep(50 * PLAIT_MILLISECOND);
    *same = *word;
    return err;
}
PLAIT_TASK(return_after, struct word, struct word);

static const struct word hello = { "hello" }, world = { "world" };

static int one_after_the_other(plait_executor *ex, struct word *first, struct word *second)
{
    int err = plait_await(plait_submit(ex, return_after, &hello), first);
    if (!err) err = plait_await(plait_submit(ex, return_after, &world), second);
    return err;
}

static int side_by_side(plait_executor *ex, struct word *first, struct word *second)
{
    plait_future *a = plait_submit(ex, return_after, &hello);
    plait_future *b = plait_submit(ex, return_after, &world);
    int err = plait_await(a, first);
    int second_err = plait_await(b, second); /* every future is awaited or detached, once */
    return err ? err : second_err;
}

static int show(const char *how, plait_executor *ex,
                int (*ask)(plait_executor *, struct word *first, struct word *second))
{
    struct word first, second;
    int64_t start = plait_time();
    int err = ask(ex, &first, &second);
    if (!err)
        printf("%s: %s %s, %.2f s\n", how, first.text, second.text, (double)(plait_time() - start) / PLAIT_SECOND);
    return err;
}

int main(void)
{
    plait_executor *ex = plait_thread_executor_new(&(plait_thread_options){ .workers = 2 });
    if (!ex) {
        plait_error_print(stderr, plait_error_code());
        return plait_exit_status(plait_error_code());
    }
    int err = show("one after the other", ex, one_after_the_other);
    if (!err) err = show("side by side", ex, side_by_side);
    plait_executor_free(ex);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
