/* primes.c: one task, submitted by itself, then mapped over many numbers on all CPUs; the results come in the order of the
   numbers. The types of argument and result are checked at compile time.

       cc primes.c $(pkg-config --cflags --libs plait) -o primes
*/
#include <inttypes.h>
#include <plait.h>

static int is_prime(const uint64_t *n, bool *prime) /* 0, or a negative error code */
{
    *prime = *n >= 2;
    for (uint64_t d = 2; d <= *n / d; d++)
        if (*n % d == 0) {
            *prime = false;
            break;
        }
    return 0;
}
PLAIT_TASK(is_prime, uint64_t, bool); /* makes it submittable, type-checked */

int main(void)
{
    plait_executor *ex = plait_thread_executor_new(NULL);
    bool prime;
    int err = plait_await(plait_submit(ex, is_prime, &(uint64_t){ 112272535095293 }), &prime);
    if (!err) printf("112272535095293 is prime: %s\n", prime ? "true" : "false");

    uint64_t numbers[] = { 112272535095293, 112582705942171, 112272535095293,
                           115280095190773, 115797848077099, 1099726899285419 };
    enum { COUNT = sizeof numbers / sizeof *numbers };
    bool primes[COUNT];
    if (!err) err = plait_map(ex, is_prime, numbers, COUNT, primes, NULL);
    for (int i = 0; i < COUNT && !err; i++)
        printf("%" PRIu64 " is prime: %s\n", numbers[i], primes[i] ? "true" : "false");

    if (err) plait_error_print(stderr, err); /* "is_prime (primes.c:24) in pool-1-1, pid 711: …" */
    plait_executor_free(ex);                 /* no more in, waits for what is inside, frees */
    return plait_exit_status(err);
}
