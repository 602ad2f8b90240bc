/* blocks.c: blocks of one size, kept per thread and exchanged between threads by the magazine. malloc is not slow, but a
   block that one thread frees and another made goes home through the arena's lock; here that lock is taken once in
   MAGAZINE blocks.

   What must hold: a thread's magazine is its own; full ones pass through `depot` under its lock; the depot is bounded, and
   what it cannot hold is freed. A thread that ends gives its blocks back. Sanitizers see each block by itself. */
#include "base/blocks.h"
#include "base/hooks.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { MAGAZINE = 64, DEPOT = 128 }; /* so the depot holds 3.6 MB at most */

#if defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define PLAIN_MALLOC 1
#endif
#elif defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define PLAIN_MALLOC 1
#endif
#ifndef PLAIN_MALLOC
#define PLAIN_MALLOC 0
#endif

struct block {
    struct block *next;
};
struct magazine {
    struct block *first;
    unsigned count;
};

static _Thread_local struct magazine mine __attribute__((tls_model("initial-exec")));
static _Thread_local bool known
    __attribute__((tls_model("initial-exec"))); /* the key is set: blocks go back at the end */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static pthread_mutex_t depot_guard = PTHREAD_MUTEX_INITIALIZER;
static struct block *depot[DEPOT];   /* full magazines */
static _Atomic unsigned depot_count; /* changed under the lock; looked at without, as a hint */

static void free_all(struct block *b)
{
    while (b) {
        struct block *next = b->next;
        free(b);
        b = next;
    }
}

static void thread_ends(void *unused)
{
    (void)unused;
    free_all(mine.first);
    mine = (struct magazine){ 0 };
    known = false;
}

static void before_fork(void) { pthread_mutex_lock(&depot_guard); }
static void after_fork(void) { pthread_mutex_unlock(&depot_guard); }

static void prepare(void)
{
    if (pthread_key_create(&key, thread_ends) != 0) abort();
    pthread_atfork(before_fork, after_fork, after_fork);
}

static void make_known(void)
{
    pthread_once(&once, prepare);
    known = pthread_setspecific(key, &mine) == 0;
}

static void *refill(void)
{
    if (!known) make_known(); /* else what we take would be lost with us, if we only take */
    struct block *b = NULL;
    if (known &&
        atomic_load_explicit(&depot_count, memory_order_relaxed)) { /* else it would be locked for each block */
        pthread_mutex_lock(&depot_guard);
        b = depot_count ? depot[--depot_count] : NULL;
        pthread_mutex_unlock(&depot_guard);
    }
    if (!b) return malloc(PLAIT_BLOCK);
    mine = (struct magazine){ b->next, MAGAZINE - 1 };
    return b;
}

void *plait_block_new(size_t size)
{
    if (plait_refused("memory")) return NULL;
    if (PLAIN_MALLOC || size > PLAIT_BLOCK) return malloc(size);
    struct block *b = mine.first;
    if (!b) return refill();
    mine.first = b->next;
    mine.count--;
    return b;
}

/* The magazine is full: into the depot, and a new one is begun. */
static void exchange(void)
{
    pthread_mutex_lock(&depot_guard);
    bool room = depot_count < DEPOT;
    if (room) depot[depot_count++] = mine.first;
    pthread_mutex_unlock(&depot_guard);
    if (!room) free_all(mine.first);
    mine = (struct magazine){ 0 };
}

void plait_block_free(void *block, size_t size)
{
    if (!known && !PLAIN_MALLOC) make_known();
    if (PLAIN_MALLOC || size > PLAIT_BLOCK || !known) {
        free(block);
        return;
    }
    if (mine.count == MAGAZINE) exchange();
    struct block *b = block;
    b->next = mine.first;
    mine.first = b;
    mine.count++;
}
