/* transfer.c: reading and writing. The operation is tried at once in a way that does not wait; if it would have to, the
   wait is plait's, and then it is tried again.

   What must hold: no flag of the descriptor is changed, since the open file may be shared with programs that do not
   expect it. How "do not wait" is said depends on what the descriptor is, and is found out once per call:
     a socket          MSG_DONTWAIT
     a file or device of blocks   nothing: it is always ready
     anything else     RWF_NOWAIT; or, where the kernel does not know it there, readiness first and then an operation
                       that a ready descriptor can do: a read, or a write of what POSIX promises to a ready pipe. (A
                       terminal says that it is ready when it has room for a byte, and may still hold such a write up.
                       A byte at a time would not; but it would mix with what others write there.) */
#include "base/clock.h"
#include "park/scope.h"
#include <plait/io.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum way { SOCKET, FILE_OF_BLOCKS, NO_WAIT, WHEN_READY };

/* Where `way` was not the right one, the next to try. */
static bool other_way(int fd, enum way *way, int error)
{
    struct stat status;
    if (*way == SOCKET && error == ENOTSOCK) {
        bool blocks =
            fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode) || S_ISDIR(status.st_mode));
        *way = blocks ? FILE_OF_BLOCKS : NO_WAIT;
        return true;
    }
    if (*way == NO_WAIT && (error == EOPNOTSUPP || error == ENOSYS)) {
        *way = WHEN_READY;
        return true;
    }
    return false;
}

/* One try: >= 0, or -errno; -EAGAIN: wait until it is ready, and try again. */
static ssize_t try_read(int fd, void *data, size_t size, enum way *way, bool ready)
{
    struct iovec block = { data, size };
    for (;;) {
        ssize_t got = -1;
        switch (*way) {
        case SOCKET: got = recv(fd, data, size, MSG_DONTWAIT); break;
        case NO_WAIT: got = preadv2(fd, &block, 1, -1, RWF_NOWAIT); break;
        case WHEN_READY:
            if (!ready) return -EAGAIN;
            got = read(fd, data, size);
            break;
        case FILE_OF_BLOCKS: got = read(fd, data, size); break;
        }
        if (got >= 0) return got;
        if (errno != EINTR && !other_way(fd, way, errno)) return -errno;
    }
}

static ssize_t try_write(int fd, struct iovec *blocks, int count, enum way *way, bool ready)
{
    int some = count < IOV_MAX ? count : IOV_MAX;
    struct msghdr message = { .msg_iov = blocks, .msg_iovlen = (size_t)some };
    for (;;) {
        ssize_t put = -1;
        switch (*way) {
        case SOCKET: put = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL); break;
        case NO_WAIT: put = pwritev2(fd, blocks, some, -1, RWF_NOWAIT); break;
        case WHEN_READY:
            if (!ready) return -EAGAIN;
            put = write(fd, blocks->iov_base, blocks->iov_len < PIPE_BUF ? blocks->iov_len : PIPE_BUF);
            break;
        case FILE_OF_BLOCKS: put = writev(fd, blocks, some); break;
        }
        if (put >= 0) return put;
        if (errno != EINTR && !other_way(fd, way, errno)) return -errno;
    }
}

/* 0 when it is worth another try. For PLAIT_NOW a socket need not be asked again; other ways ask here for the first time. */
static int wait_for(int fd, short events, enum way way, plait_deadline deadline)
{
    if (plait_is_now(deadline) && way != WHEN_READY) return PLAIT_EAGAIN;
    int got = plait_wait_fd(fd, events, deadline);
    return got < 0 ? got : 0;
}

ssize_t plait_read(int fd, void *data, size_t size, plait_deadline deadline)
{
    int err = plait_wait_begin(deadline);
    if (err || !size) return plait_failed(err);
    enum way way = SOCKET;
    ssize_t got;
    for (bool ready = false; (got = try_read(fd, data, size, &way, ready)) == -EAGAIN; ready = true)
        if ((err = wait_for(fd, POLLIN, way, deadline))) return plait_failed(err);
    return got < 0 ? plait_failed((int)got) : got;
}

/* Takes `size` bytes off the front, and the blocks that are empty then. */
static void drop(struct iovec **blocks, int *count, size_t size)
{
    while (*count && size >= (*blocks)->iov_len) {
        size -= (*blocks)->iov_len;
        ++*blocks;
        --*count;
    }
    if (!*count) return;
    (*blocks)->iov_base = (char *)(*blocks)->iov_base + size;
    (*blocks)->iov_len -= size;
}

static int write_all(int fd, struct iovec *blocks, int count, plait_deadline deadline, size_t *written)
{
    int err = plait_wait_begin(deadline);
    enum way way = SOCKET;
    bool ready = false;
    drop(&blocks, &count, 0);
    while (!err && count) {
        ssize_t put = try_write(fd, blocks, count, &way, ready);
        if (put >= 0) {
            *written += (size_t)put;
            drop(&blocks, &count, (size_t)put);
            ready = false;
            if (count && !(err = plait_wait_begin(deadline)) && !plait_is_now(deadline) && plait_has_passed(deadline))
                err =
                    PLAIT_ETIMEDOUT; /* one who takes a little at a time, and at once, is no reason to go on for ever */
        } else if (put == -EAGAIN) {
            err = wait_for(fd, POLLOUT, way, deadline);
            ready = true;
        } else {
            err = (int)put;
        }
    }
    return plait_failed(err);
}

int plait_writev(int fd, struct iovec *blocks, int count, plait_deadline deadline, size_t *written)
{
    size_t unseen;
    if (!written) written = &unseen;
    *written = 0;
    return count < 0 ? plait_failed(PLAIT_EINVAL) : write_all(fd, blocks, count, deadline, written);
}

int plait_write(int fd, const void *data, size_t size, plait_deadline deadline, size_t *written)
{
    struct iovec block = { (void *)(uintptr_t)data, size }; /* the system calls want it without const, and only read */
    return plait_writev(fd, &block, 1, deadline, written);
}
