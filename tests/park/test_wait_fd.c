/* test_wait_fd.c: waiting for descriptors, and closing those that others wait for. */
#include "clock.h"
#include "fault.h"
#include "runners.h"
#include "park/scope.h"
#include <fcntl.h>
#include <plait/io.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Stands in the way of plait's closes: of the next one by this thread, since runners that end close theirs meanwhile. */
static _Thread_local void (*when_closed)(int fd);
static _Thread_local int error_of_close;

int close(int fd)
{
    void (*hook)(int) = when_closed;
    when_closed = NULL;
    if (hook) hook(fd);
    int err = (int)syscall(SYS_close, fd), wanted = error_of_close;
    error_of_close = 0;
    if (!wanted) return err;
    errno = wanted;
    return -1;
}

struct waiting {
    int out, in; /* of a pipe */
    short events;
    plait_deadline until;
    _Atomic(plait_scope *) scope;
};

static struct waiting pipe_new(void)
{
    int ends[2];
    check_number(pipe2(ends, O_CLOEXEC), 0);
    return (struct waiting){ .out = ends[0], .in = ends[1], .events = POLLIN };
}
static void pipe_end(struct waiting *w)
{
    if (w->out >= 0) close(w->out);
    close(w->in);
}

static int waits(void *waiting)
{
    struct waiting *w = waiting;
    PLAIT_CANCEL_SCOPE(scope);
    w->scope = &scope;
    return plait_wait_fd(w->out, w->events, w->until);
}

TEST_IN_EACH_KIND(what_is_ready_is_told_at_once)
{
    struct waiting w = pipe_new();
    check_number(plait_wait_fd(w.in, POLLOUT, PLAIT_FOREVER), POLLOUT);
    check_number(plait_wait_fd(w.in, POLLOUT, PLAIT_NOW), POLLOUT);
    check_number(plait_wait_fd(w.in, POLLOUT, plait_deadline_at_(1)), POLLOUT); /* late, but tried once */
    check_number(write(w.in, "x", 1), 1);
    check_number(plait_wait_fd(w.out, POLLIN | POLLPRI, PLAIT_FOREVER), POLLIN);
    pipe_end(&w);
}

TEST_IN_EACH_KIND(what_is_not_ready_now_gives_EAGAIN)
{
    struct waiting w = pipe_new();
    plait_unpark(plait_current()->parker); /* a token is no reason to say anything else */
    check_code(plait_wait_fd(w.out, POLLIN, PLAIT_NOW), PLAIT_EAGAIN);
    check_code(plait_wait_fd(w.out, POLLIN, plait_deadline_at_(1)), PLAIT_ETIMEDOUT);
    pipe_end(&w);
}

TEST_IN_EACH_KIND(a_wait_ends_when_data_comes)
{
    struct waiting w = pipe_new();
    struct runner *r = runner_start(waits, &w);
    until_asleep(r);
    check_number(write(w.in, "x", 1), 1);
    check_number(runner_join(r), POLLIN);
    pipe_end(&w);
}

TEST_IN_EACH_KIND(a_wait_ends_when_the_other_side_goes)
{
    struct waiting w = pipe_new();
    struct runner *r = runner_start(waits, &w);
    until_asleep(r);
    close(w.in);
    check_number(runner_join(r), POLLHUP);
    close(w.out);
}

TEST_IN_EACH_KIND(a_wait_ends_at_its_deadline)
{
    clock_by_hand();
    struct waiting w = pipe_new();
    w.until = plait_after(PLAIT_SECOND);
    struct runner *r = runner_start(waits, &w);
    until_asleep(r);
    clock_move(PLAIT_SECOND - 1);
    until_asleep(r);
    check(!runner_done(r));
    clock_move(1);
    check_code(runner_join(r), PLAIT_ETIMEDOUT);
    clock_of_the_system();
    w.until = plait_after(PLAIT_MILLISECOND);
    check_code(waits(&w), PLAIT_ETIMEDOUT);
    pipe_end(&w);
}

TEST_IN_EACH_KIND(a_wait_is_cancelled)
{
    struct waiting w = pipe_new();
    struct runner *r = runner_start(waits, &w);
    until_asleep(r);
    plait_scope_cancel(w.scope);
    check_code(runner_join(r), PLAIT_ECANCELED);
    pipe_end(&w);
}

TEST_IN_EACH_KIND(reader_and_writer_may_wait_for_one_socket)
{
    int ends[2];
    char data[4096] = { 0 };
    check_number(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    while (write(ends[0], data, sizeof data) > 0) {}
    struct waiting w[2] = { { .out = ends[0], .events = POLLIN }, { .out = ends[0], .events = POLLOUT } };
    struct runner *r[2];
    for (int i = 0; i < 2; i++) r[i] = runner_start(waits, &w[i]), until_asleep(r[i]);
    while (read(ends[1], data, sizeof data) > 0) {}
    check_number(runner_join(r[1]), POLLOUT);
    until_asleep(r[0]);
    check_number(write(ends[1], "x", 1), 1);
    check_number(runner_join(r[0]), POLLIN);
    close(ends[0]);
    close(ends[1]);
}

TEST_IN_EACH_KIND(what_is_no_descriptor_gives_EBADF)
{
    struct waiting w = pipe_new();
    int gone = fcntl(w.out, F_DUPFD, 500);
    close(gone);
    check_code(plait_wait_fd(-1, POLLIN, PLAIT_FOREVER), -EBADF);
    check_code(plait_wait_fd(gone, POLLIN, PLAIT_FOREVER), -EBADF);
    check_code(plait_wait_fd(gone, POLLIN, PLAIT_NOW), -EBADF);
    check_code(plait_close(-1), -EBADF);
    check_code(plait_close(gone), -EBADF);
    pipe_end(&w);
}

TEST_IN_EACH_KIND(a_file_is_always_ready)
{
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    check_number(plait_wait_fd(fd, POLLIN, PLAIT_FOREVER), POLLIN);
    check_code(plait_close(fd), 0);
}

TEST_IN_EACH_KIND(a_close_ends_all_waits_on_its_descriptor_and_no_other)
{
    struct waiting w[5] = { pipe_new() };
    for (int i = 1; i < 5; i++) w[i] = w[0];
    w[3].out = fcntl(w[0].out, F_DUPFD_CLOEXEC, 64 + w[0].out); /* of the same pipe */
    w[4].out = fcntl(w[0].out, F_DUPFD_CLOEXEC, 128 + w[0].out);
    struct runner *r[5];
    for (int i = 0; i < 5; i++) r[i] = runner_start(waits, &w[i]), until_asleep(r[i]);
    check_code(plait_close(w[0].out), 0);
    for (int i = 0; i < 3; i++) check_code(runner_join(r[i]), PLAIT_ECLOSED);
    for (int i = 3; i < 5; i++) check(!runner_done(r[i]));
    check_code(plait_close(w[4].out), 0);
    check_code(runner_join(r[4]), PLAIT_ECLOSED);
    check(!runner_done(r[3]));
    check_number(write(w[0].in, "x", 1), 1);
    check_number(runner_join(r[3]), POLLIN);
    check_code(plait_close(w[3].out), 0);
    check_code(plait_close(w[0].in), 0);
}

TEST_IN_EACH_KIND(a_close_tells_what_the_system_said)
{
    struct waiting w = pipe_new();
    error_of_close = EIO;
    check_code(plait_close(w.out), -EIO);
    check_code(plait_close(w.out), -EBADF); /* it is gone in any case */
    error_of_close = EINTR;
    check_code(plait_close(w.in), 0);
}

/* One that begins to wait when those who waited before are told already, but the descriptor is not closed yet. */
static struct waiting late;
static struct runner *latecomer;

static void wait_late(int fd)
{
    check_number(fd, late.out);
    latecomer = runner_start(waits, &late);
    until_asleep(latecomer);
}

TEST_IN_EACH_KIND(a_close_ends_a_wait_that_began_meanwhile)
{
    struct waiting w = late = pipe_new();
    struct runner *r = runner_start(waits, &w);
    until_asleep(r);
    when_closed = wait_late;
    check_code(plait_close(w.out), 0);
    check_code(runner_join(r), PLAIT_ECLOSED);
    int err = runner_join(
        latecomer); /* a thread says that it sleeps before it asks the system, which may be after the close */
    check(err == PLAIT_ECLOSED || err == -EBADF);
    check_code(plait_close(w.in), 0);
}

static struct runner *earlier;
static void join_earlier(int fd)
{
    (void)fd;
    check_code(runner_join(earlier), PLAIT_ECLOSED);
}

TEST_IN_EACH_KIND(a_close_that_takes_long_keeps_nobody_waiting)
{
    struct waiting w = pipe_new();
    earlier = runner_start(waits, &w);
    until_asleep(earlier);
    when_closed = join_earlier;
    check_code(plait_close(w.out), 0);
    check_code(plait_close(w.in), 0);
}

static int without_a_descriptor(void *waiting)
{
    fault_all("descriptor");
    int err = plait_wait_fd(((struct waiting *)waiting)->out, POLLIN, PLAIT_FOREVER);
    fault_off();
    return err;
}

static void without_a_descriptor_a_wait_fails(void **unused)
{
    (void)unused;
    struct waiting w = pipe_new();
    fault_nth("descriptor", 0); /* the hook is there before those that it may concern */
    enum { MANY = 12 };         /* so that one of the threads has no descriptor yet */
    struct waiting held = pipe_new();
    struct runner *r[MANY];
    for (int i = 0; i < MANY; i++) r[i] = runner_start(waits, &held), until_asleep(r[i]);
    check_code(runner_join(runner_start(without_a_descriptor, &w)), -EMFILE);
    check_code(plait_close(held.out), 0);
    for (int i = 0; i < MANY; i++) check_code(runner_join(r[i]), PLAIT_ECLOSED);
    check_code(plait_close(held.in), 0);
    pipe_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_ready_is_told_at_once),
        cmocka_unit_test(what_is_not_ready_now_gives_EAGAIN),
        cmocka_unit_test(a_wait_ends_when_data_comes),
        cmocka_unit_test(a_wait_ends_when_the_other_side_goes),
        cmocka_unit_test(a_wait_ends_at_its_deadline),
        cmocka_unit_test(a_wait_is_cancelled),
        cmocka_unit_test(reader_and_writer_may_wait_for_one_socket),
        cmocka_unit_test(what_is_no_descriptor_gives_EBADF),
        cmocka_unit_test(a_file_is_always_ready),
        cmocka_unit_test(a_close_ends_all_waits_on_its_descriptor_and_no_other),
        cmocka_unit_test(a_close_tells_what_the_system_said),
        cmocka_unit_test(a_close_ends_a_wait_that_began_meanwhile),
        cmocka_unit_test(a_close_that_takes_long_keeps_nobody_waiting),
        cmocka_unit_test(without_a_descriptor_a_wait_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
