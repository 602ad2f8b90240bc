/* print_after.c (P26): a coroutine from beginning to end, in one call and the long way: an executor that
   keeps a loop on a thread of its own, a submit, an await, and the end of the executor. The long way
   is for loops that are to serve for as long as the program runs.

       cc print_after.c $(pkg-config --cflags --libs plait) -o print_after
*/
#include <plait.h>

static int print_after(const int *milliseconds)
{
    int err = plait_sleep(*milliseconds * PLAIT_MILLISECOND);
    if (!err) printf("Printed after %d milliseconds\n", *milliseconds);
    return err;
}
PLAIT_TASK(print_after, int, void);

int main(void)
{
    int milliseconds = 20;
    int err = plait_run(print_after, &milliseconds, NULL);
    plait_error_print(stderr, err);

    plait_executor *loop = plait_multi_loop_executor_new(&(plait_multi_loop_options){ .loops = 1 });
    int second_err = plait_await(plait_submit(loop, print_after, &milliseconds), NULL);
    plait_error_print(stderr, second_err);
    plait_executor_free(loop);
    return plait_exit_status(err ? err : second_err);
}
