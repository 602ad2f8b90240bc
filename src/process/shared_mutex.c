/* shared_mutex.c: a mutex that knows its owner by his process's id and by his context there.

   What must hold:
   - The word is the id of the owner's process, or 0; the highest bit says that somebody may sleep. A word that names one who
     is dead is as good as free, but that whoever takes it over says so in `died`, where it stays until it is mended.
   - `task` is written by the owner alone. Only a process that the word names reads it, so an address of another process's
     task is never taken for one's own.
   - Who takes it after a sleep keeps the highest bit set, for others may sleep still; so its unlock wakes the next.
   - A recursive one's depth is its owner's, and void when that has died.

   Memory order: taking acquires, unlocking releases. The word and the bells are in one order (shared_lock.c). */
#include "base/stop.h"
#include "park/thread_parker.h"
#include "park/words.h"
#include "process/shared_face.h"
#include <plait/recursive_mutex.h>
#include <time.h>

#define SLEEPERS (UINT32_C(1) << 31)

struct mutex {
    _Alignas(16) _Atomic uint32_t word;
    _Atomic bool died;
    bool recursive;
    _Atomic(uintptr_t) task;
    _Atomic uint64_t bells[PLAIT_BELLS];
};

static struct mutex *behind(plait_mutex *m) { return plait_behind(struct mutex, m); }

static plait_mutex *new_mutex(plait_shared_memory *memory, size_t size, bool recursive)
{
    plait_mutex *m = plait_shared_face_new(memory, sizeof(struct mutex), size);
    if (!m) return NULL;
    behind(m)->recursive = recursive;
    atomic_store_explicit(&m->word, PLAIT_MUTEX_SHARED, memory_order_relaxed);
    return m;
}

plait_mutex *plait_shared_mutex_new(plait_shared_memory *memory)
{
    return new_mutex(memory, sizeof(plait_mutex), false);
}

plait_recursive_mutex *plait_shared_recursive_mutex_new(plait_shared_memory *memory)
{
    return (plait_recursive_mutex *)(void *)new_mutex(memory, sizeof(plait_recursive_mutex), true);
}

const size_t plait_shared_recursive_mutex_room =
    sizeof(struct mutex) + PLAIT_LABEL + ((sizeof(plait_recursive_mutex) + 15) & ~(size_t)15);

plait_recursive_mutex *plait_shared_recursive_mutex_in(void *room)
{
    struct mutex *m = room;
    plait_recursive_mutex *face = (plait_recursive_mutex *)(void *)((char *)room + sizeof *m + PLAIT_LABEL);
    m->recursive = true;
    atomic_store_explicit(&face->mutex.word, PLAIT_MUTEX_SHARED, memory_order_relaxed);
    return face;
}

static bool held_by(struct mutex *m, struct plait_shared_member *me, const plait_context *task)
{
    return plait_shared_joined(me) && (atomic_load_explicit(&m->word, memory_order_relaxed) & ~SLEEPERS) == me->id &&
           atomic_load_explicit(&m->task, memory_order_relaxed) == (uintptr_t)task;
}

bool plait_shared_mutex_held(plait_mutex *face)
{
    return held_by(behind(face), plait_shared_peek(face), plait_current());
}

static bool held_here(struct mutex *m, struct plait_shared_member *me)
{
    for (plait_context *c = plait_current(); c; c = c->outer)
        if (held_by(m, me, c)) return true;
    return false;
}

static void taken(struct mutex *m, plait_mutex *face, bool died)
{
    if (died) {
        atomic_store_explicit(&m->died, true, memory_order_relaxed);
        if (m->recursive) ((plait_recursive_mutex *)(void *)face)->depth = 0;
    }
    atomic_store_explicit(&m->task, (uintptr_t)plait_current(), memory_order_relaxed);
}

/* Whether it is ours now; else *seen is what it is. */
static bool try_lock(struct mutex *m, plait_mutex *face, struct plait_shared_member *me, bool slept, uint32_t *seen)
{
    uint32_t word = atomic_load_explicit(&m->word, memory_order_relaxed);
    for (bool graced = false;;) {
        uint32_t owner = word & ~SLEEPERS;
        bool died = owner && !plait_shared_alive(me, owner);
        if (owner && !died) {
            *seen = word;
            return false;
        }
        if (died && !graced) { /* as in shared_lock.c */
            nanosleep(&(struct timespec){ .tv_nsec = PLAIT_MILLISECOND }, NULL);
            graced = true;
            word = atomic_load_explicit(&m->word, memory_order_relaxed);
            continue;
        }
        uint32_t next = me->id | (slept || died ? SLEEPERS : word & SLEEPERS);
        if (atomic_compare_exchange_weak_explicit(&m->word, &word, next, memory_order_acquire, memory_order_relaxed)) {
            taken(m, face, died);
            return true;
        }
    }
}

static bool look_out(struct mutex *m, plait_mutex *face, struct plait_shared_member *me)
{
    if (!plait_current()->parker->may_spin || !plait_spin_begin()) return false;
    bool got = false;
    uint32_t seen;
    for (unsigned turn = 0; !got && plait_shared_look_out(turn); turn++)
        got =
            !(atomic_load_explicit(&m->word, memory_order_relaxed) & ~SLEEPERS) && try_lock(m, face, me, false, &seen);
    unsigned unused = PLAIT_FEWEST_SPINS;
    plait_spin_end(got, &unused);
    return got;
}

int plait_shared_mutex_lock(plait_mutex *face, plait_deadline deadline, enum plait_cut cut)
{
    struct plait_shared_member *me = plait_shared_member_of(face);
    struct mutex *m = behind(face);
    uint32_t word;
    if (held_here(m, me))
        return plait_is_now(deadline)
                   ? PLAIT_EAGAIN
                   : plait_fail(PLAIT_EDEADLK,
                                "a lock is asked for by the task that holds it, or by one that runs inside of it");
    if (try_lock(m, face, me, false, &word)) return 0;
    if (plait_is_now(deadline)) return PLAIT_EAGAIN;
    if (look_out(m, face, me)) return 0;
    struct plait_shared_seat seat = { .word = &m->word, .bells = m->bells };
    for (int over = 0;;) {
        seat.epoch = plait_shared_epoch(me);
        if (try_lock(m, face, me, seat.slept, &word)) return 0;
        if (over) return over;
        seat.value = word | SLEEPERS;
        if (word != seat.value && !atomic_compare_exchange_strong(&m->word, &word, seat.value)) continue;
        over = plait_shared_sleep(me, &seat, deadline, cut);
    }
}

void plait_shared_mutex_unlock(plait_mutex *face)
{
    struct plait_shared_member *me = plait_shared_member_of(face);
    struct mutex *m = behind(face);
    if (!held_by(m, me, plait_current()))
        plait_stop("a mutex in shared memory was unlocked by a task that does not hold it%s",
                   atomic_load_explicit(&m->word, memory_order_relaxed) & ~SLEEPERS ? "" : ": it is free");
    atomic_store_explicit(&m->task, 0, memory_order_relaxed);
    if (!(atomic_exchange(&m->word, 0) & SLEEPERS)) return;
    uint64_t bells[PLAIT_BELLS];
    plait_shared_take_bells(m->bells, bells);
    plait_word_wake(&m->word, 1);
    if (bells[0] | bells[1]) plait_shared_ring(me, bells);
}

static struct mutex *of_holder(plait_mutex *face, const char *what)
{
    if (atomic_load_explicit(&face->word, memory_order_relaxed) != PLAIT_MUTEX_SHARED)
        plait_stop("%s is for a mutex in shared memory, and this one is private", what);
    if (!plait_shared_mutex_held(face)) plait_stop("%s is for the task that holds the mutex", what);
    return behind(face);
}

bool plait_shared_owner_died(plait_mutex *face)
{
    return atomic_load_explicit(&of_holder(face, "plait_shared_owner_died")->died, memory_order_relaxed);
}

void plait_shared_mended(plait_mutex *face)
{
    atomic_store_explicit(&of_holder(face, "plait_shared_mended")->died, false, memory_order_relaxed);
}
