/* executors.c: where a task runs is one argument. The same function, the same submit and the same
   await: here and now, on a thread of its own, in a pool, or as a coroutine.

       cc executors.c $(pkg-config --cflags --libs plait) -o executors
*/
#include <plait.h>

static int is_prime(const uint64_t *n, bool *prime)
{
    *prime = *n >= 2;
    for (uint64_t d = 2; *prime && d <= *n / d; d++) *prime = *n % d != 0;
    printf("in thread %s: ", plait_thread_name(NULL));
    return 0;
}
PLAIT_TASK(is_prime, uint64_t, bool);

static int ask(plait_executor *ex)
{
    uint64_t n = 1000003;
    bool prime;
    plait_future *f = plait_submit(ex, is_prime, &n); /* never NULL: what fails at submit is a failed future */
    int err = plait_await(f, &prime);                 /* waits, takes the result, releases f: always */
    if (!err) puts(prime ? "prime" : "not prime");
    return err;
}

int main(void)
{
    plait_executor *pool = plait_thread_executor_new(&(plait_thread_options){ .workers = 4, .name = "pool" });
    plait_executor *loops = plait_multi_loop_executor_new(&(plait_multi_loop_options){ .loops = 2, .name = "loops" });
    int err = ask(plait_inline_executor());                /* here and now: the sequential baseline */
    if (!err) err = ask(plait_thread_per_task_executor()); /* a new thread for each */
    if (!err) err = ask(pool);
    if (!err) err = ask(loops); /* a coroutine on one of two loops */
    plait_executor_free(loops);
    plait_executor_free(pool);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
