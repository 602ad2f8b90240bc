/* local.c: thread-local values. A local that is used has an index; each thread that has set a value has a table of
   slots, one for each index.

   What must hold:
   - A value is taken out of its slot under the guard, and destroyed by whoever took it, without it: so once.
   - While a thread that ends destroys a value, its table names the local; a clear takes all values first and then waits
     until no table does: so when it returns, nobody runs the local's destroy any more.
   - An index goes to another local only when all slots of it are empty: so a new local starts empty.
   - A table is changed in size, and comes and goes, under the guard; its owner alone looks at it without.

   Memory order: a slot is written with release and read with acquire, for a clear by another thread. The acquiring load
   of an index makes what the clear of its last owner did to our table come before what we do. */
#include <plait/local.h>
#include "base/memory.h"
#include "base/report.h"
#include "base/stop.h"
#include "thread/thread.h"
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 4, BATCH = 32 };

typedef _Atomic(void *) slot;
struct table {
    struct table *next, *previous;
    plait_local *destroying; /* a value of it, right now; under the guard */
    size_t size;
    slot *slots;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key; /* its destructor ends threads that plait did not start */
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static struct table *tables;
static plait_local **owners; /* of the indices, from 1 on; NULL: free */
static size_t owners_size;
static plait_waitlist clearers; /* those that wait for the end of a destroy */
static _Thread_local struct table *mine __attribute__((tls_model("initial-exec")));

static void before_fork(void) { pthread_mutex_lock(&guard); }
static void after_fork(void) { pthread_mutex_unlock(&guard); }

static void in_forked_child(void)
{
    tables = mine;
    if (mine) mine->next = mine->previous = NULL;
    atomic_store_explicit(&clearers, 0, memory_order_relaxed);
    after_fork();
}

static void thread_ends(void *unused)
{
    (void)unused;
    plait_local_end_thread();
}

static void prepare(void)
{
    if (pthread_key_create(&key, thread_ends) != 0 || pthread_atfork(before_fork, after_fork, in_forked_child) != 0)
        plait_stop("no thread-specific key is left for thread-local values");
}

/* The index of the local, which it gets with its first value; 0 without memory. */
static uintptr_t index_for(plait_local *local)
{
    uintptr_t index = atomic_load_explicit(&local->index, memory_order_acquire);
    if (index) return index;
    pthread_once(&once, prepare);
    pthread_mutex_lock(&guard);
    index = atomic_load_explicit(&local->index, memory_order_relaxed);
    if (!index) {
        size_t at = 0;
        while (at < owners_size && owners[at]) at++;
        if (at == owners_size) {
            size_t size = owners_size ? 2 * owners_size : 8;
            plait_local **more = plait_reallocate(owners, size * sizeof *more);
            if (more) {
                memset(more + owners_size, 0, (size - owners_size) * sizeof *more);
                owners = more;
                owners_size = size;
            }
        }
        if (at < owners_size) {
            owners[at] = local;
            atomic_store_explicit(&local->index, index = at + 1, memory_order_release);
        }
    }
    pthread_mutex_unlock(&guard);
    return index;
}

static slot *slot_of(uintptr_t index) { return mine && index <= mine->size ? &mine->slots[index - 1] : NULL; }

static struct table *table_new(void)
{
    struct table *t = plait_allocate(sizeof *t);
    if (!t || pthread_setspecific(key, t) != 0) {
        free(t);
        return NULL;
    }
    pthread_mutex_lock(&guard);
    if ((t->next = tables)) t->next->previous = t;
    tables = t;
    pthread_mutex_unlock(&guard);
    return t;
}

static slot *slot_for(uintptr_t index)
{
    if (!mine && !(mine = table_new())) return NULL;
    if (index > mine->size) {
        size_t size = index < 8 ? 8 : 2 * index;
        slot *before = mine->slots, *slots = plait_allocate(size * sizeof *slots);
        if (!slots) return NULL;
        pthread_mutex_lock(&guard);
        if (before) memcpy(slots, before, mine->size * sizeof *slots);
        mine->slots = slots;
        mine->size = size;
        pthread_mutex_unlock(&guard);
        free(before);
    }
    return &mine->slots[index - 1];
}

static void destroy(plait_local *local, void *value)
{
    if (value && local->destroy) local->destroy(value);
}

int plait_local_set(plait_local *local, void *value)
{
    uintptr_t index = value ? index_for(local) : atomic_load_explicit(&local->index, memory_order_acquire);
    slot *s = value && index ? slot_for(index) : slot_of(index);
    if (!s) return value ? plait_fail(PLAIT_ENOMEM, "no memory for a thread-local value") : 0;
    void *before = atomic_exchange_explicit(s, value, memory_order_acq_rel);
    if (before != value) destroy(local, before);
    return 0;
}

void *plait_local_get(plait_local *local)
{
    uintptr_t index = atomic_load_explicit(&local->index, memory_order_acquire);
    slot *s = index ? slot_of(index) : NULL;
    void *value = s ? atomic_load_explicit(s, memory_order_acquire) : NULL;
    if (value || !local->make) return value;
    value = local->make(local->argument);
    if (value && plait_local_set(local, value) != 0) {
        destroy(local, value);
        return NULL;
    }
    return value;
}

static bool end_value(struct table *t, size_t at)
{
    pthread_mutex_lock(&guard);
    void *value = atomic_exchange_explicit(&t->slots[at], NULL, memory_order_acquire);
    plait_local *local = t->destroying = value ? owners[at] : NULL;
    pthread_mutex_unlock(&guard);
    if (!value) return false;
    destroy(local, value);
    pthread_mutex_lock(&guard);
    t->destroying = NULL;
    plait_waiter *chain = plait_waitlist_claim_all(&clearers, false);
    pthread_mutex_unlock(&guard);
    plait_wake(chain);
    return true;
}

/* Destroying a value may set others, so it goes round until nothing is left, but not for ever. */
void plait_local_end_thread(void)
{
    struct table *t = mine;
    if (!t) return;
    bool more = true;
    for (int round = 0; more && round < ROUNDS; round++) {
        more = false;
        for (size_t at = 0; at < t->size; at++) more |= end_value(t, at);
    }
    for (size_t at = 0; more && at < t->size; at++)
        if (t->slots[at])
            plait_report("a thread-local value of thread %s is set anew by its own end", plait_thread_name(NULL));
    pthread_mutex_lock(&guard);
    *(t->previous ? &t->previous->next : &tables) = t->next;
    if (t->next) t->next->previous = t->previous;
    pthread_mutex_unlock(&guard);
    mine = NULL;
    pthread_setspecific(key, NULL);
    free(t->slots);
    free(t);
}

/* Takes some values out of the slots of this index; fewer than BATCH: all. */
static size_t take_values(uintptr_t index, void *values[BATCH])
{
    size_t taken = 0;
    pthread_mutex_lock(&guard);
    for (struct table *t = tables; t && taken < BATCH; t = t->next)
        if (index <= t->size &&
            (values[taken] = atomic_exchange_explicit(&t->slots[index - 1], NULL, memory_order_acquire)))
            taken++;
    pthread_mutex_unlock(&guard);
    return taken;
}

static bool is_being_destroyed(plait_local *local)
{
    for (struct table *t = tables; t; t = t->next)
        if (t->destroying == local) return true;
    return false;
}

void plait_local_clear(plait_local *local)
{
    uintptr_t index = atomic_load_explicit(&local->index, memory_order_acquire);
    void *values[BATCH];
    if (!index) return;
    if (mine && mine->destroying == local) plait_stop("a thread-local value's destroy cleared its own local");
    for (size_t taken = BATCH; taken == BATCH;) {
        taken = take_values(index, values);
        for (size_t i = 0; i < taken; i++) destroy(local, values[i]);
    }
    pthread_mutex_lock(&guard);
    while (is_being_destroyed(local)) {
        plait_waiter node = plait_waiter_here();
        plait_waitlist_add(&clearers, &node);
        pthread_mutex_unlock(&guard);
        (void)!plait_wait_in(&clearers, &node, PLAIT_FOREVER, PLAIT_NOT_CANCELLABLE); /* nothing cuts it short */
        pthread_mutex_lock(&guard);
    }
    owners[index - 1] = NULL;
    atomic_store_explicit(&local->index, 0, memory_order_relaxed);
    pthread_mutex_unlock(&guard);
}
