/* test_pipe.c: messages through a pipe, between threads, coroutines and both. */
#include "clock.h"
#include "runners.h"
#include "park/wait_fd.h"
#include <fcntl.h>
#include <plait/pipe.h>
#include <plait/scope.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static plait_pipe *one, *other;

static void pipe_open(void) { check_code(plait_pipe_pair(&one, &other), 0); }
static void pipe_end(void) { plait_pipe_free(one), plait_pipe_free(other), one = other = NULL; }

static char *content(size_t size, unsigned seed)
{
    char *c = malloc(size + 1);
    check(c);
    for (size_t i = 0; i < size; i++) seed = seed * 1103515245 + 12345, c[i] = (char)(seed >> 16);
    return c;
}

static void check_content(plait_bytes *b, size_t size, unsigned seed)
{
    char *c = content(size, seed);
    check_number(b->size, size);
    check(size == 0 || memcmp(b->data, c, size) == 0);
    free(c);
    plait_bytes_clear(b);
}

static void send_content(plait_pipe *p, size_t size, unsigned seed)
{
    char *c = content(size, seed);
    check_code(plait_pipe_send_bytes(p, c, size, PLAIT_FOREVER), 0);
    free(c);
}

TEST_IN_EACH_KIND(N1_N2_N13_messages_go_both_ways_whole_and_one_by_one)
{
    static const size_t sizes[] = { 0, 1, 16384, 0, 16385, 100000, 3, 16777216, 7 };
    enum { SIZES = sizeof sizes / sizeof *sizes };
    plait_bytes b;
    pipe_open();
    for (unsigned i = 0; i < SIZES; i++) send_content(one, sizes[i], i), send_content(other, sizes[i], SIZES + i);
    for (unsigned i = 0; i < SIZES; i++) {
        check_code(plait_pipe_receive_bytes(other, &b, 0, PLAIT_FOREVER), 0);
        check(b.data && ((char *)b.data)[b.size] == 0); /* of no bytes, too */
        check_content(&b, sizes[i], i);
        check_code(plait_pipe_receive_bytes(one, &b, 0, PLAIT_FOREVER), 0);
        check_content(&b, sizes[i], SIZES + i);
    }
    check_code(plait_pipe_receive_bytes(one, &b, 0, PLAIT_NOW), PLAIT_EAGAIN);
    check(!b.data);
    pipe_end();
}

static int waits(void *pipe) { return plait_pipe_wait((plait_pipe **)pipe, 1, NULL, PLAIT_FOREVER); }

TEST_IN_EACH_KIND(N4_a_wait_for_a_message_ends_when_one_comes_or_at_its_deadline)
{
    int number = 42, got;
    size_t ready;
    pipe_open();
    check_code(plait_pipe_wait(&one, 1, &ready, PLAIT_NOW), PLAIT_EAGAIN);
    check_number(ready, 0);
    check_code(plait_pipe_wait(&one, 1, &ready, plait_deadline_at_(1)), PLAIT_ETIMEDOUT);
    struct runner *r = runner_start(waits, &one);
    until_asleep(r);
    check_code(plait_pipe_send(other, &number, PLAIT_FOREVER), 0);
    check_code(runner_join(r), 0);
    check_code(plait_pipe_receive(one, &got, PLAIT_NOW), 0); /* the wait took nothing */
    check_number(got, 42);
    clock_by_hand();
    plait_bytes b;
    int err = plait_pipe_receive_bytes(one, &b, 0, plait_deadline_at_(1));
    clock_of_the_system();
    check_code(err, PLAIT_ETIMEDOUT);
    pipe_end();
}

TEST_IN_EACH_KIND(N9_at_the_end_a_wait_ends_and_a_receive_says_so)
{
    int number = 7, got;
    pipe_open();
    check_code(plait_pipe_send(other, &number, PLAIT_FOREVER), 0);
    plait_pipe_free(other);
    check_code(plait_pipe_receive(one, &got, PLAIT_FOREVER), 0); /* what was sent before comes first */
    check_code(plait_pipe_wait(&one, 1, NULL, PLAIT_NOW), 0);
    check_code(plait_pipe_receive(one, &got, PLAIT_NOW), PLAIT_EDONE);
    check_code(plait_pipe_receive(one, &got, PLAIT_FOREVER), PLAIT_EDONE);
    other = NULL;
    pipe_end();
}

TEST_IN_EACH_KIND(N8_a_send_to_nobody_gives_EPIPE)
{
    int number = 7, got;
    pipe_open();
    check_code(plait_pipe_send(other, &number, PLAIT_FOREVER), 0);
    check_code(plait_pipe_send(one, &number, PLAIT_FOREVER), 0); /* nobody will receive it */
    plait_pipe_free(one);
    check_code(plait_pipe_send(other, &number, PLAIT_FOREVER), -EPIPE);
    check_code(plait_pipe_send(other, &number, PLAIT_NOW), -EPIPE);
    check_code(plait_pipe_receive(other, &got, PLAIT_FOREVER), 0);
    check_code(plait_pipe_receive(other, &got, PLAIT_FOREVER), PLAIT_EDONE);
    one = NULL;
    pipe_end();
}

static int receives(void *pipe)
{
    int got;
    return plait_pipe_receive((plait_pipe *)pipe, &got, PLAIT_FOREVER);
}

static int fills(void *pipe)
{
    char block[1000] = { 0 };
    int err;
    while ((err = plait_pipe_send(pipe, &block, PLAIT_FOREVER)) == 0) {}
    return err;
}

TEST_IN_EACH_KIND(N10_N17_an_end_that_is_closed_here_says_so_and_ends_its_waits)
{
    int number = 1;
    size_t ready;
    pipe_open();
    struct runner *receiver = runner_start(receives, one);
    until_asleep(receiver);
    struct runner *waiter = runner_start(waits, &one);
    until_asleep(waiter);
    check_code(plait_pipe_close(one), 0);
    check_code(runner_join(receiver), PLAIT_ECLOSED);
    check_code(runner_join(waiter), 0); /* there is something to be told */
    check_code(plait_pipe_close(one), 0);
    check_code(plait_pipe_send(one, &number, PLAIT_FOREVER), PLAIT_ECLOSED);
    check_code(plait_pipe_receive(one, &number, PLAIT_NOW), PLAIT_ECLOSED);
    check_code(plait_pipe_wait(&one, 1, &ready, PLAIT_FOREVER), 0);
    check_number(plait_pipe_fd(one), -1);
    check_code(plait_pipe_receive(other, &number, PLAIT_FOREVER), PLAIT_EDONE); /* the other side meets the end */
    pipe_end();

    pipe_open();
    struct runner *sender = runner_start(fills, one);
    until_asleep(sender);
    check_code(plait_pipe_close(one), 0);
    check_code(runner_join(sender), PLAIT_ECLOSED);
    pipe_end();
}

TEST_IN_EACH_KIND(N11_the_ends_of_a_one_way_pipe_refuse_the_wrong_way)
{
    int number = 3;
    check_code(plait_pipe_one_way(&one, &other), 0);
    check_code(plait_pipe_send(one, &number, PLAIT_FOREVER), PLAIT_EINVAL);
    check_contains(plait_error()->message, "only receives");
    check_code(plait_pipe_receive(other, &number, PLAIT_FOREVER), PLAIT_EINVAL);
    check_contains(plait_error()->message, "only sends");
    check_code(plait_pipe_send(other, &number, PLAIT_FOREVER), 0);
    check_code(plait_pipe_receive(one, &number, PLAIT_FOREVER), 0);
    check_number(number, 3);
    pipe_end();
}

TEST_IN_EACH_KIND(N14_a_message_that_does_not_fit_is_left_where_it_is)
{
    char text[8] = "";
    size_t size;
    pipe_open();
    check_code(plait_pipe_send_bytes(one, "twelve bytes", 12, PLAIT_FOREVER), 0);
    check_code(plait_pipe_receive_into(other, text, sizeof text, &size, PLAIT_FOREVER), -EMSGSIZE);
    check_number(size, 12);
    check_string(plait_error()->message, "the next message has 12 bytes, where 8 are asked for");
    check_code(plait_pipe_receive(other, &text, PLAIT_FOREVER), -EMSGSIZE);
    char whole[20];
    check_code(plait_pipe_receive(other, &whole, PLAIT_FOREVER),
               -EMSGSIZE); /* a value of another size is no such value */
    check_code(plait_pipe_receive_into(other, whole, sizeof whole, &size, PLAIT_FOREVER), 0);
    check_number(size, 12);
    check(memcmp(whole, "twelve bytes", 12) == 0);
    pipe_end();
}

TEST_IN_EACH_KIND(N15_a_message_above_the_limit_is_skipped_and_the_next_one_comes)
{
    plait_bytes b;
    pipe_open();
    for (unsigned i = 0; i < 3; i++) send_content(one, i == 1 ? 10 : i == 2 ? 40000 : 50000, i);
    check_code(plait_pipe_receive_bytes(other, &b, 40000, PLAIT_FOREVER), PLAIT_ETOOLARGE);
    check_string(plait_error()->message, "a message of 50000 bytes was dropped: 40000 is the limit");
    check_code(plait_pipe_receive_bytes(other, &b, 40000, PLAIT_FOREVER), 0);
    check_content(&b, 10, 1);
    check_code(plait_pipe_receive_bytes(other, &b, 40000, PLAIT_FOREVER), 0);
    check_content(&b, 40000, 2);
    pipe_end();
}

TEST_IN_EACH_KIND(N20_of_several_pipes_those_that_are_ready_are_told)
{
    enum { PIPES = 5 };
    plait_pipe *ends[PIPES], *far[PIPES], *all[PIPES];
    int number = 1;
    size_t ready;
    for (int i = 0; i < PIPES; i++) check_code(plait_pipe_pair(&ends[i], &far[i]), 0), all[i] = ends[i];
    check_code(plait_pipe_wait(all, PIPES, &ready, PLAIT_NOW), PLAIT_EAGAIN);
    check_code(plait_pipe_send(far[3], &number, PLAIT_FOREVER), 0);
    plait_pipe_free(far[1]); /* an end counts */
    check_code(plait_pipe_wait(all, PIPES, &ready, PLAIT_FOREVER), 0);
    check_number(ready, 2);
    check(all[0] == ends[1] && all[1] == ends[3] && all[2] == ends[0] && all[3] == ends[2] && all[4] == ends[4]);
    check_code(plait_pipe_wait(all, 0, &ready, PLAIT_FOREVER), PLAIT_EINVAL);
    for (int i = 0; i < PIPES; i++) {
        plait_pipe_free(ends[i]);
        if (i != 1) plait_pipe_free(far[i]);
    }
}

TEST_IN_EACH_KIND(N18_a_descriptor_is_sent_and_a_large_number_too)
{
    int got, number = 5;
    struct stat sent, received;
    pipe_open();
    int low = open("/dev/null", O_RDONLY | O_CLOEXEC), high = fcntl(low, F_DUPFD_CLOEXEC, 300);
    check(low >= 0 && high >= 300);
    for (int i = 0; i < 2; i++) {
        check_code(plait_pipe_send_descriptor(one, i ? high : low, PLAIT_FOREVER), 0);
        check_code(plait_pipe_receive(other, &number, PLAIT_FOREVER), -EMSGSIZE);
        check_string(plait_error()->message, "the next message is a descriptor, not bytes");
        check_code(plait_pipe_receive_descriptor(other, &got, PLAIT_FOREVER), 0);
        check(got != low && got != high && fcntl(got, F_GETFD) == FD_CLOEXEC);
        check(fstat(low, &sent) == 0 && fstat(got, &received) == 0 && sent.st_rdev == received.st_rdev);
        close(got);
    }
    check_code(plait_pipe_send(one, &number, PLAIT_FOREVER), 0);
    check_code(plait_pipe_receive_descriptor(other, &got, PLAIT_FOREVER), -EMSGSIZE);
    check_string(plait_error()->message, "the next message is bytes, not a descriptor");
    check_number(got, -1);
    check_code(plait_pipe_send_descriptor(one, -1, PLAIT_FOREVER), -EBADF);
    close(low), close(high);
    check_code(plait_pipe_send_descriptor(one, high, PLAIT_FOREVER), -EBADF);
    pipe_end();
}

TEST_IN_EACH_KIND(N19_an_end_is_sent_and_may_do_what_it_might)
{
    plait_pipe *sender, *receiver, *got;
    int number = 8;
    pipe_open();
    check_code(plait_pipe_one_way(&receiver, &sender), 0);
    check_code(plait_pipe_send_pipe(one, sender, PLAIT_FOREVER), 0);
    plait_pipe_free(sender); /* what is on its way keeps it open */
    check_code(plait_pipe_receive(receiver, &number, PLAIT_NOW), PLAIT_EAGAIN);
    check_code(plait_pipe_receive_pipe(other, &got, PLAIT_FOREVER), 0);
    check_code(plait_pipe_receive(got, &number, PLAIT_FOREVER), PLAIT_EINVAL);
    check_code(plait_pipe_send(got, &number, PLAIT_FOREVER), 0);
    plait_pipe_free(got);
    check_code(plait_pipe_receive(receiver, &number, PLAIT_FOREVER), 0);
    check_code(plait_pipe_receive(receiver, &number, PLAIT_FOREVER), PLAIT_EDONE);
    check_code(plait_pipe_close(receiver), 0);
    check_code(plait_pipe_send_pipe(one, receiver, PLAIT_FOREVER), PLAIT_ECLOSED);
    plait_pipe_free(receiver);
    pipe_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(N1_N2_N13_messages_go_both_ways_whole_and_one_by_one),
        cmocka_unit_test(N4_a_wait_for_a_message_ends_when_one_comes_or_at_its_deadline),
        cmocka_unit_test(N9_at_the_end_a_wait_ends_and_a_receive_says_so),
        cmocka_unit_test(N8_a_send_to_nobody_gives_EPIPE),
        cmocka_unit_test(N10_N17_an_end_that_is_closed_here_says_so_and_ends_its_waits),
        cmocka_unit_test(N11_the_ends_of_a_one_way_pipe_refuse_the_wrong_way),
        cmocka_unit_test(N14_a_message_that_does_not_fit_is_left_where_it_is),
        cmocka_unit_test(N15_a_message_above_the_limit_is_skipped_and_the_next_one_comes),
        cmocka_unit_test(N20_of_several_pipes_those_that_are_ready_are_told),
        cmocka_unit_test(N18_a_descriptor_is_sent_and_a_large_number_too),
        cmocka_unit_test(N19_an_end_is_sent_and_may_do_what_it_might),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
