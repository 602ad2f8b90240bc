/* shared_semaphore.c: a count, under a lock that survives its holder. What must hold: the count changes by one store, so who
   dies has given or taken, or has not. */
#include "process/shared_face.h"

struct semaphore {
    _Alignas(16) struct plait_shared_lock lock;
    struct plait_shared_place place;
    _Atomic size_t count;
    size_t limit;
};

static struct semaphore *behind(plait_semaphore *s) { return plait_behind(struct semaphore, s); }

plait_semaphore *plait_shared_semaphore_new(plait_shared_memory *memory, size_t permits, size_t limit)
{
    plait_semaphore checked;
    if (limit ? plait_semaphore_init_bounded(&checked, permits, limit) : plait_semaphore_init(&checked, permits))
        return NULL;
    plait_semaphore *s = plait_shared_face_new(memory, sizeof(struct semaphore), sizeof *s);
    if (!s) return NULL;
    struct semaphore *b = behind(s);
    b->limit = limit ? limit : PLAIT_SEMAPHORE_MOST;
    atomic_store_explicit(&b->count, permits, memory_order_relaxed);
    atomic_store_explicit(&s->word, PLAIT_SEMAPHORE_SHARED, memory_order_relaxed);
    plait_list_be_shared(&s->waiters);
    return s;
}

static size_t count_of(struct semaphore *s) { return atomic_load_explicit(&s->count, memory_order_relaxed); }
static void set_count(struct semaphore *s, size_t n) { atomic_store_explicit(&s->count, n, memory_order_relaxed); }

static int take(struct plait_shared_turn *turn, void *semaphore, void *unused)
{
    (void)unused;
    struct semaphore *s = semaphore;
    size_t count = count_of(s);
    if (count == 0) return PLAIT_NOT_YET;
    set_count(s, count - 1);
    turn->wake = turn->slept && count > 1;
    return 0;
}

int plait_shared_semaphore_acquire(plait_semaphore *face, plait_deadline deadline)
{
    struct semaphore *s = behind(face);
    const struct plait_shared_attempt attempt = { .look = take, .object = s };
    return plait_failed(
        plait_shared_wait(plait_shared_member_of(face), &s->lock, &s->place, &attempt, deadline, PLAIT_CANCELLABLE));
}

int plait_shared_semaphore_release(plait_semaphore *face, size_t permits)
{
    struct plait_shared_member *me = plait_shared_member_of(face);
    struct semaphore *s = behind(face);
    struct plait_shared_wake wake = { .most = 0 };
    plait_shared_lock(me, &s->lock);
    size_t count = count_of(s);
    bool fits = permits && permits <= s->limit && count <= s->limit - permits;
    if (fits) {
        set_count(s, count + permits);
        wake = plait_shared_summon(&s->place, permits < PLAIT_ALL ? (int)permits : PLAIT_ALL);
    }
    size_t limit = s->limit;
    plait_shared_unlock(&s->lock);
    plait_shared_wake(me, &s->place, &wake);
    return fits ? 0
                : plait_fail(PLAIT_EINVAL, "%zu permits released to a semaphore that has %zu and may have %zu", permits,
                             count, limit);
}

size_t plait_shared_semaphore_value(plait_semaphore *face) { return count_of(behind(face)); }
