/* pipe.h: messages from process to process, through two ends of a pipe. A message arrives whole, once, and not merged
   with another, whatever its size; also between threads and coroutines of one process. For C values of the same build on
   both sides: plain structs, described ones (<plait/type.h>), blocks of bytes, descriptors, pipes themselves.

   An end is inherited by a forked process; a started one is handed its descriptor, and makes an end of it. Each process
   uses its own copy, and frees it. The other side sees the end of the messages (PLAIT_EDONE) only when *every* copy of an
   end is gone: so free what another process is to use alone right after it was started.
   Any number of threads and coroutines may use an end, and several processes may share one: each message goes to one of
   them. A pipe holds some 200 KB; a sender waits for room. When two sides that both send wait for each other, what
   comes in is kept in memory until it is received, so that both go on: after some 10 ms in which nobody took it. */
#ifndef PLAIT_PIPE_H
#define PLAIT_PIPE_H

#include <plait/type.h>
#include <plait/time.h>
PLAIT_BEGIN_DECLARATIONS

typedef struct plait_pipe plait_pipe;

/* Makes the two ends of a pipe: both send and receive; or one receives what the other one sends. 0; PLAIT_ENOMEM; -EMFILE
   or -ENFILE. */
PLAIT_API int plait_pipe_pair(plait_pipe **one, plait_pipe **other) PLAIT_MUST_CHECK;
PLAIT_API int plait_pipe_one_way(plait_pipe **receiver, plait_pipe **sender) PLAIT_MUST_CHECK;

/* The end that a descriptor is, in a process that was started with it (plait_process_start_options.descriptors): it becomes
   the end's, to be closed by plait_pipe_free alone. Both ways; that its pipe is a one-way pipe it does not know. NULL, and
   plait_error tells: PLAIT_EINVAL when it is none, and PLAIT_ENOMEM; the descriptor stays the caller's then. */
PLAIT_API plait_pipe *plait_pipe_attach(int descriptor);

/* Ends this process's use of an end: its waits, and later ones, give PLAIT_ECLOSED; what it has taken in and not received
   is dropped. Again: nothing. 0; -EMFILE or -ENFILE, and it is open still. */
PLAIT_API int plait_pipe_close(plait_pipe *pipe);

/* Closes the end, which nobody here uses any more, and frees it. NULL is nothing. */
PLAIT_API void plait_pipe_free(plait_pipe *pipe);

/* Its descriptor, which stays the pipe's: ready to read when a message or the end has come. A message that
   plait_pipe_wait tells of may have been taken in already, and the descriptor does not show it. -1 when it is closed. */
PLAIT_API int plait_pipe_fd(plait_pipe *pipe);

/* All that follow may wait, and give besides what they name: PLAIT_EAGAIN (PLAIT_NOW), PLAIT_ETIMEDOUT, PLAIT_ECANCELED,
   PLAIT_ECLOSED when the end was closed here, PLAIT_EINVAL for the wrong end of a one-way pipe, -EMFILE and -ENFILE
   without a descriptor, PLAIT_ENOMEM. A call that fails has sent nothing, and has left the message where it was.
   A send gives -EPIPE when the other side is gone; -EFBIG for a message above the process's RLIMIT_FSIZE. A receive gives
   PLAIT_EDONE when all has been received and the other side is gone; -EMSGSIZE for a message of another size or kind than
   asked for, with words; PLAIT_EPROTOCOL, and the message is dropped, for one that is no such value. */

/* A plain value: plait_pipe_send(p, &job, deadline); plait_pipe_receive(p, &job, deadline). Its size must be the same. */
#define plait_pipe_send(pipe, value, deadline) plait_pipe_send_bytes(pipe, value, sizeof *(value), deadline)
#define plait_pipe_receive(pipe, value, deadline) plait_pipe_receive_exactly(pipe, value, sizeof *(value), deadline)
PLAIT_API int plait_pipe_receive_exactly(plait_pipe *pipe, void *value, size_t size,
                                         plait_deadline deadline) PLAIT_MUST_CHECK;

/* `size` bytes, 0 too. Received: into `size` bytes at `data`, *received (unless NULL) says how many, of a message that
   is too large as well; or as a block of its own, which is the caller's, of at most `limit` bytes (0: any): a larger
   message is dropped, PLAIT_ETOOLARGE. */
PLAIT_API int plait_pipe_send_bytes(plait_pipe *pipe, const void *data, size_t size,
                                    plait_deadline deadline) PLAIT_MUST_CHECK;
PLAIT_API int plait_pipe_receive_into(plait_pipe *pipe, void *data, size_t size, size_t *received,
                                      plait_deadline deadline) PLAIT_MUST_CHECK;
PLAIT_API int plait_pipe_receive_bytes(plait_pipe *pipe, plait_bytes *message, size_t limit,
                                       plait_deadline deadline) PLAIT_MUST_CHECK;

/* A described value with all that it owns: plait_pipe_send_typed(p, photo_type, &photo, deadline). The receiver's owns
   its parts and is ended by plait_type_clear; what it held before is not looked at. Fields that are not described
   arrive as zero. A send gives PLAIT_ETOOLARGE for structs nested more than 128 deep. */
#define plait_pipe_send_typed(pipe, type, value, deadline)                                                             \
    plait_pipe_send_value(pipe, &type, PLAIT_TYPED_CONSTANT_(type, value), deadline)
#define plait_pipe_receive_typed(pipe, type, value, deadline)                                                          \
    plait_pipe_receive_value(pipe, &type, PLAIT_TYPED_POINTER_(type, value), deadline)
PLAIT_API int plait_pipe_send_value(plait_pipe *pipe, const plait_type *type, const void *value,
                                    plait_deadline deadline) PLAIT_MUST_CHECK;
PLAIT_API int plait_pipe_receive_value(plait_pipe *pipe, const plait_type *type, void *value,
                                       plait_deadline deadline) PLAIT_MUST_CHECK;

/* A descriptor: the receiver gets one of its own for the same file, close-on-exec. -EBADF for none. */
PLAIT_API int plait_pipe_send_descriptor(plait_pipe *pipe, int fd, plait_deadline deadline) PLAIT_MUST_CHECK;
PLAIT_API int plait_pipe_receive_descriptor(plait_pipe *pipe, int *fd, plait_deadline deadline) PLAIT_MUST_CHECK;

/* An end of another pipe: the receiver gets one that may do what this one may. The sender's stays. */
PLAIT_API int plait_pipe_send_pipe(plait_pipe *pipe, plait_pipe *end, plait_deadline deadline) PLAIT_MUST_CHECK;
PLAIT_API int plait_pipe_receive_pipe(plait_pipe *pipe, plait_pipe **end, plait_deadline deadline) PLAIT_MUST_CHECK;

/* Waits until one of `count` ends has a message or has come to its end: *ready (unless NULL) says how many have, and these
   are moved to the front. None at all: PLAIT_EINVAL. */
PLAIT_API int plait_pipe_wait(plait_pipe **pipes, size_t count, size_t *ready,
                              plait_deadline deadline) PLAIT_MUST_CHECK;

PLAIT_END_DECLARATIONS
#endif
