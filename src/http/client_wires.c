/* client_wires.c: see client_wires.h for what must hold. */
#include "http/client_wires.h"
#include "base/hooks.h"
#include "base/memory.h"
#include <errno.h>
#include <plait/error.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct plait_http_wire {
    _Atomic ino_t inode; /* of our socket; 0: there is none */
    plait_http_fresh *owner;
    int next; /* of the owner's, plus one */
    short events;
    plait_watcher *watcher; /* also of what is no socket of ours: libcurl makes some descriptors itself */
};

struct plait_http_wire_table {
    struct plait_http_wire_table *smaller; /* what it replaced, for who still reads that in a child */
    size_t size;
    struct plait_http_wire wires[];
};

static struct plait_http_wire *find(plait_http_wires *w, int fd)
{
    struct plait_http_wire_table *t = atomic_load_explicit(&w->table, memory_order_relaxed);
    return t && fd >= 0 && (size_t)fd < t->size ? &t->wires[fd] : NULL;
}

/* The same, made if need be. NULL without memory. */
static struct plait_http_wire *place(plait_http_wires *w, int fd)
{
    struct plait_http_wire *found = find(w, fd);
    if (found || fd < 0) return found;
    struct plait_http_wire_table *old = atomic_load_explicit(&w->table, memory_order_relaxed), *t;
    size_t size = old ? old->size : 64;
    while (size <= (size_t)fd) size *= 2;
    t = plait_allocate(sizeof *t + size * sizeof *t->wires);
    if (!t) return NULL;
    t->size = size;
    t->smaller = old;
    if (old) memcpy(t->wires, old->wires, old->size * sizeof *t->wires);
    atomic_store_explicit(&w->table, t, memory_order_release);
    return &t->wires[fd];
}

static bool is_ours(struct plait_http_wire *at, int fd)
{
    struct stat about;
    ino_t inode = atomic_load_explicit(&at->inode, memory_order_relaxed);
    return inode && fstat(fd, &about) == 0 && S_ISSOCK(about.st_mode) && about.st_ino == inode;
}

static void disinherit(plait_http_wires *w, struct plait_http_wire *at, int fd)
{
    if (!at->owner) return;
    int *from = &at->owner->first;
    while (*from != fd + 1) from = &find(w, *from - 1)->next;
    *from = at->next;
    at->owner = NULL;
}

static void forget(plait_http_wires *w, struct plait_http_wire *at, int fd)
{
    if (!atomic_load_explicit(&at->inode, memory_order_relaxed)) return;
    disinherit(w, at, fd);
    atomic_store_explicit(&at->inode, 0, memory_order_release);
    w->open--;
}

static int enter(plait_http_wires *w, plait_http_fresh *owner, int fd)
{
    struct stat about;
    struct plait_http_wire *at = place(w, fd);
    if (!at) return PLAIT_ENOMEM;
    if (fstat(fd, &about) != 0) return -errno;
    forget(w, at, fd); /* one that was closed behind our back */
    at->owner = owner;
    at->next = owner->first;
    owner->first = fd + 1;
    atomic_store_explicit(&at->inode, about.st_ino, memory_order_release);
    w->open++;
    short events = at->events;
    if (!at->watcher) return 0;
    plait_http_wires_unwatch(w, fd);
    return plait_http_wires_watch(w, fd, events);
}

int plait_http_wires_open(plait_http_wires *w, plait_http_fresh *owner, int family, int type, int protocol)
{
    int fd = plait_refused("descriptor") ? (errno = EMFILE, -1) : socket(family, type | SOCK_CLOEXEC, protocol);
    if (fd < 0) return -errno;
    int err = enter(w, owner, fd);
    if (err) plait_http_wires_close(w, fd);
    return err == PLAIT_ENOMEM ? -ENOMEM : err ? err : fd;
}

int plait_http_wires_close(plait_http_wires *w, int fd)
{
    struct plait_http_wire *at = find(w, fd);
    plait_http_wires_unwatch(w, fd);
    if (at) forget(w, at, fd);
    return close(fd);
}

plait_http_fresh *plait_http_wires_owner(plait_http_wires *w, int fd)
{
    struct plait_http_wire *at = find(w, fd);
    return at ? at->owner : NULL;
}

int plait_http_wires_watch(plait_http_wires *w, int fd, short events)
{
    struct plait_http_wire *at = place(w, fd);
    if (!at) return PLAIT_ENOMEM;
    if (at->watcher && at->events == events) return 0;
    plait_http_wires_unwatch(w, fd);
    at->watcher = plait_loop_watch(fd, events, w->ready, w->context);
    at->events = events;
    return at->watcher ? 0 : plait_error_code();
}

void plait_http_wires_unwatch(plait_http_wires *w, int fd)
{
    struct plait_http_wire *at = find(w, fd);
    if (!at || !at->watcher) return;
    plait_loop_unwatch(at->watcher);
    at->watcher = NULL;
}

void plait_http_wires_end(plait_http_wires *w, plait_http_fresh *owner)
{
    while (owner->first) {
        int fd = owner->first - 1;
        struct plait_http_wire *at = find(w, fd);
        if (is_ours(at, fd)) disinherit(w, at, fd);
        else forget(w, at, fd);
    }
}

bool plait_http_wires_connected(plait_http_wires *w, const plait_http_fresh *owner)
{
    for (int next = owner->first; next; next = find(w, next - 1)->next) {
        struct sockaddr_storage peer;
        socklen_t size = sizeof peer;
        if (is_ours(find(w, next - 1), next - 1) && getpeername(next - 1, (struct sockaddr *)&peer, &size) == 0)
            return true;
    }
    return false;
}

void plait_http_wires_clear(plait_http_wires *w)
{
    struct plait_http_wire_table *t = atomic_load_explicit(&w->table, memory_order_relaxed);
    for (size_t fd = 0; t && fd < t->size; fd++) {
        plait_http_wires_unwatch(w, (int)fd);
        forget(w, &t->wires[fd], (int)fd);
    }
}

void plait_http_wires_disown(plait_http_wires *w)
{
    struct plait_http_wire_table *t = atomic_load_explicit(&w->table, memory_order_acquire);
    for (size_t fd = 0; t && fd < t->size; fd++)
        if (is_ours(&t->wires[fd], (int)fd)) close((int)fd);
}
