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

enum { RING = 1024, RING_SERVERS = 2 };

struct ring {
    _Alignas(128) atomic_uint written;
    atomic_uint asleep;
    _Alignas(128) atomic_uint taken;
    _Alignas(128) int values[RING];
};

static struct {
    struct ring asked, answered;
} * rings_; /* of each server */
static pid_t ring_servers_[RING_SERVERS];

static inline void ring_pause(void)
{
#if defined __x86_64__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("isb");
#endif
}

static inline bool ring_put(struct ring *r, int value)
{
    unsigned at = atomic_load_explicit(&r->written, memory_order_relaxed);
    if (at - atomic_load_explicit(&r->taken, memory_order_acquire) == RING) return false;
    r->values[at % RING] = value;
    atomic_store(&r->written, at + 1);
    if (atomic_load(&r->asleep) && atomic_exchange(&r->asleep, 0))
        syscall(SYS_futex, &r->written, FUTEX_WAKE, 1, NULL, NULL, 0);
    return true;
}

static inline bool ring_try_get(struct ring *r, int *value)
{
    unsigned at = atomic_load_explicit(&r->taken, memory_order_relaxed);
    if (at == atomic_load_explicit(&r->written, memory_order_acquire)) return false;
    *value = r->values[at % RING];
    atomic_store_explicit(&r->taken, at + 1, memory_order_release);
    return true;
}

static inline int ring_get(struct ring *r, unsigned looks)
{
    for (unsigned look = 0;; look++) {
        int value;
        if (ring_try_get(r, &value)) return value;
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

/* Forks the servers, each of which answers a value with the value plus one. */
static inline void rings_start(unsigned looks)
{
    rings_ = mmap(NULL, RING_SERVERS * sizeof *rings_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bench_must(rings_ == MAP_FAILED, "mmap");
    for (int i = 0; i < RING_SERVERS; i++) {
        ring_servers_[i] = fork();
        bench_must(ring_servers_[i] < 0, "fork");
        if (ring_servers_[i]) continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            while (!ring_put(&rings_[i].answered, ring_get(&rings_[i].asked, looks) + 1)) {}
    }
}

static inline void rings_stop(void)
{
    for (int i = 0; i < RING_SERVERS; i++) {
        kill(ring_servers_[i], SIGKILL);
        waitpid(ring_servers_[i], NULL, 0);
    }
}

#endif
