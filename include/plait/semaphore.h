/* semaphore.h: a count of permits. Whoever waits longest gets the next one. Anybody may release: it is also the gate
   that one task closes and another opens. A bounded one refuses to have more permits than its limit. */
#ifndef PLAIT_SEMAPHORE_H
#define PLAIT_SEMAPHORE_H

#include <plait/time.h>
PLAIT_BEGIN_DECLARATIONS

/* Zero bytes are a semaphore with no permit. The fields are plait's own. */
typedef struct plait_semaphore {
    PLAIT_ATOMIC_(uintptr_t) word;
    PLAIT_ATOMIC_(uintptr_t) waiters;
    size_t limit;
    uintptr_t reserved[1];
} plait_semaphore;
/* clang-format off */
#define PLAIT_SEMAPHORE_INIT(permits) { (uintptr_t)(permits) << 1, 0, 0, { 0 } }
#define PLAIT_SEMAPHORE_INIT_BOUNDED(permits, limit) { (uintptr_t)(permits) << 1, 0, (limit), { 0 } }
/* clang-format on */
#define PLAIT_SEMAPHORE_MOST ((size_t)UINTPTR_MAX >> 2)

/* Makes *semaphore one with `permits` permits, before anybody uses it. PLAIT_EINVAL above PLAIT_SEMAPHORE_MOST (so a
   negative number is refused too). */
PLAIT_API int plait_semaphore_init(plait_semaphore *semaphore, size_t permits);

/* The same, bounded: it never has more than `limit` permits. PLAIT_EINVAL also when `limit` is 0, above
   PLAIT_SEMAPHORE_MOST, or below `permits`. */
PLAIT_API int plait_semaphore_init_bounded(plait_semaphore *semaphore, size_t permits, size_t limit);

/* Takes a permit, waiting until `deadline` for one. 0; PLAIT_EAGAIN; PLAIT_ETIMEDOUT; PLAIT_ECANCELED: nothing taken. */
PLAIT_API int plait_semaphore_acquire(plait_semaphore *semaphore, plait_deadline deadline) PLAIT_MUST_CHECK;

/* Gives `permits` permits: to those who wait first. Never waits. PLAIT_EINVAL, and nothing given, for 0 or when the free
   permits and these would pass the limit, or PLAIT_SEMAPHORE_MOST. */
PLAIT_API int plait_semaphore_release(plait_semaphore *semaphore, size_t permits);

/* The permits that are free now; exact only while nobody else uses it. */
PLAIT_API size_t plait_semaphore_value(plait_semaphore *semaphore);

/* Declares an int `err`, what plait_semaphore_acquire(semaphore, deadline) gave. If that is 0 the permit is given back
   where the enclosing braces are left, in whatever way. */
#define PLAIT_ACQUIRED(err, semaphore, deadline)                                                                       \
    plait_semaphore *err##_semaphore_ __attribute__((cleanup(plait_semaphore_release_at_))) = (semaphore);             \
    int err = plait_semaphore_acquire_here_(&err##_semaphore_, (deadline))
static inline int plait_semaphore_acquire_here_(plait_semaphore **semaphore, plait_deadline deadline)
{
    int err = plait_semaphore_acquire(*semaphore, deadline);
    if (err) *semaphore = NULL;
    return err;
}
static inline void plait_semaphore_release_at_(plait_semaphore **semaphore)
{
    if (*semaphore) plait_semaphore_release(*semaphore, 1);
}

PLAIT_END_DECLARATIONS
#endif
