/* run_sync.c (P38): plain code, a test or a prompt, asks for what coroutines can do and goes on with the
   result: plait_run copies it out and returns the task's code, a failure with its words. All that the
   task has started is over by then.

       cc run_sync.c $(pkg-config --cflags --libs plait) -o run_sync
*/
#include <plait.h>

static int square(const int *number, int *result)
{
    plait_yield(); /* or whatever waits */
    if (*number > 1000) return plait_fail(-ERANGE, "%d is too large to be squared", *number);
    *result = *number * *number;
    return 0;
}
PLAIT_TASK(square, int, int);

static int sum_of_squares(const int *count, int *sum)
{
    plait_future *squares[10];
    if (*count > 10) return plait_fail(PLAIT_EINVAL, "%d squares are more than ten", *count);
    for (int i = 0; i < *count; i++) squares[i] = plait_spawn(square, &(int){ i + 1 });

    *sum = 0;
    int failed = 0;
    for (int i = 0; i < *count; i++) {
        int result;
        int err = plait_await(squares[i], &result); /* its value, or its failure */
        if (!err) *sum += result;
        else failed = err;
    }
    return failed;
}
PLAIT_TASK(sum_of_squares, int, int);

int main(void)
{
    int count = 4, sum, result;
    int err = plait_run(sum_of_squares, &count, &sum);
    if (!err) printf("sum of squares: %d\n", sum);
    plait_error_print(stderr, err);

    plait_error_print(stdout, plait_run(square, &(int){ 1001 }, &result));
    return plait_exit_status(err);
}
