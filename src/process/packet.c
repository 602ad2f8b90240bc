/* packet.c: packets and their descriptors. See packet.h for what must hold.

   A descriptor that comes while this process may have no more would be lost, and the message with it. So a message that
   brings one is first looked at with it: if that fails, it is still there. What is taken then comes with another copy;
   should there be no room for that one, the first will do, if the message is the same. */
#include "process/packet.h"
#include <errno.h>
#include <plait/error.h>
#include <plait/type.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MARK = 0x706c6169 };

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

uint64_t plait_packet_type(const plait_type *type)
{
    uint64_t sum = 0xcbf29ce484222325; /* FNV-1a (Fowler, Noll, Vo) over the name and the fields */
    const plait_field *f = type->fields, *end = f + type->field_count;
    for (const char *c = type->name; *c; c++) sum = (sum ^ (unsigned char)*c) * 0x100000001b3;
    for (; f < end; f++) sum = (sum ^ f->offset ^ f->size << 16 ^ (uint64_t)f->kind << 48) * 0x100000001b3;
    return sum ? sum : 1;
}

int plait_packet_file(const void *content, size_t size)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && size > limit.rlim_cur) /* to be told by SIGXFSZ would be no answer */
        return plait_fail(-EFBIG, "a message of %zu bytes, and this process may write files of %llu", size,
                          (unsigned long long)limit.rlim_cur);
    int fd = memfd_create("plait-message", MFD_CLOEXEC);
    if (fd < 0) return -errno;
    for (size_t at = 0; at < size;) {
        ssize_t put = pwrite(fd, (const char *)content + at, size - at, (off_t)at);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) {
            int err = put < 0 ? -errno : -ENOSPC;
            close(fd);
            return err;
        }
        at += (size_t)put;
    }
    return fd;
}

int plait_packet_read_file(int fd, void *content, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t got = pread(fd, (char *)content + at, size - at, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -errno;
        if (got == 0) return plait_fail(PLAIT_EPROTOCOL, "a message of %zu bytes came with %zu", size, at);
        at += (size_t)got;
    }
    return 0;
}

int plait_packet_send(int socket, const plait_packet_head *head, const void *content, int fd)
{
    plait_packet_head h = *head;
    h.mark = MARK;
    h.has_descriptor = fd >= 0;
    size_t inside = fd >= 0 ? 0 : (size_t)h.size;
    struct iovec parts[2] = { { &h, sizeof h }, { (void *)(uintptr_t)content, inside } };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = inside ? 2 : 1 };
    union control control;
    if (fd >= 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes, message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    while (sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        if (errno == EINTR) continue;
        return errno == ECONNRESET ? -EPIPE : -errno; /* reset: it went without having received all */
    }
    return 0;
}

/* One look or take: 0, -EAGAIN, PLAIT_EDONE, -errno. *fd as it came, -1 without one. */
static int receive(int socket, plait_packet_head *h, void *content, int *fd, int flags, bool *cut)
{
    union control control;
    struct iovec parts[2] = { { h, sizeof *h }, { content, content ? PLAIT_PACKET_ROOM : 0 } };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = content ? 2 : 1 };
    if (fd) message.msg_control = control.bytes, message.msg_controllen = CMSG_LEN(sizeof *fd), *fd = -1; /* one */
    ssize_t got;
    do /* reset: the other side went without having received all; what it sent is there all the same */
        got = recvmsg(socket, &message, flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (got < 0 && (errno == EINTR || errno == ECONNRESET));
    if (got <= 0) return got == 0 ? PLAIT_EDONE : -errno;
    struct cmsghdr *c = fd ? CMSG_FIRSTHDR(&message) : NULL;
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof *fd))
        memcpy(fd, CMSG_DATA(c), sizeof *fd);
    if (cut) *cut = message.msg_flags & MSG_CTRUNC;
    bool whole = (size_t)got >= sizeof *h && h->mark == MARK &&
                 (!content || h->has_descriptor || (size_t)got == sizeof *h + h->size);
    if (whole) return 0;
    if (fd && *fd >= 0) close(*fd), *fd = -1;
    return plait_fail(PLAIT_EPROTOCOL, "something else than plait sends on this pipe");
}

int plait_packet_peek(int socket, plait_packet_head *h) { return receive(socket, h, NULL, NULL, MSG_PEEK, NULL); }

int plait_packet_take(int socket, plait_packet_head *h, void *content, int *fd)
{
    int seen = -1, err = receive(socket, h, NULL, NULL, MSG_PEEK, NULL);
    bool cut = false;
    if (!err && h->has_descriptor) {
        err = receive(socket, h, NULL, &seen, MSG_PEEK, &cut);
        if (!err && h->has_descriptor && seen < 0) err = -EMFILE;
    }
    plait_packet_head first = *h;
    if (!err || err == PLAIT_EPROTOCOL) err = receive(socket, h, content, fd, 0, &cut);
    if (!err && h->has_descriptor && *fd < 0) {
        bool same = seen >= 0 && memcmp(&first, h, sizeof first) == 0;
        if (same) *fd = seen, seen = -1;
        else err = -EMFILE; /* of another process's race for the last message: this one is lost */
    }
    if (seen >= 0) close(seen);
    return err;
}
