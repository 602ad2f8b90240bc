/* What the machine gives: a copy into a slot of shared memory, and the other process looks at it there. A ring of slots
   between the process and each worker; each spins.
   subject: limit shared slots */
#include "process-bytes/bytes.h"
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SLOTS = UNDER_WAY / WORKERS };
struct channel {
    _Alignas(64) _Atomic size_t asked;
    _Alignas(64) _Atomic size_t done;
    _Atomic int seen;
    _Atomic int makes; /* the worker makes the blocks */
    char slots[SLOTS][BLOCK];
};
static struct channel *channels;

static void wait_beyond(_Atomic size_t *count, size_t seen)
{
    for (unsigned turn = 0; atomic_load(count) == seen; turn++)
        if (turn > 1000) sched_yield();
}

static void serve(struct channel *c)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (size_t i = 0;; i++) {
        wait_beyond(&c->asked, i);
        char *slot = c->slots[i % SLOTS];
        if (atomic_load(&c->makes)) memcpy(slot, bytes_source(), BLOCK);
        else atomic_fetch_add(&c->seen, bytes_look(slot));
        atomic_store(&c->done, i + 1);
    }
}

static void exchange(size_t count, int makes)
{
    size_t sent = 0, before = atomic_load(&channels[0].done);
    for (int w = 0; w < WORKERS; w++) atomic_store(&channels[w].makes, makes), atomic_store(&channels[w].seen, 0);
    for (size_t done = 0; done < count; done++) {
        for (; sent < count && sent - done < UNDER_WAY; sent++) {
            struct channel *c = &channels[sent % WORKERS];
            size_t at = before + sent / WORKERS;
            if (!makes) memcpy(c->slots[at % SLOTS], bytes_source(), BLOCK);
            atomic_store(&c->asked, at + 1);
        }
        struct channel *c = &channels[done % WORKERS];
        size_t at = before + done / WORKERS;
        for (unsigned turn = 0; atomic_load(&c->done) <= at; turn++)
            if (turn > 1000) sched_yield();
        if (makes) bytes_seen(bytes_look(c->slots[at % SLOTS]));
    }
    int seen = 0;
    for (int w = 0; w < WORKERS; w++) seen += atomic_load(&channels[w].seen);
    bench_check(seen, makes ? 0 : (long long)count * BLOCK / PAGE);
}

static void arguments(size_t count) { exchange(count, 0); }
static void results(size_t count) { exchange(count, 1); }

int main(void)
{
    pid_t workers[WORKERS];
    channels = mmap(NULL, WORKERS * sizeof *channels, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bench_must(channels == MAP_FAILED, "mmap");
    for (int w = 0; w < WORKERS; w++) {
        workers[w] = fork();
        bench_must(workers[w] < 0, "fork");
        if (!workers[w]) serve(&channels[w]);
    }
    bytes_measure("arguments_gb_per_s", arguments);
    bytes_measure("results_gb_per_s", results);
    for (int w = 0; w < WORKERS; w++) {
        kill(workers[w], SIGKILL);
        waitpid(workers[w], NULL, 0);
    }
    bench_report_version(BENCH_COMPILER);
    return 0;
}
