/* ring.h: the least between two processes: a ring of ints in shared memory with one writer and one reader, and processes
   forked to serve two of them. A reader that finds its ring empty looks again, and sleeps on the ring's futex after `looks`
   times.

   What must hold: `asleep` is set before the reader's last look, `written` before the writer asks for it, each with the
   order of all; so one of the two sees the other. */
#ifndef BENCH_RING_H
#define BENCH_RING_H
#include "bench.h"
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RING = 1024, MOST_RING_SERVERS = 2 };

struct ring {
    _Alignas(128) atomic_uint written;
    atomic_uint asleep;
    _Alignas(128) atomic_uint taken;
    _Alignas(128) int values[RING];
};

static struct {
    struct ring asked, answered;
} * rings_; /* of each server */
static pid_t ring_servers_[MOST_RING_SERVERS];
static int ring_server_count_;

static inline void ring_pause(void)
{
#if defined __x86_64__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("isb");
#endif
}

static inline unsigned ring_least_(unsigned a, unsigned b) { return a < b ? a : b; }

/* As many as there is room for; how many. */
static inline unsigned ring_put(struct ring *r, const int *values, unsigned count)
{
    unsigned at = atomic_load_explicit(&r->written, memory_order_relaxed);
    count = ring_least_(count, RING - (at - atomic_load_explicit(&r->taken, memory_order_acquire)));
    if (!count) return 0;
    for (unsigned i = 0; i < count; i++) r->values[(at + i) % RING] = values[i];
    atomic_store(&r->written, at + count);
    if (atomic_load(&r->asleep) && atomic_exchange(&r->asleep, 0))
        syscall(SYS_futex, &r->written, FUTEX_WAKE, 1, NULL, NULL, 0);
    return count;
}

/* As many as are there. */
static inline unsigned ring_try_get(struct ring *r, int *values, unsigned count)
{
    unsigned at = atomic_load_explicit(&r->taken, memory_order_relaxed);
    count = ring_least_(count, atomic_load_explicit(&r->written, memory_order_acquire) - at);
    for (unsigned i = 0; i < count; i++) values[i] = r->values[(at + i) % RING];
    atomic_store_explicit(&r->taken, at + count, memory_order_release);
    return count;
}

/* Those that are there as soon as there is one. */
static inline unsigned ring_get(struct ring *r, int *values, unsigned count, unsigned looks)
{
    for (unsigned look = 0;; look++) {
        unsigned got = ring_try_get(r, values, count);
        if (got) return got;
        if (look < looks) {
            ring_pause();
            continue;
        }
        unsigned seen = atomic_load(&r->written);
        atomic_store(&r->asleep, 1);
        if (seen == atomic_load(&r->taken)) syscall(SYS_futex, &r->written, FUTEX_WAIT, seen, NULL, NULL, 0);
        atomic_store(&r->asleep, 0);
        look = 0;
    }
}

static inline void ring_serve_(struct ring *asked, struct ring *answered, unsigned looks)
{
    int values[RING];
    for (;;) {
        unsigned count = ring_get(asked, values, RING, looks);
        for (unsigned i = 0; i < count; i++) values[i]++;
        for (unsigned done = 0; done < count;) done += ring_put(answered, values + done, count - done);
    }
}

/* Forks `count` servers, each of which answers a value with the value plus one. */
static inline void rings_start(int count, unsigned looks)
{
    rings_ = mmap(NULL, MOST_RING_SERVERS * sizeof *rings_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bench_must(rings_ == MAP_FAILED, "mmap");
    for (int i = 0; i < count; i++) {
        ring_servers_[i] = fork();
        bench_must(ring_servers_[i] < 0, "fork");
        ring_server_count_ = i + 1;
        if (ring_servers_[i]) continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        ring_serve_(&rings_[i].asked, &rings_[i].answered, looks);
    }
}

static inline void rings_stop(void)
{
    for (int i = 0; i < ring_server_count_; i++) {
        kill(ring_servers_[i], SIGKILL);
        waitpid(ring_servers_[i], NULL, 0);
    }
}

#endif
