/* shared_memory.c: a file without a name (memfd), mapped at an address that is free in this process and is taken to all that
   share it. A forked child has the mapping; one that is started afresh is handed the descriptor.

   What must hold:
   - All of `limit` is mapped from the start, the file grows inside it: so what one process adds the others have at once.
   - There is no name anywhere: when the last process that has it is gone, it is gone.
   - The file cannot shrink (it is sealed against that), so what was given out is there. */
#include "process/shared_memory.h"
#include "base/hooks.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/stop.h"
#include "process/handover.h"
#include "process/shared_objects.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define GRANULE ((uint64_t)1 << PLAIT_SHARED_SHIFT)
#define USUAL_LIMIT GRANULE
#define FIRST_ROOM ((uint64_t)256 << 10)

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef F_SEAL_SHRINK
#define F_ADD_SEALS 1033
#define F_SEAL_SHRINK 2
#endif

static struct plait_shared_registry *registry_of(plait_shared_memory *m) { return &m->registry; }

static size_t granules_of(uint64_t size) { return (size_t)((size + GRANULE - 1) / GRANULE); }

static size_t granule_at(uintptr_t address) { return (address - PLAIT_SHARED_BASE) / GRANULE; }

/* The mapping is there. 0 or PLAIT_ENOMEM. */
static int enter(plait_shared_memory *m, size_t size, int fd)
{
    struct plait_shared_member *me = plait_allocate(sizeof *me);
    if (!me) return PLAIT_ENOMEM;
    me->memory = m;
    me->registry = registry_of(m);
    me->size = size;
    me->fd = fd;
    atomic_init(&me->references, 1);
    plait_shared_objects_ready();
    for (size_t i = 0, first = granule_at((uintptr_t)m); i < granules_of(size); i++)
        atomic_store_explicit(&plait_shared_at[first + i], me, memory_order_release);
    return 0;
}

static void *map_at(uintptr_t address, size_t size, int fd)
{
    void *got =
        mmap((void *)address, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, fd, 0);
    if (got != MAP_FAILED && (uintptr_t)got != address) { /* a kernel before 4.17 takes it for a wish */
        munmap(got, size);
        errno = EEXIST;
        got = MAP_FAILED;
    }
    return got;
}

static plait_shared_memory *map_anywhere(size_t size, int fd)
{
    size_t count = granules_of(size);
    for (size_t g = 0; g + count <= PLAIT_SHARED_GRANULES; g++) {
        void *got = map_at(PLAIT_SHARED_BASE + g * GRANULE, size, fd);
        if (got != MAP_FAILED) return got;
        if (errno != EEXIST) break;
    }
    return NULL;
}

static int make_file(uint64_t limit, int *made)
{
    if (plait_refused("descriptor")) return plait_fail(-EMFILE, "no descriptor for a shared memory");
    int low = memfd_create("plait", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    /* Above those of stdin, stdout and stderr: where one of them is closed, what is printed must not come to lie here. */
    int fd = low < 0 || low > 2 ? low : fcntl(low, F_DUPFD_CLOEXEC, 3);
    if (fd < 0) {
        int err = -errno;
        if (low >= 0) close(low);
        return plait_fail(err, "no file for a shared memory: %s", strerror(-err));
    }
    if (low != fd) close(low);
    uint64_t room = limit < FIRST_ROOM ? limit : FIRST_ROOM;
    if (ftruncate(fd, (off_t)room) != 0) {
        int err = -errno;
        close(fd);
        return plait_fail(err, "no room for a shared memory: %s", strerror(-err));
    }
    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK);
    *made = fd;
    return 0;
}

static int make(uint64_t limit, plait_shared_memory **made)
{
    int fd = -1, err = make_file(limit, &fd);
    if (err) return err;
    plait_shared_memory *m = map_anywhere(limit, fd);
    if (!m) {
        err = plait_fail(-errno, "no %llu bytes of addresses for a shared memory: %s", (unsigned long long)limit,
                         strerror(errno));
        close(fd);
        return err;
    }
    m->layout = PLAIT_SHARED_LAYOUT;
    m->slots = PLAIT_SLOTS;
    m->address = (uintptr_t)m;
    m->limit = limit;
    m->heap.room = limit < FIRST_ROOM ? limit : FIRST_ROOM;
    atomic_init(&m->heap.top, (sizeof *m + 63) & ~UINT64_C(63));
    m->magic = PLAIT_SHARED_MAGIC;
    if ((err = enter(m, limit, fd))) {
        munmap(m, limit);
        close(fd);
        return plait_fail(err, "no memory for a shared memory");
    }
    *made = m;
    return 0;
}

plait_shared_memory *plait_shared_memory_new_sized(const plait_shared_memory_options *given, size_t given_size)
{
    plait_shared_memory_options o;
    if (plait_options_read(&o, sizeof o, given, given_size)) return NULL;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), limit = o.limit ? o.limit : USUAL_LIMIT;
    if (limit > GRANULE * PLAIT_SHARED_GRANULES) {
        plait_fail(PLAIT_EINVAL, "a shared memory of %llu bytes: it may have %llu at most", (unsigned long long)limit,
                   (unsigned long long)(GRANULE * PLAIT_SHARED_GRANULES));
        return NULL;
    }
    limit = (limit + sizeof(plait_shared_memory) + page - 1) / page * page; /* its own part comes on top */
    plait_shared_memory *m = NULL;
    if (make(limit, &m)) return NULL;
    if (plait_shared_join_or_fail(plait_shared_peek(m))) {
        plait_shared_memory_free(m);
        return NULL;
    }
    return m;
}

struct plait_shared_member *plait_shared_member_here(plait_shared_memory *m)
{
    struct plait_shared_member *me = plait_shared_peek(m);
    return plait_shared_joined(me) || plait_shared_join_or_fail(me) == 0 ? me : NULL;
}

/* Takes the descriptor over when it succeeds. */
static int attach(int fd, plait_shared_memory **attached)
{
    struct stat st;
    if (fstat(fd, &st) != 0) return plait_fail(-errno, "descriptor %d is none: %s", fd, strerror(errno));
    plait_shared_memory *head =
        (size_t)st.st_size < sizeof *head ? MAP_FAILED : mmap(NULL, sizeof *head, PROT_READ, MAP_SHARED, fd, 0);
    if (head == MAP_FAILED || head->magic != PLAIT_SHARED_MAGIC)
        return plait_fail(PLAIT_EINVAL, "descriptor %d is no shared memory of plait's", fd);
    uint64_t limit = head->limit;
    uintptr_t address = (uintptr_t)head->address;
    bool known = head->layout == PLAIT_SHARED_LAYOUT && head->slots == PLAIT_SLOTS;
    munmap(head, sizeof *head);
    if (!known || address % GRANULE || granule_at(address) + granules_of(limit) > PLAIT_SHARED_GRANULES)
        return plait_fail(PLAIT_EPROTOCOL, "a shared memory was made by another version of plait");
    plait_shared_memory *m = map_at(address, limit, fd);
    if (m == MAP_FAILED)
        return plait_fail(-errno, "a shared memory cannot be had at its address %p: %s", (void *)address,
                          strerror(errno));
    if (enter(m, limit, fd)) {
        munmap(m, limit);
        return plait_fail(PLAIT_ENOMEM, "no memory for a shared memory");
    }
    *attached = m;
    return 0;
}

plait_shared_memory *plait_shared_memory_attach(int fd)
{
    plait_shared_memory *m = NULL;
    int own = plait_refused("descriptor") ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (own < 0) {
        plait_fail(-errno, "descriptor %d cannot be taken for a shared memory: %s", fd, strerror(errno));
        return NULL;
    }
    if (attach(own, &m)) {
        close(own);
        return NULL;
    }
    return m;
}

int plait_shared_memory_descriptor(plait_shared_memory *m)
{
    int fd = fcntl(plait_shared_peek(m)->fd, F_DUPFD_CLOEXEC, 3);
    return fd >= 0 ? fd : plait_fail(-errno, "no descriptor for a shared memory: %s", strerror(errno));
}

void plait_shared_memory_free(plait_shared_memory *m)
{
    if (!m) return;
    struct plait_shared_member *me = plait_shared_peek(m);
    if (atomic_load_explicit(&me->references, memory_order_relaxed) > 1 && plait_shared_joined(me))
        plait_shared_trim(me);
    plait_shared_release(me);
}

void plait_shared_release(struct plait_shared_member *me)
{
    plait_shared_memory *m = me->memory;
    if (atomic_fetch_sub_explicit(&me->references, 1, memory_order_acq_rel) > 1) return;
    plait_shared_leave(me);
    for (size_t i = 0, first = granule_at((uintptr_t)m); i < granules_of(me->size); i++)
        atomic_store_explicit(&plait_shared_at[first + i], NULL, memory_order_release);
    munmap(m, me->size);
    close(me->fd);
    free(me);
}

/* For processes that are forked, or started afresh. */

int plait_handover_threads(void) { return plait_shared_served(); }

size_t plait_handover_list(struct plait_handover *list, size_t room)
{
    size_t count = 0;
    struct plait_shared_member *last = NULL;
    for (size_t g = 0; g < PLAIT_SHARED_GRANULES; g++) {
        struct plait_shared_member *me = atomic_load_explicit(&plait_shared_at[g], memory_order_acquire);
        if (!me || me == last) continue;
        last = me;
        if (count < room) {
            memset(&list[count], 0, sizeof *list); /* its gaps too: it is sent as it lies */
            list[count].fd = fcntl(me->fd, F_DUPFD_CLOEXEC, 3);
            list[count].address = me->memory;
            list[count].size = me->size;
        }
        count++;
    }
    return count;
}

int plait_handover_adopt(const struct plait_handover *list, size_t count)
{
    int err = 0;
    for (size_t i = 0; i < count; i++) {
        plait_shared_memory *m;
        if (!err) {
            fcntl(list[i].fd, F_SETFD, FD_CLOEXEC);
            err = attach(list[i].fd, &m);
        }
        if (err) close(list[i].fd);
    }
    return err;
}
