/* submit.c (P24): a task is a plain C function that returns 0 or a negative error code. Submitted
   to an executor it gives a future, which tells how it went and holds the result. Freeing the
   executor waits for all that is inside.

       cc submit.c $(pkg-config --cflags --libs plait) -o submit
*/
#include <plait.h>

static int loudly_return(int *result)
{
    puts("processing");
    *result = 42;
    return 0;
}
PLAIT_TASK(loudly_return, void, int);

int main(void)
{
    plait_executor *ex = plait_thread_executor_new(&(plait_thread_options){ .workers = 1 });
    plait_future *f = plait_submit(ex, loudly_return, NULL);
    plait_executor_free(ex); /* no more in, waits for what is inside, frees */

    char state[100];
    plait_future_describe(f, state, sizeof state);
    puts(state);

    int result = 0;
    int err = plait_await(f, &result);
    if (!err) printf("result: %d\n", result);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
