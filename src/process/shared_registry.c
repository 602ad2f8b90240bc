/* shared_registry.c: see shared_registry.h.

   What must hold here:
   - `life` is 0 (free), a thread's number with the kernel's bit WAITERS, or what the kernel makes of that: WAITERS and DIED.
     It is taken by the protocol of robust futexes: said to the kernel as pending, taken, put on the list, no more pending.
     So at no point can one die with it unseen.
   - WAITERS is always set, and so the kernel wakes one of those that sleep on it: a service thread.
   - A slot is freed by whoever finds it dead: first its id is taken away, then its life. Who takes it then steps the epoch
     once it has its id, for those that looked in between.
   - All that belongs to one process hangs on its `service`, and a forked child makes one of its own. So nothing need be
     done at a fork, nor is anything held over one.

   Why one that is dead runs no more: the kernel sends SIGKILL to all threads of a process, with an interrupt to those that
   run, under the lock that the service thread must take on its way out. So that a thread which is just then in user mode
   is interrupted before it does much is sure; how soon is not, and whoever takes over a lock of a dead one first sleeps
   for a millisecond (shared_lock.c). */
#include "process/shared_registry.h"
#include "base/hooks.h"
#include "base/memory.h"
#include "base/stop.h"
#include "park/words.h"
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SLOT_BITS 8 /* of an id, whose highest bit is for locks */
#define NUMBERS ((UINT32_C(1) << 23) - 1)
#define PATIENCE PLAIT_SECOND                   /* when only one that was stopped has been told */
#define SHORT_PATIENCE (10 * PLAIT_MILLISECOND) /* when the kernel can tell nobody */

struct entry { /* as the kernel wants them */
    struct entry *next;
};
struct head {
    struct entry list;
    long offset;
    struct entry *pending;
};

struct service {
    uint32_t generation;
    struct service *parents;
    pthread_mutex_t guard; /* over all below; nobody sleeps with it */
    struct head head;
    _Atomic uint32_t thread;  /* its number, once it serves */
    _Atomic uint32_t control; /* changes when it should look at what it sleeps on */
    struct plait_shared_member *members;
    struct plait_shared_sleeper *sleepers;
};

_Atomic(struct plait_shared_member *) plait_shared_at[PLAIT_SHARED_GRANULES];
static _Atomic(struct service *) present;

/* This process's. Those of its ancestors stay: a fork may have copied them half-changed. */
static struct service *service(void)
{
    struct service *s = atomic_load_explicit(&present, memory_order_acquire), *mine = NULL;
    uint32_t generation = plait_process_generation();
    while (!s || s->generation != generation) {
        if (!mine && !(mine = plait_allocate(sizeof *mine))) return NULL;
        mine->generation = generation;
        mine->parents = s;
        pthread_mutex_init(&mine->guard, NULL);
        if (atomic_compare_exchange_strong_explicit(&present, &s, mine, memory_order_acq_rel, memory_order_acquire))
            return mine;
    }
    free(mine);
    return s;
}

bool plait_shared_served(void)
{
    struct service *s = atomic_load_explicit(&present, memory_order_acquire);
    return s && s->generation == plait_process_generation() &&
           atomic_load_explicit(&s->thread, memory_order_acquire) != 0;
}

int64_t plait_shared_patience(void)
{
    if (plait_refused("patience")) return 3600 * PLAIT_SECOND; /* a test, in which a lost wake-up is to be seen */
    return plait_words_together() ? PATIENCE : SHORT_PATIENCE;
}

struct plait_shared_member *plait_shared_peek(const void *object)
{
    uintptr_t granule = ((uintptr_t)object - PLAIT_SHARED_BASE) >> PLAIT_SHARED_SHIFT;
    struct plait_shared_member *me =
        granule < PLAIT_SHARED_GRANULES ? atomic_load_explicit(&plait_shared_at[granule], memory_order_acquire) : NULL;
    if (!me) plait_stop("an object at %p lies in no shared memory that this process has", object);
    return me;
}

/* The living and the dead. */

static bool is_alive(uint32_t life) { return (life & FUTEX_TID_MASK) != 0; }

unsigned plait_shared_life(struct plait_shared_member *me, uint32_t id)
{
    uint32_t slot = id & ((1U << SLOT_BITS) - 1);
    struct plait_shared_slot *s = &me->registry->slots[slot < PLAIT_SLOTS ? slot : 0];
    if (slot >= PLAIT_SLOTS || atomic_load_explicit(&s->id, memory_order_acquire) != id) return 0;
    uint32_t life = atomic_load_explicit(&s->life, memory_order_acquire);
    return is_alive(life) ? life & FUTEX_TID_MASK : 0;
}

bool plait_shared_alive(struct plait_shared_member *me, uint32_t id) { return plait_shared_life(me, id) != 0; }

static void ring(struct plait_shared_slot *s)
{
    atomic_fetch_add_explicit(&s->bell, 1, memory_order_release);
    plait_word_wake(&s->bell, 1);
}

void plait_shared_ring(struct plait_shared_member *me, const uint64_t bells[PLAIT_BELLS])
{
    for (unsigned i = 0; i < PLAIT_BELLS; i++)
        for (uint64_t left = bells[i]; left; left &= left - 1)
            ring(&me->registry->slots[i * 64 + (unsigned)__builtin_ctzll(left)]);
}

/* All look again: at what they wait for, and at who there is. */
static void step_epoch(struct plait_shared_registry *r)
{
    atomic_fetch_add_explicit(&r->epoch, 1, memory_order_acq_rel);
    plait_word_wake(&r->epoch, INT_MAX);
    for (unsigned i = 0; i < PLAIT_SLOTS; i++)
        if (is_alive(atomic_load_explicit(&r->slots[i].life, memory_order_relaxed))) ring(&r->slots[i]);
}

void plait_shared_look_for_dead(struct plait_shared_member *me)
{
    struct plait_shared_registry *r = me->registry;
    for (unsigned i = 0; i < PLAIT_SLOTS; i++) {
        struct plait_shared_slot *s = &r->slots[i];
        uint32_t id = atomic_load_explicit(&s->id, memory_order_relaxed);
        uint32_t life = atomic_load_explicit(&s->life, memory_order_acquire);
        if (!(life & FUTEX_OWNER_DIED)) continue;
        step_epoch(r);
        if (id && !atomic_compare_exchange_strong_explicit(&s->id, &id, 0, memory_order_acq_rel, memory_order_relaxed))
            continue; /* it is another's by now */
        atomic_compare_exchange_strong_explicit(&s->life, &life, 0, memory_order_release, memory_order_relaxed);
    }
}

/* The service thread. */

/* First the bell, then the word, in one order with a waker's change of the word and taking of the bells. */
bool plait_shared_sleeper_mark(struct plait_shared_sleeper *w)
{
    unsigned slot = (unsigned)(w->me->slot - w->me->registry->slots);
    atomic_fetch_or(&w->bells[slot / 64], UINT64_C(1) << slot % 64);
    return atomic_load(w->word) == w->value && plait_shared_epoch(w->me) == w->seen;
}

static void look_after_sleepers(struct service *s)
{
    for (struct plait_shared_sleeper *w = s->sleepers; w; w = w->next)
        if (!plait_shared_sleeper_mark(w)) plait_unpark(w->parker);
}

/* The lives of those that come behind one's own slot, round and round, as many as there is room for: so whoever is the last
   living one before one that dies watches over him, or over those between, and with each of these that goes comes nearer.
   Returns false if one may go unseen. */
static bool gather_lives(struct plait_shared_member *m, struct plait_word *words, unsigned room, unsigned *count)
{
    unsigned own = (unsigned)(m->slot - m->registry->slots), most = *count + room;
    plait_shared_look_for_dead(m);
    for (unsigned i = 1; i < PLAIT_SLOTS; i++) {
        struct plait_shared_slot *other = &m->registry->slots[(own + i) % PLAIT_SLOTS];
        uint32_t life = atomic_load_explicit(&other->life, memory_order_acquire);
        if (life == 0) continue;
        if (!is_alive(life)) return false; /* it has just died */
        if (*count == most) return room != 0;
        words[(*count)++] = (struct plait_word){ &other->life, life, false };
    }
    return true;
}

/* What to sleep on: one's own bell of each memory, and the lives of others there. Returns false if that is too much. */
static bool gather(struct service *s, struct plait_word *words, unsigned *count)
{
    bool all = plait_words_together();
    unsigned members = 0;
    for (struct plait_shared_member *m = s->members; m; m = m->next, members++)
        if (*count < PLAIT_MOST_WORDS)
            words[(*count)++] =
                (struct plait_word){ &m->slot->bell, atomic_load_explicit(&m->slot->bell, memory_order_acquire),
                                     false };
        else all = false;
    for (struct plait_shared_member *m = s->members; m && members; m = m->next, members--)
        all &= gather_lives(m, words, (PLAIT_MOST_WORDS - *count) / members, count);
    return all;
}

static int64_t from_now(int64_t nanoseconds)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * PLAIT_SECOND + now.tv_nsec + nanoseconds;
}

static void *serve(void *argument)
{
    struct service *s = argument;
    s->head.list.next = &s->head.list;
    s->head.offset = (long)offsetof(struct plait_shared_slot, life) - (long)offsetof(struct plait_shared_slot, next);
    syscall(SYS_set_robust_list, &s->head, sizeof s->head); /* in place of the C library's: it locks nothing robust */
    atomic_store_explicit(&s->thread, (uint32_t)syscall(SYS_gettid), memory_order_release);
    plait_word_wake(&s->thread, INT_MAX);
    for (;;) {
        struct plait_word words[PLAIT_MOST_WORDS];
        words[0] = (struct plait_word){ &s->control, atomic_load_explicit(&s->control, memory_order_acquire), false };
        unsigned count = 1;
        pthread_mutex_lock(&s->guard);
        bool all = gather(s, words, &count);
        look_after_sleepers(s);
        pthread_mutex_unlock(&s->guard);
        if (!plait_words_together() && count > 1) words[0] = words[1]; /* the one that it can sleep on: a bell */
        plait_words_sleep(words, count, all ? 0 : from_now(SHORT_PATIENCE));
    }
    return NULL;
}

/* With no signal of the program's. Not plait_thread_start: a forked child has no use for what that keeps. */
static int start(struct service *s)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    pthread_t thread;
    if (plait_refused("thread") || pthread_attr_init(&attributes) != 0) return PLAIT_ENOMEM;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int err = pthread_create(&thread, &attributes, serve, s);
    if (!err) pthread_setname_np(thread, "plait-shared");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (err) return PLAIT_ENOMEM;
    while (!atomic_load_explicit(&s->thread, memory_order_acquire))
        plait_words_sleep(&(struct plait_word){ &s->thread, 0, false }, 1, 0);
    return 0;
}

static void tell(struct service *s)
{
    atomic_fetch_add_explicit(&s->control, 1, memory_order_release);
    plait_word_wake(&s->control, 1);
}

/* Coming and going. */

static struct entry *entry_of(struct plait_shared_slot *slot) { return (struct entry *)(void *)&slot->next; }

/* Kept in this order by the compiler too: the kernel, as it were a signal handler, looks at any point. */
static void in_order(void) { atomic_signal_fence(memory_order_seq_cst); }

static bool take(struct service *s, struct plait_shared_slot *slot)
{
    uint32_t free_one = 0;
    uint32_t life = atomic_load_explicit(&s->thread, memory_order_relaxed) | FUTEX_WAITERS;
    s->head.pending = entry_of(slot);
    in_order();
    bool taken = atomic_compare_exchange_strong_explicit(&slot->life, &free_one, life, memory_order_acq_rel,
                                                         memory_order_relaxed);
    if (taken) {
        slot->next = s->head.list.next;
        in_order();
        s->head.list.next = entry_of(slot);
    }
    in_order();
    s->head.pending = NULL;
    return taken;
}

static void give_up(struct service *s, struct plait_shared_slot *slot)
{
    struct entry **at = &s->head.list.next;
    while (*at != entry_of(slot)) at = &(*at)->next;
    s->head.pending = entry_of(slot);
    in_order();
    *at = slot->next;
    in_order();
    atomic_store_explicit(&slot->id, 0, memory_order_release);
    atomic_store_explicit(&slot->life, 0, memory_order_release);
    in_order();
    s->head.pending = NULL;
}

/* With the guard held. */
static int join(struct service *s, struct plait_shared_member *me)
{
    struct plait_shared_registry *r = me->registry;
    if (!atomic_load_explicit(&s->thread, memory_order_acquire) && start(s))
        return plait_fail(PLAIT_ENOMEM, "no thread could be started to look after shared memory");
    plait_shared_look_for_dead(me);
    unsigned i = 0;
    while (i < PLAIT_SLOTS && !take(s, &r->slots[i])) i++;
    if (i == PLAIT_SLOTS)
        return plait_fail(-EUSERS, "%d processes use this shared memory, and no more can", PLAIT_SLOTS);
    uint32_t number = atomic_fetch_add_explicit(&r->newest, 1, memory_order_relaxed) % NUMBERS + 1;
    me->slot = &r->slots[i];
    me->id = number << SLOT_BITS | i;
    atomic_store_explicit(&me->slot->id, me->id, memory_order_release);
    step_epoch(r); /* the others are to watch over this one too */
    me->next = s->members;
    s->members = me;
    atomic_store_explicit(&me->generation, s->generation, memory_order_release);
    tell(s);
    return 0;
}

int plait_shared_join_or_fail(struct plait_shared_member *me)
{
    struct service *s = service();
    if (!s) return plait_fail(PLAIT_ENOMEM, "no memory to look after shared memory");
    pthread_mutex_lock(&s->guard);
    int err = plait_shared_joined(me) ? 0 : join(s, me);
    pthread_mutex_unlock(&s->guard);
    return err;
}

void plait_shared_join(struct plait_shared_member *me)
{
    if (plait_shared_join_or_fail(me)) plait_stop("shared memory cannot be used here: %s", plait_error()->message);
}

void plait_shared_leave(struct plait_shared_member *me)
{
    struct service *s = service();
    if (!s || !plait_shared_joined(me)) return;
    pthread_mutex_lock(&s->guard);
    struct plait_shared_member **at = &s->members;
    while (*at != me) at = &(*at)->next;
    *at = me->next;
    give_up(s, me->slot);
    step_epoch(me->registry);
    atomic_store_explicit(&me->generation, 0, memory_order_release);
    pthread_mutex_unlock(&s->guard);
    tell(s);
}

void plait_shared_sleeper_add(struct plait_shared_sleeper *w)
{
    struct service *s = service();
    pthread_mutex_lock(&s->guard);
    if ((w->next = s->sleepers)) w->next->at = &w->next;
    w->at = &s->sleepers;
    s->sleepers = w;
    pthread_mutex_unlock(&s->guard);
}

void plait_shared_sleeper_remove(struct plait_shared_sleeper *w)
{
    struct service *s = service();
    pthread_mutex_lock(&s->guard);
    *w->at = w->next;
    if (w->next) w->next->at = w->at;
    pthread_mutex_unlock(&s->guard);
}
