/* poller.h: which descriptors a loop's coroutines and watchers wait for, over epoll. See poller.c. */
#ifndef PLAIT_LOOP_POLLER_H
#define PLAIT_LOOP_POLLER_H
#include <plait/time.h>
#include <stddef.h>
#include <stdint.h>

/* One wait for one descriptor: of a coroutine in its own frame, or of a watcher. */
typedef struct plait_fd_wait plait_fd_wait;
struct plait_fd_wait {
    plait_fd_wait *next;
    int fd;
    short events, got; /* as for poll */
    bool listed;
    void (*ready)(plait_fd_wait *); /* called once, off the list, `got` being set */
    void *context;
};

struct plait_fd_entry {
    plait_fd_wait *first;
    uint32_t turn; /* how often it was armed */
};

typedef struct plait_poller {
    int epoll;
    struct plait_fd_entry *table; /* by descriptor */
    size_t size, waiting;
} plait_poller;

/* 0 or -errno. */
int plait_poller_open(plait_poller *);
void plait_poller_close(plait_poller *);

/* Adds a descriptor whose becoming readable ends a sleep and means nothing else: an eventfd or a timerfd, which the poller
   reads and the caller closes. 0 or -errno. */
int plait_poller_hear(plait_poller *, int event);

/* Lists a wait: 0; -errno; 1 when the descriptor is of a kind that is always ready (a file). */
int plait_poller_add(plait_poller *, plait_fd_wait *);
void plait_poller_remove(plait_poller *, plait_fd_wait *);

/* Calls `ready` of all that are: at once, or asleep until `until` (PLAIT_NOW: not asleep). */
void plait_poller_look(plait_poller *, plait_deadline until);

#endif
