/* mixed.c (Y14): what computes runs in a pool of threads, what waits is a coroutine, and one set of
   completions awaits them all: a future does not tell where its task runs, and nobody has to ask.

       cc mixed.c $(pkg-config --cflags --libs plait) -o mixed
*/
#include <plait.h>

enum { JOBS = 3 };

struct answer {
    char words[80];
};

static int count_primes(const int *below, struct answer *answer)
{
    int primes = 0;
    for (int n = 2; n < *below; n++) {
        bool prime = true;
        for (int d = 2; prime && d <= n / d; d++) prime = n % d != 0;
        primes += prime;
    }
    snprintf(answer->words, sizeof answer->words, "%s: %d primes below %d", plait_thread_name(NULL), primes, *below);
    return 0;
}
PLAIT_TASK(count_primes, int, struct answer);

static int wait_a_while(const int *milliseconds, struct answer *answer)
{
    int err = plait_sleep(*milliseconds * PLAIT_MILLISECOND); /* all others of the loop go on */
    snprintf(answer->words, sizeof answer->words, "%s: %d milliseconds", plait_thread_name(NULL), *milliseconds);
    return err;
}
PLAIT_TASK(wait_a_while, int, struct answer);

/* Returns the first failure. */
static int tell_as_they_end(plait_executor *pool, plait_executor *loops)
{
    plait_completions *c = plait_completions_new();
    if (!c) return plait_error_code();
    for (int i = 1; i <= JOBS; i++) {
        plait_completions_add(c, plait_submit(pool, count_primes, &(int){ 1000 * i }));
        plait_completions_add(c, plait_submit(loops, wait_a_while, &(int){ 10 * i }));
    }
    int err = 0;
    for (plait_future *f; plait_completions_next(c, &f, PLAIT_FOREVER) == 0;) {
        struct answer answer;
        int task_err = plait_await(f, &answer);
        if (!task_err) puts(answer.words);
        if (!err) err = task_err;
    }
    plait_completions_free(c);
    return err;
}

int main(void)
{
    plait_executor *pool = plait_thread_executor_new(&(plait_thread_options){ .workers = 2, .name = "pool" });
    plait_executor *loops = plait_multi_loop_executor_new(&(plait_multi_loop_options){ .loops = 2, .name = "loops" });
    int err = pool && loops ? tell_as_they_end(pool, loops) : plait_error_code();
    plait_executor_free(loops);
    plait_executor_free(pool);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
