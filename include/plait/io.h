/* io.h: sockets and other descriptors, waited for as one waits for anything in plait: with a deadline, cancellable, from
   threads and coroutines. Descriptors are plain ints. O_NONBLOCK is never set on a descriptor that plait did not make. */
#ifndef PLAIT_IO_H
#define PLAIT_IO_H

#include <plait/time.h>
#include <sys/types.h>
#include <sys/uio.h>
PLAIT_BEGIN_DECLARATIONS

/* All calls here give, besides what they name: PLAIT_EAGAIN (PLAIT_NOW and not ready), PLAIT_ETIMEDOUT, PLAIT_ECANCELED,
   PLAIT_ECLOSED (plait_close ended the wait), -errno. SIGPIPE is never raised for sockets; for pipes it is, as by write(2). Regular files are always
   ready. A terminal that stops taking output in the middle of a write may hold it up beyond its deadline. */

/* Waits until `fd` is ready for one of `events` (of poll(2)). Returns those that are, > 0, or a negative code. */
PLAIT_API int plait_wait_fd(int fd, short events, plait_deadline deadline) PLAIT_MUST_CHECK;

/* The same for several, as poll(2): fills in the `revents` of each, and returns how many are ready for something, > 0, or
   a negative code. Entries with a negative descriptor are passed over; none at all is a sleep. Also PLAIT_ENOMEM, -EMFILE,
   -ENFILE. */
struct pollfd;
PLAIT_API int plait_poll(struct pollfd *list, size_t count, plait_deadline deadline) PLAIT_MUST_CHECK;

/* Reads what is there, up to `size` bytes, waiting for the first. Returns how many, 0 at the end. */
PLAIT_API ssize_t plait_read(int fd, void *data, size_t size, plait_deadline deadline) PLAIT_MUST_CHECK;

/* Writes all `size` bytes, or all of `count` blocks, waiting as often as needed. Returns 0. With an error *written
   (unless NULL) tells how many bytes went out; PLAIT_ECANCELED after the first byte is still an error: look there.
   The array of plait_writev is used up: its entries are changed. */
PLAIT_API int plait_write(int fd, const void *data, size_t size, plait_deadline deadline,
                          size_t *written) PLAIT_MUST_CHECK;
PLAIT_API int plait_writev(int fd, struct iovec *blocks, int count, plait_deadline deadline,
                           size_t *written) PLAIT_MUST_CHECK;

/* An address is "HOST:PORT", "[IPV6]:PORT", ":PORT" (all interfaces for listen, this machine for connect) or
   "unix:PATH". Anything else gives PLAIT_EADDRESS. Host names are looked up on a thread of their own, so that a wait
   for them ends in time; a name that is not found gives PLAIT_ERESOLVE. */

/* A listening socket (close-on-exec, address reuse), or a negative code with a record. Port 0 takes a free one. `backlog`
   0 is the default. Names are not looked up here: HOST is numeric or "localhost". A unix socket that a program which
   died has left at PATH is replaced; plait_close leaves the file there. */
PLAIT_API int plait_listen(const char *address, int backlog) PLAIT_MUST_CHECK;

/* The port that a socket is bound to, 0 for one without; or a negative code. Never waits. */
PLAIT_API int plait_socket_port(int fd);

/* Waits for a connection. Returns its descriptor (close-on-exec, TCP_NODELAY for TCP), or a negative code. A connection
   that went away before it was taken is passed over. With -EMFILE or -ENFILE it stays in line until there is room for it.
   `fd` is best a socket from plait_listen; another one that blocks may hold the call up when several accept from it. */
PLAIT_API int plait_accept(int fd, plait_deadline deadline) PLAIT_MUST_CHECK;

/* Connects, trying each address that the name has in turn. Returns the descriptor (close-on-exec, TCP_NODELAY for TCP),
   or a negative code with a record: address, cause. */
PLAIT_API int plait_connect(const char *address, plait_deadline deadline) PLAIT_MUST_CHECK;

/* Closes `fd`; waits on it in plait end with PLAIT_ECLOSED before its number can be used again. 0 or -errno; the
   descriptor is gone in any case. */
PLAIT_API int plait_close(int fd);

PLAIT_END_DECLARATIONS
#endif
