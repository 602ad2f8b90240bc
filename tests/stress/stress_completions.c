/* stress_completions.c: very many futures through plait_completions, 256 of each set in flight: each is given back once, with
   the result of its own argument, and memory does not grow with their number. PLAIT_STRESS_SECONDS=10 makes it millions.
   No scope cuts a turn short: what is cancelled stays in its pool's queue until a worker meets it, so how much that is at a
   time is the workers' business. (stress_future.c leaves sets in the middle.) */
#include "sanitizers.h"
#include "stress.h"
#include <plait.h>
#include <sys/resource.h>

enum {
    IN_FLIGHT = 256,
    A_TURN = 2000,
    WARM = 30000, /* futures after which all memory that is kept for reuse is there */
    SLACK = 4096  /* KiB: what some ten thousand futures take that are not freed */
};

enum { POOLS = 4 };
static plait_executor *pools[POOLS]; /* of 1, 2 and 4; inline */
static _Atomic uint64_t given_back, sets;
static _Atomic long warm_size; /* KiB, the most so far */

static int mix(const uint64_t *number, uint64_t *result)
{
    *result = *number * 0x9E3779B97F4A7C15u;
    return 0;
}
PLAIT_TASK(mix, uint64_t, uint64_t);

static long most_memory(void)
{
    struct rusage usage;
    check(getrusage(RUSAGE_SELF, &usage) == 0);
    return usage.ru_maxrss;
}

struct balance {
    uint64_t added, given, sum_added, sum_given;
};

static void add(struct actor *a, plait_completions *c, struct balance *b)
{
    uint64_t number = dice(a, UINT32_MAX), which = dice(a, 64);
    plait_completions_add(c, plait_submit(pools[which ? which % (POOLS - 1) : POOLS - 1], mix, &number));
    b->added++;
    b->sum_added += number;
}

static void take(plait_future *f, struct balance *b)
{
    uint64_t number = *(const uint64_t *)plait_future_argument(f), result = 0, expected;
    check_code(plait_await_until(f, &result, PLAIT_NOW), 0); /* it is done: no scope cuts this short */
    check_code(mix(&number, &expected), 0);
    check(result == expected);
    b->given++;
    b->sum_given += number;
}

static bool puller(struct actor *a)
{
    plait_completions *c = plait_completions_new();
    struct balance b = { 0 };
    plait_future *f;
    int err;
    PLAIT_SHIELD(whole, PLAIT_FOREVER);
    a->doing = "in plait_completions_next";
    for (;;) {
        while (b.added < A_TURN && plait_completions_pending(c) < IN_FLIGHT) add(a, c, &b);
        if ((err = plait_completions_next(c, &f, PLAIT_FOREVER))) break;
        take(f, &b);
        a->good++;
    }
    check_number(plait_completions_pending(c), 0);
    a->doing = NULL;
    check_code(err, PLAIT_EDONE);
    check(b.given == A_TURN && b.sum_added == b.sum_given);
    plait_completions_free(c);
    sets++;
    if (atomic_fetch_add(&given_back, b.given) + b.given >= WARM && !warm_size) warm_size = most_memory();
    return !stopping;
}

static bool right(void)
{
    long grown = warm_size ? most_memory() - warm_size : 0;
    bool told = warm_size && given_back >= 4 * WARM;
    printf("%llu futures given back by %llu sets, %ld KiB more memory than after the first %d\n",
           (unsigned long long)given_back, (unsigned long long)sets, grown, WARM);
#if defined TSAN || defined ASAN
    told = false; /* their runtimes keep what was freed */
#endif
    for (int i = 0; i < POOLS - 1; i++) plait_executor_free(pools[i]);
    return given_back && (!told || grown <= SLACK);
}

int main(void)
{
    for (int i = 0; i < POOLS - 1; i++)
        check(pools[i] = plait_thread_executor_new(&(plait_thread_options){ .workers = 1 << i }));
    pools[POOLS - 1] = plait_inline_executor();
    cast("puller", puller, 2, 4);
    return stress("stress_completions", NULL, right);
}
