/* test_poll.c: waiting for several descriptors at once. */
#include "clock.h"
#include "fault.h"
#include "runners.h"
#include "park/wait_fd.h"
#include "park/scope.h"
#include <fcntl.h>
#include <plait/io.h>
#include <poll.h>
#include <unistd.h>

enum { MANY = 20 };
static int in[MANY];
static struct pollfd out[MANY];

static void pipes_open(void)
{
    for (int i = 0; i < MANY; i++) {
        int ends[2];
        check_number(pipe2(ends, O_CLOEXEC), 0);
        out[i] = (struct pollfd){ ends[0], POLLIN, -1 }, in[i] = ends[1];
    }
}

static void pipes_close(void)
{
    for (int i = 0; i < MANY; i++) {
        if (in[i] >= 0) check_number(close(in[i]), 0);
        if (out[i].fd >= 0) check_number(close(out[i].fd), 0);
    }
}

struct waiting {
    size_t count;
    plait_deadline until;
    _Atomic(plait_scope *) scope;
};

static int polls(void *waiting)
{
    struct waiting *w = waiting;
    PLAIT_CANCEL_SCOPE(scope);
    w->scope = &scope;
    return plait_poll(out, w->count, w->until);
}

static void check_ready(int which)
{
    for (int i = 0; i < MANY; i++) check_number(out[i].revents, i == which ? POLLIN : 0);
}

TEST_IN_EACH_KIND(the_ready_ones_are_told_and_no_others)
{
    pipes_open();
    check_code(plait_poll(out, MANY, PLAIT_NOW), PLAIT_EAGAIN);
    check_code(plait_poll(out, MANY, plait_deadline_at_(1)), PLAIT_ETIMEDOUT);
    for (int i = 0; i < MANY; i += 7) check_number(write(in[i], "x", 1), 1);
    check_number(plait_poll(out, MANY, PLAIT_FOREVER), 3);
    for (int i = 0; i < MANY; i++) check_number(out[i].revents, i % 7 ? 0 : POLLIN);
    out[0].fd = -1 - out[0].fd; /* passed over */
    check_number(plait_poll(out, MANY, PLAIT_NOW), 2);
    out[0].fd = -1 - out[0].fd;
    pipes_close();
}

TEST_IN_EACH_KIND(a_sleep_ends_when_any_becomes_ready)
{
    pipes_open();
    for (int which = 0; which < MANY; which += MANY - 1) {
        char byte;
        struct waiting w = { .count = MANY };
        struct runner *r = runner_start(polls, &w);
        until_asleep(r);
        check_number(write(in[which], "x", 1), 1);
        check_number(runner_join(r), 1);
        check_ready(which);
        check_number(read(out[which].fd, &byte, 1), 1);
    }
    struct waiting w = { .count = 2 };
    struct runner *r = runner_start(polls, &w);
    until_asleep(r);
    check_number(close(in[1]), 0), in[1] = -1;
    check_number(runner_join(r), 1); /* the other side went */
    check_number(out[1].revents, POLLHUP);
    pipes_close();
}

TEST_IN_EACH_KIND(one_that_stands_there_twice_is_watched_for_both)
{
    int ends[2];
    char data[4096] = { 0 };
    check_number(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    while (write(ends[1], data, sizeof data) > 0) {}
    pipes_open();
    int kept = out[0].fd, other = out[2].fd;
    out[0] = (struct pollfd){ .fd = ends[1], .events = POLLPRI };
    out[2] = (struct pollfd){ .fd = ends[1], .events = POLLOUT };
    struct waiting w = { .count = 3 };
    struct runner *r = runner_start(polls, &w);
    until_asleep(r);
    while (read(ends[0], data, sizeof data) > 0) {}
    check_number(runner_join(r), 1);
    check_number(out[2].revents, POLLOUT);
    out[0].fd = kept, out[2].fd = other;
    close(ends[0]), close(ends[1]);
    pipes_close();
}

TEST_IN_EACH_KIND(a_sleep_for_several_ends_in_time_and_by_cancel)
{
    clock_by_hand();
    pipes_open();
    struct waiting w = { .count = MANY, .until = plait_after(PLAIT_SECOND) };
    struct runner *r = runner_start(polls, &w);
    until_asleep(r);
    clock_move(PLAIT_SECOND);
    check_code(runner_join(r), PLAIT_ETIMEDOUT);
    w.until = PLAIT_FOREVER;
    for (w.count = 0; w.count <= MANY; w.count += MANY) { /* none at all is a sleep too */
        r = runner_start(polls, &w);
        until_asleep(r);
        plait_scope_cancel(w.scope);
        check_code(runner_join(r), PLAIT_ECANCELED);
    }
    for (int i = 0; i < MANY; i++) check(plait_waitlist_empty(plait_fd_list(out[i].fd)));
    clock_of_the_system();
    pipes_close();
}

TEST_IN_EACH_KIND(to_close_any_of_them_ends_the_sleep)
{
    pipes_open();
    struct waiting w = { .count = MANY };
    struct runner *r = runner_start(polls, &w);
    until_asleep(r);
    int gone = out[13].fd;
    check_code(plait_close(gone), 0);
    check_code(runner_join(r), PLAIT_ECLOSED);
    out[13].fd = -1;
    pipes_close();
}

TEST_IN_EACH_KIND(one_that_is_asked_about_counts_as_ready)
{
    pipes_open();
    struct waiting w = { .count = MANY };
    struct runner *r = runner_start(polls, &w);
    until_asleep(r);
    plait_fd_ask(out[11].fd);
    check_number(runner_join(r), 1);
    check_ready(11);
    pipes_close();
}

TEST_IN_EACH_KIND(without_memory_or_with_a_bad_one_it_says_so)
{
    pipes_open();
    fault_all("memory");
    int err = plait_poll(out, MANY, plait_after(PLAIT_SECOND));
    fault_off();
    check_code(err, PLAIT_ENOMEM);
    struct pollfd bad = { .fd = fcntl(in[0], F_DUPFD, 500), .events = POLLIN };
    close(bad.fd);
    check_number(plait_poll(&bad, 1, PLAIT_FOREVER), 1);
    check_number(bad.revents, POLLNVAL);
    pipes_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ready_ones_are_told_and_no_others),
        cmocka_unit_test(a_sleep_ends_when_any_becomes_ready),
        cmocka_unit_test(one_that_stands_there_twice_is_watched_for_both),
        cmocka_unit_test(a_sleep_for_several_ends_in_time_and_by_cancel),
        cmocka_unit_test(to_close_any_of_them_ends_the_sleep),
        cmocka_unit_test(one_that_is_asked_about_counts_as_ready),
        cmocka_unit_test(without_memory_or_with_a_bad_one_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
