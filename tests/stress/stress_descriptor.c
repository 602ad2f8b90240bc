/* stress_descriptor.c: all bytes that go into pipes come out; whoever waits for a descriptor that is closed goes on,
   whenever it began to wait, and with the right answer. */
#include "stress.h"
#include <fcntl.h>
#include <plait/io.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PIPES = 5, PLACES = 64, FIRST_NUMBER = 300 };
static int pipes[PIPES][2];
static _Atomic uint64_t in, out;

static struct meeting close_place = MEETING, mixed_place = MEETING;

static bool writer(struct actor *a)
{
    int fd = pipes[a->number % PIPES][1];
    if (tally(a, plait_wait_fd(fd, POLLOUT, some_deadline(a))) == POLLOUT && write(fd, "x", 1) == 1) in++;
    if (!dice(a, 2)) pause_briefly(a, 30 * PLAIT_MICROSECOND);
    if (!stopping) return true;
    check_code(plait_close(fd), 0);
    return false;
}

static bool reader(struct actor *a)
{
    char bytes[64];
    int fd = pipes[a->number % PIPES][0];
    if (tally(a, plait_wait_fd(fd, POLLIN, some_deadline(a))) < 0) return true;
    ssize_t n = read(fd, bytes, sizeof bytes);
    if (n > 0) out += (uint64_t)n;
    if (n != 0) return true;
    check_code(plait_close(fd), 0);
    return false;
}

/* Descriptors of quiet pipes have numbers that the system would not give to anybody else meanwhile: one that comes when
   all is closed sees that it is. */
struct quiet {
    int fd, other, place;
};
static pthread_mutex_t places_guard = PTHREAD_MUTEX_INITIALIZER;
static bool taken[PLACES];

static void open_once(struct quiet *q)
{
    pthread_mutex_lock(&places_guard);
    if (!q->fd) {
        int ends[2];
        while (taken[q->place]) q->place++;
        taken[q->place] = true;
        check_number(pipe2(ends, O_CLOEXEC), 0);
        q->fd = FIRST_NUMBER + 2 * q->place;
        q->other = q->fd + 1;
        check_number(dup3(ends[0], q->fd, O_CLOEXEC), q->fd);
        check_number(dup3(ends[1], q->other, O_CLOEXEC), q->other);
        close(ends[0]);
        close(ends[1]);
    }
    pthread_mutex_unlock(&places_guard);
}

static void end(struct quiet *q)
{
    close(q->other);
    pthread_mutex_lock(&places_guard);
    taken[q->place] = false;
    pthread_mutex_unlock(&places_guard);
    meeting_end(q);
}

/* Nothing ever comes; three wait, one of them not so long, and one closes. */
static bool closed(struct actor *a)
{
    unsigned mine;
    struct quiet *q = meet(&close_place, a, sizeof *q, 4, &mine);
    if (!q) return false;
    open_once(q);
    dawdle(a, 3000);
    int got;
    if (mine == 3) {
        if (dice(a, 2)) pause_briefly(a, 30 * PLAIT_MICROSECOND);
        got = plait_close(q->fd);
        check_code(got, 0);
    } else if (mine == 2) {
        got = plait_wait_fd(q->fd, POLLIN, soon(a, 50 * PLAIT_MICROSECOND));
        if (got == -EBADF) got = PLAIT_ECLOSED; /* it came when all was closed */
    } else {
        PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
        got = plait_wait_fd(q->fd, POLLIN, PLAIT_FOREVER);
        if (got == -EBADF) got = PLAIT_ECLOSED;
        check_code(got, PLAIT_ECLOSED);
    }
    tally(a, got);
    if (part(q)) end(q);
    return true;
}

/* A byte comes, and perhaps the close: whoever waits gets the one or the other. */
static bool mixed(struct actor *a)
{
    unsigned mine;
    struct quiet *q = meet(&mixed_place, a, sizeof *q, 4, &mine);
    if (!q) return false;
    open_once(q);
    dawdle(a, 3000);
    PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
    int got = 0;
    if (mine == 3) check_code(plait_close(q->fd), 0);
    else if (mine == 2) {
        got = plait_wait_fd(q->other, POLLOUT, PLAIT_FOREVER); /* ready, or broken */
        check(got > 0);
        if (got == POLLOUT && write(q->other, "x", 1) < 0) check_number(errno, EPIPE);
    } else {
        got = plait_wait_fd(q->fd, POLLIN, PLAIT_FOREVER);
        if (got == -EBADF) got = PLAIT_ECLOSED;
        check(got == POLLIN || got == PLAIT_ECLOSED);
    }
    tally(a, got);
    if (part(q)) end(q);
    return true;
}

static bool right(void)
{
    printf("bytes      %9llu in %9llu out\n", (unsigned long long)in, (unsigned long long)out);
    return in == out;
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    for (int i = 0; i < PIPES; i++) check_number(pipe2(pipes[i], O_CLOEXEC | O_NONBLOCK), 0);
    cast("writer", writer, 2, 3); /* one for each pipe: their numbers are in step with those of the readers */
    cast("reader", reader, 3, 2);
    cast("closed", closed, 5, 8);
    cast("mixed", mixed, 5, 8);
    return stress("descriptor", NULL, right);
}
