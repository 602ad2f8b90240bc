/* primes.c: one task, submitted by itself, then mapped over many numbers on all CPUs; the results
   come in the order of the numbers. The types of argument and result are checked at compile time.

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

static void tell(uint64_t n, bool prime) { printf("%" PRIu64 " is prime: %s\n", n, prime ? "true" : "false"); }

static int ask_many(plait_executor *ex)
{
    enum { COUNT = 6 };
    static const uint64_t numbers[COUNT] = { 112272535095293, 112582705942171, 112272535095293,
                                             115280095190773, 115797848077099, 1099726899285419 };
    size_t count = COUNT;
    bool primes[COUNT];
    int err = plait_map(ex, is_prime, numbers, count, primes, NULL); /* results in input order */
    for (size_t i = 0; i < count && !err; i++) tell(numbers[i], primes[i]);
    return err;
}

int main(void)
{
    plait_executor *ex = plait_thread_executor_new(NULL);
    bool prime;
    int err = plait_await(plait_submit(ex, is_prime, &(uint64_t){ 112272535095293 }), &prime);
    if (!err) tell(112272535095293, prime);
    if (!err) err = ask_many(ex);
    if (err) plait_error_print(stderr, err); /* "is_prime (primes.c:39) in pool-1-1, pid 711: …" */
    plait_executor_free(ex);                 /* no more in, waits for what is inside, frees */
    return plait_exit_status(err);
}
