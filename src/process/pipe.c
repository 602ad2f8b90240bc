/* pipe.c: ends of pipes, sending and receiving. See pipe.h for what must hold.

   A sender waits for room in the socket. If the other side is a sender that waits likewise, neither would ever go on: so
   one that has waited for a while, with messages here that nobody takes, takes them in itself. To be sure that nobody
   does it looks twice, PATIENCE apart; a process beside it that receives from this end would have come by then. */
#include "process/pipe.h"
#include "base/fork.h"
#include "base/memory.h"
#include "base/record.h"
#include "base/stop.h"
#include "park/scope.h"
#include "park/wait_fd.h"
#include <fcntl.h>
#include <plait/io.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE (10 * PLAIT_MILLISECOND)
#define MOMENT PLAIT_MILLISECOND
enum { AT_ONCE = 64 };

plait_pipe *plait_pipe_over(int fd, unsigned directions)
{
    plait_pipe *p = plait_allocate(sizeof *p);
    if (!p) return NULL;
    p->fd = fd, p->directions = directions, p->last = &p->first, p->generation = plait_process_generation();
    return p;
}

static int open_pair(plait_pipe **one, unsigned of_one, plait_pipe **other, unsigned of_other)
{
    int ends[2];
    *one = *other = NULL;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return plait_failed(-errno);
    *one = plait_pipe_over(ends[0], of_one);
    *other = *one ? plait_pipe_over(ends[1], of_other) : NULL;
    if (*other) return 0;
    free(*one);
    *one = NULL;
    close(ends[0]), close(ends[1]);
    return plait_failed(PLAIT_ENOMEM);
}

int plait_pipe_pair(plait_pipe **one, plait_pipe **other)
{
    return open_pair(one, PLAIT_RECEIVES | PLAIT_SENDS, other, PLAIT_RECEIVES | PLAIT_SENDS);
}

int plait_pipe_one_way(plait_pipe **receiver, plait_pipe **sender)
{
    return open_pair(receiver, PLAIT_RECEIVES, sender, PLAIT_SENDS);
}

plait_pipe *plait_pipe_attach(int fd)
{
    int type = 0, domain = 0;
    socklen_t size = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET ||
        getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX) {
        plait_fail(PLAIT_EINVAL, "descriptor %d is no end of a pipe of plait's", fd);
        return NULL;
    }
    plait_pipe *p = plait_pipe_over(fd, PLAIT_RECEIVES | PLAIT_SENDS);
    if (p) fcntl(fd, F_SETFD, FD_CLOEXEC);
    else plait_failed(PLAIT_ENOMEM);
    return p;
}

static void drop_packet(plait_packet *k)
{
    if (k->fd >= 0) close(k->fd);
    free(k);
}

static void drop_all(plait_pipe *p)
{
    for (plait_packet *k; (k = p->first); drop_packet(k)) p->first = k->next;
    p->last = &p->first;
}

int plait_pipe_close(plait_pipe *p)
{
    PLAIT_LOCKED(&p->mutex);
    if (p->closed) return 0;
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0) return plait_failed(-errno);
    p->closed = true;
    drop_all(p);
    dup3(nothing, p->fd, O_CLOEXEC); /* which cannot fail, both being open and two */
    close(nothing);
    plait_fd_ask(p->fd);
    return 0;
}

void plait_pipe_free(plait_pipe *p)
{
    if (!p) return;
    drop_all(p);
    plait_close(p->fd);
    free(p);
}

int plait_pipe_fd(plait_pipe *p) { return p->closed ? -1 : p->fd; }

static int begin(plait_pipe *p, unsigned direction, plait_deadline deadline)
{
    int err = plait_wait_begin(deadline);
    if (err) return plait_failed(err);
    if (!(p->directions & direction))
        return plait_fail(PLAIT_EINVAL, "this end of a one-way pipe only %s",
                          direction == PLAIT_SENDS ? "receives" : "sends");
    return 0;
}

/* For those that come without words, so that nobody takes an earlier failure's for theirs. */
static int told(int err)
{
    bool has_words = err == PLAIT_EPROTOCOL || err == -EMSGSIZE || err == PLAIT_ETOOLARGE || err == PLAIT_ENOMEM ||
                     err == -EFBIG || err == PLAIT_EINVAL;
    return err == -ENOTSOCK ? plait_failed(PLAIT_ECLOSED) : has_words ? err : plait_failed(err);
}

/* Receiving. */

/* The mutex is held: those that are left from before a fork are the parent's. */
static plait_packet *taken_in(plait_pipe *p)
{
    uint32_t generation = plait_process_generation();
    if (p->generation != generation) drop_all(p);
    p->generation = generation;
    return p->first;
}

/* Reads the content out of its file, so that what is kept holds no descriptor, of which there are few. Without memory for
   that the descriptor is kept. */
static plait_packet *without_file(const plait_packet_head *head, int *fd)
{
    plait_packet *k = head->size < SIZE_MAX - sizeof *k ? plait_allocate(sizeof *k + (size_t)head->size) : NULL;
    if (k && plait_packet_read_file(*fd, k->content, (size_t)head->size) == 0) {
        close(*fd);
        *fd = -1;
        return k;
    }
    free(k);
    return NULL;
}

static int keep(plait_pipe *p, const plait_packet_head *head, int fd)
{
    size_t inside = head->has_descriptor ? 0 : (size_t)head->size;
    bool is_file = fd >= 0 && head->kind <= PLAIT_PACKET_VALUE;
    plait_packet *k = is_file ? without_file(head, &fd) : NULL;
    if (!k) k = plait_allocate(sizeof *k + inside);
    if (!k) {
        if (fd >= 0) close(fd);
        return plait_fail(PLAIT_ENOMEM, "a message was lost: there is no memory to keep it");
    }
    k->head = *head, k->fd = fd, k->next = NULL;
    memcpy(k->content, p->room, inside);
    taken_in(p);
    *p->last = k, p->last = &k->next;
    plait_fd_ask(p->fd);
    return 0;
}

/* Takes what is in the socket into the room: 0, with its descriptor. */
static int take_in(plait_pipe *p, plait_packet_head *head, int *fd)
{
    return p->closed ? PLAIT_ECLOSED : plait_packet_take(p->fd, head, p->room, fd);
}

static int deliver(plait_reception *r, const plait_packet_head *head, const char *content, int fd)
{
    r->head = *head;
    r->fd = fd;
    if (fd < 0 && head->size) memcpy(r->to, content, (size_t)head->size);
    return 0;
}

/* The mutex is held: 0, -EAGAIN, or what the call gives. */
static int receive_now(plait_pipe *p, plait_reception *r)
{
    plait_packet *k = taken_in(p);
    plait_packet_head head;
    int err, fd = -1;
    if (p->closed) return PLAIT_ECLOSED;
    if (k) {
        err = r->accept(r, &k->head);
        if (err && !r->drop) return err;
        if (!(p->first = k->next)) p->last = &p->first;
        if (!err) fd = k->fd, k->fd = -1, deliver(r, &k->head, k->content, fd);
        drop_packet(k);
        return err;
    }
    if ((err = plait_packet_peek(p->fd, &head)) == 0) {
        err = r->accept(r, &head);
        if (err && !r->drop) return err;
        plait_packet_head seen = head;
        int refused = err;
        if ((err = take_in(p, &head, &fd)) == 0 && memcmp(&seen, &head, sizeof seen) != 0) { /* another took ours */
            r->drop = false;
            if ((refused = r->accept(r, &head)) && !r->drop && (err = keep(p, &head, fd)) == 0) return refused;
        }
        if (err) return err;
        if (!refused) return deliver(r, &head, p->room, fd);
        if (fd >= 0) close(fd);
        return refused;
    }
    if (err == PLAIT_EPROTOCOL) take_in(p, &head, &fd); /* which drops it */
    return err;
}

int plait_pipe_take(plait_pipe *p, plait_reception *r, plait_deadline deadline)
{
    int err = begin(p, PLAIT_RECEIVES, deadline);
    while (!err) {
        plait_mutex_lock(&p->mutex);
        r->drop = false;
        err = receive_now(p, r);
        plait_mutex_unlock(&p->mutex);
        if (err != -EAGAIN) break;
        int got = plait_wait_fd(p->fd, POLLIN, deadline);
        err = got < 0 ? got : 0;
    }
    if (!err && r->fd >= 0 && r->head.kind <= PLAIT_PACKET_VALUE) {
        err = plait_packet_read_file(r->fd, r->to, (size_t)r->head.size);
        close(r->fd);
        r->fd = -1;
    }
    return told(err);
}

/* Sending. */

static bool readable(plait_pipe *p)
{
    return (p->directions & PLAIT_RECEIVES) && poll(&(struct pollfd){ p->fd, POLLIN, 0 }, 1, 0) > 0;
}

static int take_one_in(plait_pipe *p)
{
    plait_packet_head head;
    int fd = -1;
    PLAIT_LOCKED(&p->mutex);
    int err = take_in(p, &head, &fd);
    if (!err) return keep(p, &head, fd);
    return err == -EAGAIN || err == PLAIT_EDONE ? 0 : err;
}

static int wait_for_room(plait_pipe *p, bool *takes_in, plait_deadline deadline)
{
    if (plait_is_now(deadline)) return PLAIT_EAGAIN;
    if (*takes_in) {
        int got = plait_wait_fd(p->fd, POLLIN | POLLOUT, deadline);
        if (got < 0 || got & POLLOUT || !(got & POLLIN)) return got < 0 ? got : 0;
        return take_one_in(p);
    }
    bool before = readable(p);
    int got = plait_wait_fd(p->fd, POLLOUT, plait_sooner(deadline, plait_after(PATIENCE)));
    if (got != PLAIT_ETIMEDOUT) return got < 0 ? got : 0;
    *takes_in = before && readable(p);
    return plait_has_passed(deadline) ? PLAIT_ETIMEDOUT : 0;
}

/* As many descriptors are on their way as this user may have (large messages are such), and nothing tells when fewer are.
   If all of the senders wait for that, their own messages have to be taken in, here too. */
static int wait_for_fewer(plait_pipe *p, unsigned *moments, plait_deadline deadline)
{
    if (plait_is_now(deadline)) return PLAIT_EAGAIN;
    int err = plait_sleep_until(plait_sooner(deadline, plait_after(MOMENT)));
    if (++*moments > PATIENCE / MOMENT)
        for (int i = 0; !err && i < AT_ONCE && readable(p); i++) err = take_one_in(p);
    return !err && plait_has_passed(deadline) ? PLAIT_ETIMEDOUT : err;
}

int plait_pipe_put(plait_pipe *p, const plait_packet_head *head, const void *content, int fd, plait_deadline deadline)
{
    int err = begin(p, PLAIT_SENDS, deadline), file = fd;
    bool takes_in = false;
    unsigned moments = 0;
    if (!err && p->closed) err = PLAIT_ECLOSED;
    if (!err && fd < 0 && head->size > PLAIT_PACKET_ROOM && (file = plait_packet_file(content, (size_t)head->size)) < 0)
        return told(file);
    while (!err) {
        err = p->closed ? PLAIT_ECLOSED : plait_packet_send(p->fd, head, content, file);
        if (err == -EAGAIN) {
            err = wait_for_room(p, &takes_in, deadline);
        } else if (err == -ETOOMANYREFS) {
            err = wait_for_fewer(p, &moments, deadline);
        } else {
            break;
        }
    }
    if (file >= 0 && file != fd) close(file);
    return told(err);
}

/* Waiting for several. */

static bool has_taken_in(plait_pipe *p)
{
    PLAIT_LOCKED(&p->mutex);
    return p->closed || taken_in(p);
}

int plait_pipe_wait(plait_pipe **pipes, size_t count, size_t *ready, plait_deadline deadline)
{
    int err = plait_wait_begin(deadline);
    size_t unseen, found = 0;
    if (!ready) ready = &unseen;
    *ready = 0;
    if (err || !count) return plait_failed(err ? err : PLAIT_EINVAL);
    struct pollfd *list = plait_allocate(count * sizeof *list);
    if (!list) return plait_failed(PLAIT_ENOMEM);
    plait_deadline until = deadline;
    for (size_t i = 0; i < count; i++) {
        list[i] = (struct pollfd){ .fd = pipes[i]->fd, .events = POLLIN };
        if (has_taken_in(pipes[i])) until = PLAIT_NOW;
    }
    err = plait_poll(list, count, until);
    for (size_t i = 0; i < count && (err > 0 || err == PLAIT_EAGAIN); i++) {
        if (!list[i].revents && !has_taken_in(pipes[i])) continue;
        plait_pipe *p = pipes[i];
        memmove(&pipes[found + 1], &pipes[found], (i - found) * sizeof *pipes);
        pipes[found++] = p;
    }
    free(list);
    *ready = found;
    return found ? 0 : err < 0 ? err : plait_failed(PLAIT_EAGAIN);
}
