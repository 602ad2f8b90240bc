/* one_problem.c (Y13): a problem too large for one: split, run, merge. All primes below a million, and the widest gap between
   two neighbours. Split into ranges that need nothing from each other, so they may run in any order, wherever there is room;
   some cost more than others, so there are more of them than there are CPUs to take them. A part answers with what the
   merge needs, not with its primes: a gap may lie across the seam of two parts.

   Where the parts run is one argument. In processes one that crashes takes nothing else along: its part is tried again.

       cc one_problem.c $(pkg-config --cflags --libs plait) -o one_problem
*/
#include <plait.h>
#include <signal.h>

enum { BELOW = 1000000, PARTS = 40 };

struct range {
    uint32_t from, to; /* without `to` */
};

struct found {
    uint32_t count, first, last; /* primes: none, if the count is 0 */
    uint32_t gap, after;         /* the widest gap, and the prime before it */
};

static bool is_prime(uint32_t n)
{
    for (uint32_t d = 2; d <= n / d; d++)
        if (n % d == 0) return false;
    return n >= 2;
}

/* What two neighbouring ranges have, as if they had been one. */
static struct found merge(struct found a, struct found b)
{
    if (!a.count || !b.count) return a.count ? a : b;
    uint32_t seam = b.first - a.last;
    struct found both = { a.count + b.count, a.first, b.last, a.gap, a.after };
    if (seam > both.gap) both.gap = seam, both.after = a.last;
    if (b.gap > both.gap) both.gap = b.gap, both.after = b.after;
    return both;
}

static int search(const struct range *part, struct found *found)
{
    *found = (struct found){ 0, 0, 0, 0, 0 };
    for (uint32_t n = part->from; n < part->to; n++)
        if (is_prime(n)) *found = merge(*found, (struct found){ 1, n, n, 0, 0 });
    return 0;
}
PLAIT_TASK(search, struct range, struct found);

static void split(struct range parts[PARTS])
{
    for (uint32_t i = 0; i < PARTS; i++) parts[i] = (struct range){ BELOW / PARTS * i, BELOW / PARTS * (i + 1) };
}

static int solve(plait_executor *ex, const char *where)
{
    struct range parts[PARTS];
    struct found found[PARTS], all = { 0, 0, 0, 0, 0 };
    split(parts);
    int err = plait_map(ex, search, parts, PARTS, found, NULL); /* run; the results come in the order of the parts */
    if (err) return err;
    for (int i = 0; i < PARTS; i++) all = merge(all, found[i]);
    printf("%s: %u primes below %d, the widest gap is %u, after %u\n", where, (unsigned)all.count, BELOW,
           (unsigned)all.gap, (unsigned)all.after);
    return 0;
}

/* A part whose worker is killed at the first try. Which try this is, a new worker can know from shared memory alone. */
struct trial {
    struct range part;
    int64_t *tries;
};

static int crash_once(const struct trial *t, struct found *found)
{
    return plait_shared_add(t->tries, 1) == 1 ? raise(SIGKILL) : search(&t->part, found);
}
PLAIT_TASK(crash_once, struct trial, struct found);

static int crash(plait_executor *ex, plait_shared_memory *memory)
{
    struct trial trial = { { 0, BELOW / PARTS }, plait_shared_alloc(memory, sizeof *trial.tries) };
    if (!trial.tries) return plait_error_code();
    struct found found;
    int err = plait_await(plait_submit_with(ex, (&(plait_submit_options){ .retries = 1 }), crash_once, &trial), &found);
    if (!err) printf("%lld tries: %u primes below %d\n", (long long)*trial.tries, (unsigned)found.count, BELOW / PARTS);
    return err;
}

int main(void)
{
    plait_init(); /* worker processes stay here */
    plait_shared_memory *memory = plait_shared_memory_new(NULL);
    plait_executor *threads = memory ? plait_thread_executor_new(NULL) : NULL;
    plait_executor *processes = threads ? plait_process_executor_new(NULL) : NULL;
    int err = processes ? solve(plait_inline_executor(), "one after the other") : plait_error_code();
    if (!err) err = solve(threads, "threads");
    if (!err) err = solve(processes, "processes");
    if (!err) err = crash(processes, memory);
    plait_error_print(stderr, err);
    plait_executor_free(processes);
    plait_executor_free(threads);
    plait_shared_memory_free(memory);
    return plait_exit_status(err);
}
