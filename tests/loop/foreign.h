/* foreign.h: what the tests of a loop that another one drives have in common: a loop, a host that drives it by poll(2), and
   tasks and calls for it. */
#ifndef PLAIT_TEST_LOOP_FOREIGN_H
#define PLAIT_TEST_LOOP_FOREIGN_H
#include "check.h"
#include <plait.h>
#include <poll.h>
#include <unistd.h>

static char said[64];
static inline void say(void *letter)
{
    size_t n = strlen(said);
    said[n] = *(const char *)letter;
    said[n + 1] = 0;
}

static plait_loop *loop;
static plait_executor *ex;
static inline int setup(void **unused)
{
    (void)unused;
    said[0] = 0;
    loop = plait_loop_new(NULL);
    check(loop);
    ex = plait_loop_get_executor(loop);
    return 0;
}
static inline int teardown(void **unused)
{
    (void)unused;
    plait_loop_free(loop);
    return 0;
}

static inline bool readable(plait_loop *l)
{
    struct pollfd on = { .fd = plait_loop_fd(l), .events = POLLIN };
    check(on.fd >= 0);
    int n = poll(&on, 1, 0);
    check(n >= 0 && (n == 0 || on.revents == POLLIN));
    return n == 1;
}

/* What a host does, until so. */
#define drive_until(condition)                                                                                         \
    while (!(condition)) {                                                                                             \
        struct pollfd on = { .fd = plait_loop_fd(loop), .events = POLLIN };                                            \
        check_number(poll(&on, 1, -1), 1);                                                                             \
        int drive_err = plait_loop_turn(loop, PLAIT_NOW);                                                              \
        check(drive_err == 0 || drive_err == PLAIT_EAGAIN);                                                            \
    }

static inline bool done(plait_future *f) { return plait_future_get_state(f) == PLAIT_FUTURE_FINISHED; }
static int nothing(void) { return 0; }
PLAIT_TASK(nothing, void, void);
static plait_event go;
static int wait_to_go(void) { return plait_event_wait(&go, PLAIT_FOREVER); }
PLAIT_TASK(wait_to_go, void, void);

static int ends[2], seen;
static inline void read_one(int fd, short revents, void *unused)
{
    char byte;
    (void)revents, (void)unused;
    check_number(read(fd, &byte, 1), 1);
    seen++;
}
static plait_watcher *watcher;
static inline void watch(void *unused)
{
    (void)unused;
    watcher = plait_loop_watch(ends[0], POLLIN, read_one, NULL);
    check(watcher);
}

#endif
