/* stack.c: stacks are cut from slabs: one mapping for many of them, without swap reserved and without huge pages, so a
   stack costs the pages that it has touched. Between two stacks lies a guard.

   A guard is made by MADV_GUARD_INSTALL where the kernel has it, which needs no mapping of its own. Else by mprotect,
   which splits the mapping in three: as many as vm.max_map_count allows, less a quarter that is left for all others. From
   there on stacks have no guard, which is said once.

   What must hold: a mapping stays, and a stack is one coroutine's until it is dropped.

   Whether the kernel has it is tried and not asked for by version: a guard must make a system call that is given its
   address fail with EFAULT. */
#include "coroutine/stack.h"
#include "base/hooks.h"
#include "base/memory.h"
#include "base/stop.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { GUARD_INSTALL = 102, GUARD_AT_LEAST = 16 << 10, FIRST_SLAB = 8, LAST_SLAB = 256 };

/* One mapping. Those of its stacks that were dropped have a bit each; they keep their guards. */
struct plait_slab {
    struct plait_slab *next; /* of those that have such */
    char *base;
    unsigned dropped;
    uint64_t bits[LAST_SLAB / 64];
};

/* Stacks of one size, which are cut off the newest slab one by one. */
struct stacks {
    size_t size;
    char *next;
    size_t left, count;
    struct plait_slab *newest, *with_dropped;
};
enum { SIZES = 8 };
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct stacks sizes[SIZES];
static unsigned last_used;
static size_t page, guard_size;
static bool can_install;
static long mappings_left;

static void before_fork(void) { pthread_mutex_lock(&guard); }
static void after_fork(void) { pthread_mutex_unlock(&guard); }

static bool installs(char *at)
{
    int ends[2];
    if (plait_refused("guard") || madvise(at, page, GUARD_INSTALL) != 0 || pipe2(ends, O_CLOEXEC) != 0) return false;
    bool refused = write(ends[1], at, 1) < 0;
    close(ends[0]);
    close(ends[1]);
    return refused;
}

static void prepare(void)
{
    page = (size_t)sysconf(_SC_PAGESIZE);
    guard_size = page > GUARD_AT_LEAST ? page : GUARD_AT_LEAST;
    void *probe = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (probe != MAP_FAILED) {
        can_install = installs(probe);
        munmap(probe, page);
    }
    char text[32];
    FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
    long most = file && fgets(text, sizeof text, file) ? strtol(text, NULL, 10) : 65530;
    if (file) fclose(file);
    mappings_left = most / 4 * 3 / 2; /* each guard makes two more */
    pthread_atfork(before_fork, after_fork, after_fork);
}

static struct stacks *stacks_of(size_t size)
{
    for (unsigned i = 0; i < SIZES; i++)
        if (sizes[i].size == size) return &sizes[i];
    struct stacks *s = &sizes[last_used++ % SIZES]; /* what was left of another size is not used */
    *s = (struct stacks){ .size = size };
    return s;
}

static bool refill(struct stacks *s)
{
    struct plait_slab *slab = plait_allocate(sizeof *slab);
    if (!slab) return false;
    size_t slot = guard_size + s->size;
    size_t count = s->count ? s->count * 2 : FIRST_SLAB;
    if (count > LAST_SLAB) count = LAST_SLAB;
    for (; count; count /= 2) {
        if (slot > SIZE_MAX / count) continue;
        char *at = plait_refused("memory") ? MAP_FAILED
                                           : mmap(NULL, slot * count, PROT_READ | PROT_WRITE,
                                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
        if (at == MAP_FAILED) continue;
        madvise(at, slot * count, MADV_NOHUGEPAGE); /* refused where there are none */
        s->next = slab->base = at;
        s->left = s->count = count;
        s->newest = slab;
        return true;
    }
    free(slab);
    return false;
}

static size_t protect(char *at)
{
    if (can_install && madvise(at, guard_size, GUARD_INSTALL) == 0) return guard_size;
    if (mappings_left > 0 && !plait_refused("mapping") && mprotect(at, guard_size, PROT_NONE) == 0) {
        mappings_left--;
        return guard_size;
    }
    static bool said;
    if (!said)
        plait_report("there are as many guarded stacks as the system's limit vm.max_map_count allows: "
                     "those of more coroutines have no guard");
    said = true;
    return 0;
}

static char *take_dropped(const struct stacks *s)
{
    uint64_t *bits = s->with_dropped->bits;
    unsigned i = 0;
    while (!bits[i]) i++;
    unsigned bit = (unsigned)__builtin_ctzll(bits[i]);
    bits[i] &= bits[i] - 1;
    return s->with_dropped->base + (i * 64 + bit) * (guard_size + s->size) + guard_size;
}

bool plait_stack_map(size_t size, struct plait_stack *stack)
{
    pthread_once(&once, prepare);
    if (size > SIZE_MAX / 2) return false;
    size = (size + page - 1) & ~(page - 1);
    pthread_mutex_lock(&guard);
    struct stacks *s = stacks_of(size);
    bool there = s->with_dropped || s->left || refill(s);
    if (s->with_dropped) {
        *stack = (struct plait_stack){ take_dropped(s), size, guard_size, s->with_dropped };
        if (!--s->with_dropped->dropped) s->with_dropped = s->with_dropped->next;
    } else if (there) {
        *stack = (struct plait_stack){ s->next + guard_size, size, protect(s->next), s->newest };
        s->next += guard_size + size;
        s->left--;
    }
    pthread_mutex_unlock(&guard);
    return there;
}

size_t plait_stack_number(const struct plait_stack *stack)
{
    return (size_t)(stack->floor - stack->slab->base) / (guard_size + stack->size);
}

void plait_stack_trim(const struct plait_stack *stack, const void *used)
{
    size_t below = (size_t)((const char *)used - stack->floor) & ~(page - 1);
    if (below) madvise(stack->floor, below, MADV_DONTNEED);
}

void plait_stack_drop(struct plait_stack stack)
{
    madvise(stack.floor, stack.size, MADV_DONTNEED);
    if (!stack.guard) return; /* it stays without, and is not used again */
    pthread_mutex_lock(&guard);
    size_t i = plait_stack_number(&stack);
    stack.slab->bits[i / 64] |= UINT64_C(1) << i % 64;
    if (!stack.slab->dropped++) {
        struct stacks *s = stacks_of(stack.size);
        stack.slab->next = s->with_dropped;
        s->with_dropped = stack.slab;
    }
    pthread_mutex_unlock(&guard);
}
