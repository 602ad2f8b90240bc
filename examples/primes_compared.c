/* primes_compared.c (P32): work for the CPUs, one number after the other, in threads and in processes. Where an interpreter lets
   one thread compute at a time, only processes help; in C threads compute at the same time, and cost less to start. So
   processes are for other reasons: what crashes, leaks, or may not run twice in one process.

       cc primes_compared.c $(pkg-config --cflags --libs plait) -o primes_compared
*/
#include <inttypes.h>
#include <plait.h>
#include <string.h>

enum { COUNT = 6 };
static const uint64_t numbers[COUNT] = { 112272535095293, 112582705942171, 112272535095293,
                                         115280095190773, 115797848077099, 1099726899285419 };

static int is_prime(const uint64_t *n, bool *prime)
{
    *prime = *n == 2 || (*n > 2 && *n % 2 != 0);
    for (uint64_t d = 3; *prime && d <= *n / d; d += 2) *prime = *n % d != 0;
    return 0;
}
PLAIT_TASK(is_prime, uint64_t, bool);

/* The same map each time; nothing but the executor differs. Ends that. */
static int measure(const char *where, plait_executor *ex, bool primes[COUNT])
{
    int64_t start = plait_time();
    int err = ex ? plait_map(ex, is_prime, numbers, COUNT, primes, NULL) : plait_error_code();
    if (!err) printf("%s: %.2f s\n", where, (double)(plait_time() - start) / PLAIT_SECOND);
    if (ex != plait_inline_executor()) plait_executor_free(ex);
    return err;
}

int main(void)
{
    plait_init();
    bool alone[COUNT], threads[COUNT], processes[COUNT];
    int err = measure("one after the other", plait_inline_executor(), alone);
    if (!err) err = measure("threads", plait_thread_executor_new(NULL), threads);
    if (!err) err = measure("processes", plait_process_executor_new(NULL), processes);
    for (int i = 0; i < COUNT && !err; i++)
        printf("%" PRIu64 " is prime: %s\n", numbers[i], alone[i] ? "True" : "False");
    if (!err && (memcmp(alone, threads, sizeof alone) != 0 || memcmp(alone, processes, sizeof alone) != 0))
        err = plait_fail(PLAIT_EUSER, "they do not say the same");
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
