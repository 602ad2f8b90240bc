/* batch.c (Y9): a batch of jobs that need nothing from each other, on whatever executor is named: inline, threads, loops or
   processes (which is the default). No thread, queue or lock is made by hand; each job has its own seed, so the outcome is
   the same everywhere. A job that fails is told when it does, and the others go on.

       cc batch.c $(pkg-config --cflags --libs plait) -o batch
       ./batch threads
*/
#include <plait.h>
#include <string.h>

enum { JOBS = 200, ROUNDS = 500 };

/* How often do some people have a birthday in common? */
struct job {
    uint32_t seed;
    int people;
};

static uint32_t random_number(uint32_t *state) /* xorshift, which is good enough for a party */
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static bool meet(int people, uint32_t *state)
{
    bool taken[365] = { false };
    while (people-- > 0) {
        bool *day = &taken[random_number(state) % 365];
        if (*day) return true;
        *day = true;
    }
    return false;
}

static int simulate(const struct job *job, int *hits)
{
    if (job->people < 1) return plait_fail(PLAIT_EUSER, "nobody has come");
    uint32_t state = job->seed;
    *hits = 0;
    for (int i = 0; i < ROUNDS; i++) *hits += meet(job->people, &state);
    return 0;
}
PLAIT_TASK(simulate, struct job, int);

struct tally {
    long done, hits;
};

/* Called for each job as it ends, by the one who maps: nothing here needs a lock. */
static int add(const plait_map_item *item, void *context)
{
    struct tally *tally = context;
    if (item->error) {
        printf("job %zu: %s\n", item->index, plait_error()->message);
        return 0;
    }
    tally->done++;
    tally->hits += *(const int *)item->result;
    return 0;
}

static plait_executor *new_executor(const char *kind)
{
    if (strcmp(kind, "inline") == 0) return plait_inline_executor();
    if (strcmp(kind, "threads") == 0) return plait_thread_executor_new(NULL);
    if (strcmp(kind, "loops") == 0) return plait_multi_loop_executor_new(NULL);
    return plait_process_executor_new(NULL);
}

int main(int count, char **arguments)
{
    plait_init();
    plait_executor *ex = new_executor(count > 1 ? arguments[1] : "processes");
    struct job jobs[JOBS];
    for (uint32_t i = 0; i < JOBS; i++) jobs[i] = (struct job){ 2463534242 + i, i == 13 ? 0 : 23 };

    struct tally tally = { 0, 0 };
    plait_map_options options = { .each = add, .context = &tally };
    int err = ex ? plait_map(ex, simulate, jobs, JOBS, NULL, &options) : plait_error_code();
    if (!err)
        printf("%ld of %d jobs are done: 23 people share a birthday in %.1f of 100 rounds\n", tally.done, JOBS,
               100.0 * (double)tally.hits / (double)(tally.done * ROUNDS));
    if (ex != plait_inline_executor()) plait_executor_free(ex);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
