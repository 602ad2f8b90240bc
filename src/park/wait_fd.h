/* wait_fd.h: who sleeps on descriptors, for those who wait for several and those who wake them. See wait_fd.c. */
#ifndef PLAIT_PARK_WAIT_FD_H
#define PLAIT_PARK_WAIT_FD_H
#include "park/waitlist.h"

typedef struct plait_fd_waiter {
    plait_waiter node; /* first: the two addresses are one */
    int fd;
    enum plait_fd_call {
        PLAIT_FD_CLOSED, /* it must not be looked at again */
        PLAIT_FD_AGAIN,  /* look again: it may be another by now */
        PLAIT_FD_ASKED   /* as if it were ready */
    } call;              /* why the waiter was woken */
} plait_fd_waiter;

/* Where waiters for this descriptor are listed. */
plait_waitlist *plait_fd_list(int fd);

/* Ends the waits for `fd` as if it were ready for what they wait for: there is something to see that it does not tell. */
void plait_fd_ask(int fd);

#endif
