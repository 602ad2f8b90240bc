/* shared_registry.h: who uses a shared memory, and who of them has died. For the files of shared memory alone.

   Each process that uses a memory has a slot in it, and an id, which no other user of that memory ever had. A thread of
   plait's own, the service thread, holds the slot's `life` as a robust futex for as long as the process lives: the kernel
   itself marks it when the process is gone, however it went.

   What must hold:
   - An id is alive while its slot has it and the slot's `life` names a thread. Once dead it is dead for ever.
   - Whoever sleeps in a shared object also sleeps on the memory's `epoch`, as it was before he looked at what he waits for.
   - Each death is followed by a step of the epoch and a wake of all who sleep on it: so all look again, and what the dead
     held, or had been woken for, is found. Who makes that step may die too: then that is a death, and all the deaths that
     are there are looked for. It may be stopped; and a process that is being killed is dead as soon as its service thread is
     gone, when another thread of it may still be found asleep, and a wake be wasted on it: so each that sleeps looks by
     itself now and then.
   - A tasks' place in shared memory is marked with the slot of each process that has a task in it which only its service
     thread can wake (a coroutine): its `bell` is rung with the wake. */
#ifndef PLAIT_PROCESS_SHARED_REGISTRY_H
#define PLAIT_PROCESS_SHARED_REGISTRY_H
#include "base/fork.h"
#include "park/scope.h"
#include <plait/shared.h>

enum { PLAIT_SLOTS = 254, PLAIT_BELLS = 4 };

struct plait_shared_slot {
    _Alignas(64) void *next; /* in the list that the kernel walks when the thread ends */
    _Atomic uint32_t life;
    _Atomic uint32_t id;
    _Atomic uint32_t bell;
};

struct plait_shared_registry {
    _Atomic uint32_t epoch, newest; /* the number in the last id */
    struct plait_shared_slot slots[PLAIT_SLOTS];
};

/* A memory as this process has it. */
struct plait_shared_member {
    plait_shared_memory *memory;
    struct plait_shared_registry *registry;
    size_t size; /* of the mapping */
    int fd;
    _Atomic size_t references;   /* the memory's user, and each block that this process owns (shared_block.h) */
    _Atomic uint32_t generation; /* of the process whose id it is */
    uint32_t id;
    struct plait_shared_slot *slot;
    struct plait_shared_member *next; /* among those of the service thread */
    _Atomic uint32_t ruler; /* generation of the process whose workers all others are; 0: there is none such */
};

/* Addresses of shared memory: the same in all processes. */
#define PLAIT_SHARED_BASE ((uintptr_t)0x7e8000000000)
enum { PLAIT_SHARED_SHIFT = 30, PLAIT_SHARED_GRANULES = 512 };
extern _Atomic(struct plait_shared_member *) plait_shared_at[PLAIT_SHARED_GRANULES];

/* Gives this process an id in a memory. Stops the program when it cannot have one. */
void plait_shared_join(struct plait_shared_member *);

/* The same, and tells: 0, PLAIT_ENOMEM (no thread), -EUSERS, with a record. */
int plait_shared_join_or_fail(struct plait_shared_member *);
void plait_shared_leave(struct plait_shared_member *);

/* The member for an object in shared memory; without an id of its own while it has not joined. */
struct plait_shared_member *plait_shared_peek(const void *object);
static inline bool plait_shared_joined(struct plait_shared_member *me)
{
    return atomic_load_explicit(&me->generation, memory_order_acquire) == plait_process_generation();
}
static inline struct plait_shared_member *plait_shared_member_of(const void *object)
{
    struct plait_shared_member *me = plait_shared_peek(object);
    if (!plait_shared_joined(me)) plait_shared_join(me);
    return me;
}

bool plait_shared_alive(struct plait_shared_member *, uint32_t id);

/* The service thread of one that is alive; else 0. */
unsigned plait_shared_life(struct plait_shared_member *, uint32_t id);

/* shared_stopped.c: kills the process of an id if it is stopped and this one rules the memory. */
void plait_shared_end_stopped(struct plait_shared_member *, uint32_t id);
static inline uint32_t plait_shared_epoch(struct plait_shared_member *me)
{
    return atomic_load_explicit(&me->registry->epoch, memory_order_acquire);
}

/* Looks for those that have died since, and tells all. */
void plait_shared_look_for_dead(struct plait_shared_member *);

/* Rings the bells of these slots. */
void plait_shared_ring(struct plait_shared_member *, const uint64_t bells[PLAIT_BELLS]);

/* A task that its service thread will unpark when the word, or the epoch, is not what it was. Added, it is to be marked, and
   then to look at both once more before it sleeps. A bell may be taken by one who woke the sleepers before, and comes late:
   whoever hears it and finds the words as they were marks it again. */
struct plait_shared_sleeper {
    struct plait_shared_sleeper *next, **at;
    struct plait_shared_member *me;
    _Atomic uint64_t *bells;
    _Atomic uint32_t *word;
    uint32_t value, seen;
    plait_parker *parker;
};
void plait_shared_sleeper_add(struct plait_shared_sleeper *);
bool plait_shared_sleeper_mark(struct plait_shared_sleeper *); /* true: they are as they were */
void plait_shared_sleeper_remove(struct plait_shared_sleeper *);

/* Whether this process has a service thread. */
bool plait_shared_served(void);

/* How often one that sleeps looks for the dead by itself. */
int64_t plait_shared_patience(void);

#endif
