/* shared_value.c: bytes with a lock. What must hold: all that read or write through here have the lock. */
#include "process/shared_face.h"
#include <string.h>

struct value {
    _Alignas(16) plait_shared_value face;
    _Alignas(16) unsigned char data[];
};

static int check_lock(plait_shared_memory *memory, plait_recursive_mutex *lock)
{
    uintptr_t at = (uintptr_t)lock, first = (uintptr_t)memory;
    if (at > first && at < first + memory->limit &&
        atomic_load_explicit(&lock->mutex.word, memory_order_relaxed) == PLAIT_MUTEX_SHARED)
        return 0;
    return plait_fail(PLAIT_EINVAL, "a value in shared memory was given a lock that is none of that memory");
}

plait_shared_value *plait_shared_value_new(plait_shared_memory *memory, size_t size, plait_recursive_mutex *lock)
{
    struct plait_shared_member *me = plait_shared_member_here(memory);
    if (!me || (lock && check_lock(memory, lock))) return NULL;
    if (size == 0 || size > PTRDIFF_MAX) {
        plait_fail(PLAIT_EINVAL, "a value in shared memory of %zu bytes", size);
        return NULL;
    }
    size_t room = lock ? 0 : plait_shared_recursive_mutex_room;
    char *given = plait_shared_allocate(me, room + PLAIT_LABEL, sizeof(struct value) + size);
    if (!given) return NULL;
    struct value *v = (struct value *)(void *)given;
    v->face = (plait_shared_value){ .lock = lock ? lock : plait_shared_recursive_mutex_in(given - PLAIT_LABEL - room),
                                    .data = v->data,
                                    .size = size };
    return &v->face;
}

static int check_range(plait_shared_value *v, size_t offset, size_t size)
{
    if (offset <= v->size && size <= v->size - offset) return 0;
    return plait_fail(PLAIT_EINVAL, "%zu bytes from %zu on, of a value that has %zu", size, offset, v->size);
}

int plait_shared_value_read(plait_shared_value *v, size_t offset, void *to, size_t size)
{
    int err = check_range(v, offset, size);
    if (err) return err;
    PLAIT_LOCKED_RECURSIVELY(v->lock);
    memcpy(to, (char *)v->data + offset, size);
    return 0;
}

int plait_shared_value_write(plait_shared_value *v, size_t offset, const void *from, size_t size)
{
    int err = check_range(v, offset, size);
    if (err) return err;
    PLAIT_LOCKED_RECURSIVELY(v->lock);
    memcpy((char *)v->data + offset, from, size);
    return 0;
}

int plait_shared_value_update(plait_shared_value *v, int (*change)(void *data, void *context), void *context)
{
    PLAIT_LOCKED_RECURSIVELY(v->lock);
    return change(v->data, context);
}

int64_t plait_shared_add(int64_t *number, int64_t summand)
{
    return (int64_t)__atomic_add_fetch((uint64_t *)number, (uint64_t)summand, __ATOMIC_ACQ_REL);
}
