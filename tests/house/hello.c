#include <plait.h>

static int is_prime(const uint64_t *n, bool *prime)
{
    *prime = *n >= 2;
    for (uint64_t d = 2; *prime && d <= *n / d; d++) *prime = *n % d != 0;
    return 0;
}
PLAIT_TASK(is_prime, uint64_t, bool);

int main(void)
{
    uint64_t n = 112272535095293;
    bool prime = false;
    plait_executor *ex = plait_thread_executor_new(NULL);
    int err = plait_await(plait_submit(ex, is_prime, &n), &prime);
    plait_error_print(stderr, err);
    plait_executor_free(ex);
    printf("%llu is %s\n", (unsigned long long)n, prime ? "prime" : "not prime");
    return plait_exit_status(err);
}
