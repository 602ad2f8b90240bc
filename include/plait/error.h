/* error.h: what went wrong: a code that is returned, and a record with the words.

   A code is 0 (success) or negative: -errno for what the system said, plait's own from -5000, the user's at or below
   PLAIT_EUSER. PLAIT_ETIMEDOUT and PLAIT_ECANCELED are only ever said by a wait about itself: a *task* that ends with
   one of them, or with PLAIT_EAGAIN or PLAIT_EDEADLK, fails with PLAIT_ETASK, and its own code is the cause. */
#ifndef PLAIT_ERROR_H
#define PLAIT_ERROR_H

#include <errno.h>
#include <plait/api.h>
#include <stdio.h>
PLAIT_BEGIN_DECLARATIONS

/* One table for number, name and text. */
#define PLAIT_ERRORS_(X)                                                                                               \
    X(ETIMEDOUT, -5000, "the deadline of this call has passed")                                                        \
    X(ECANCELED, -5001, "cancelled: the scope of this call has ended")                                                 \
    X(ECLOSED, -5002, "closed: nothing more goes in")                                                                  \
    X(EDONE, -5003, "nothing is left")                                                                                 \
    X(ETASK, -5004, "the task was cancelled or timed out")                                                             \
    X(EWORKER, -5005, "the worker that ran the task died")                                                             \
    X(EEXCEPTION, -5006, "the task threw an exception")                                                                \
    X(EFORKED, -5007, "the object belongs to the parent of this forked process")                                       \
    X(EPROTOCOL, -5008, "the other side does not keep to the protocol")                                                \
    X(ETOOLARGE, -5009, "more data than the limit allows")                                                             \
    X(EADDRESS, -5010, "not an address")                                                                               \
    X(ERESOLVE, -5011, "the host name could not be resolved")                                                          \
    X(ECONNECT, -5012, "no connection")                                                                                \
    X(ETLS, -5013, "no secure connection")                                                                             \
    X(EREDIRECT, -5014, "too many redirects, or a forbidden one")                                                      \
    X(EBROKEN, -5015, "broken: it cannot go on without one that failed or did not come")

#define PLAIT_ERROR_CODE_(name, number, text) PLAIT_##name = number,
enum plait_error_code {
    PLAIT_OK = 0,
    PLAIT_ERRORS_(PLAIT_ERROR_CODE_) PLAIT_EAGAIN = -EAGAIN, /* PLAIT_NOW, and it could not be done at once */
    PLAIT_EDEADLK = -EDEADLK,                                /* waiting would never end */
    PLAIT_EINVAL = -EINVAL,                                  /* an argument is out of its range */
    PLAIT_ENOMEM = -ENOMEM,                                  /* no memory */
    PLAIT_ENOTSUP = -ENOTSUP,                                /* cannot be done here */
    PLAIT_EUSER = -10000 /* the first code that is the program's own: PLAIT_EUSER - n */
};
#undef PLAIT_ERROR_CODE_

/* What is known about a failure. Strings are never NULL ("" when unknown); numbers are 0 when unknown. */
typedef struct plait_error_record {
    int code;
    int signal;                             /* that killed the worker process */
    int pid;                                /* process in which it happened */
    int line;                               /* of the submit */
    const char *message;                    /* one line, no newline */
    const char *task;                       /* the task that failed, "" outside of one */
    const char *file;                       /* of the submit */
    const char *thread;                     /* name of the thread that ran it */
    const char *host;                       /* machine, where it is another one */
    const struct plait_error_record *cause; /* what led to this, or NULL */
    void *reserved[4];
} plait_error_record;

/* The record of the running task's last failure, or NULL. Valid until the task's next failing call. */
PLAIT_API const plait_error_record *plait_error(void);

/* What a call that gave NULL has failed with: the code of plait_error(), PLAIT_ENOMEM where there is no record. Never 0. */
PLAIT_API int plait_error_code(void);

/* Attaches a message to `code` as the running task's record and returns `code`: `return plait_fail(-EIO, "…", …);`.
   A record of the same code that is there already is not lost: attach it as the cause with plait_fail_because, which
   makes the present record the cause of the new one. Never waits; without memory the code alone remains. */
PLAIT_API int plait_fail(int code, const char *format, ...) PLAIT_PRINTF_(2, 3);
PLAIT_API int plait_fail_because(int code, const char *format, ...) PLAIT_PRINTF_(2, 3);

/* The name ("PLAIT_ETIMEDOUT", "ENOENT") and the text of a code. Never NULL; unknown codes are "unknown error". The
   strings live for ever. */
PLAIT_API const char *plait_error_name(int code);
PLAIT_API const char *plait_error_text(int code);

/* Writes what is known of `code` as one line without a newline, cut at `size` bytes with its NUL: task, submit site,
   message and causes when plait_error() is about that code, else the code's text. Returns the full length; `text` may be NULL with size 0. */
PLAIT_API size_t plait_error_describe(int code, char *text, size_t size);

/* The same line to `file`, with a newline, in one write. Prints nothing for 0. */
PLAIT_API void plait_error_print(FILE *file, int code);

/* For the end of main: 0 for 0, else 1. */
PLAIT_API int plait_exit_status(int code);

PLAIT_END_DECLARATIONS
#endif
