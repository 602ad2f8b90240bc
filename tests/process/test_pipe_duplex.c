/* test_pipe_duplex.c: two sides that both send before either receives; described values; senders and receivers in crowds. */
#include "base/album.h"
#include "fault.h"
#include "on_valgrind.h"
#include "runners.h"
#include "process/pipe.h"
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

static plait_pipe *one, *other;

static void pipe_open(void) { check_code(plait_pipe_pair(&one, &other), 0); }
static void pipe_end(void) { plait_pipe_free(one), plait_pipe_free(other), one = other = NULL; }

struct side {
    plait_pipe *end;
    size_t count, size;
};

/* Sends all, then receives all. */
static int talks(void *side)
{
    struct side *s = side;
    char *block = malloc(s->size);
    check(block);
    for (size_t i = 0; i < s->count; i++) {
        memset(block, (int)(i & 0xff), s->size);
        check_code(plait_pipe_send_bytes(s->end, block, s->size, PLAIT_FOREVER), 0);
    }
    for (size_t i = 0; i < s->count; i++) {
        size_t size;
        check_code(plait_pipe_receive_into(s->end, block, s->size, &size, PLAIT_FOREVER), 0);
        check(size == s->size && (unsigned char)block[0] == (i & 0xff) && (unsigned char)block[size - 1] == (i & 0xff));
    }
    free(block);
    return 0;
}

TEST_IN_EACH_KIND(N1_two_sides_that_both_send_all_first_come_to_an_end)
{
    static const size_t counts[] = { 3000, 400, 2 }, sizes[] = { 1000, 70000, 9000000 };
    for (int i = 0; i < 3; i++) {
        pipe_open();
        struct side sides[2] = { { one, counts[i], sizes[i] }, { other, counts[i], sizes[i] } };
        struct runner *r = runner_start(talks, &sides[0]);
        talks(&sides[1]);
        check_code(runner_join(r), 0);
        pipe_end();
    }
}

/* The large ones are files on their way, of which there are soon more than this process may have open; where the user has no
   privileges, no more may be on their way either. */
TEST_IN_EACH_KIND(N1_two_sides_that_both_send_more_files_than_they_may_have_come_to_an_end)
{
    if (RUNNING_ON_VALGRIND) skip();
    struct rlimit limit, few;
    check_number(getrlimit(RLIMIT_NOFILE, &limit), 0);
    pipe_open();
    few = limit, few.rlim_cur = (rlim_t)plait_pipe_fd(other) + 50;
    check_number(setrlimit(RLIMIT_NOFILE, &few), 0);
    struct side sides[2] = { { one, 400, 20000 }, { other, 400, 20000 } };
    struct runner *r = runner_start(talks, &sides[0]);
    talks(&sides[1]);
    check_code(runner_join(r), 0);
    check_number(setrlimit(RLIMIT_NOFILE, &limit), 0);
    pipe_end();
}

enum { SENDERS = 3, RECEIVERS = 3, EACH = 300 };
static _Atomic unsigned received[SENDERS][EACH];

struct numbered {
    unsigned sender, number;
    char more[20000];
};

static int sends_numbers(void *sender)
{
    struct numbered *n = calloc(1, sizeof *n);
    check(n);
    n->sender = *(unsigned *)sender;
    for (n->number = 0; n->number < EACH; n->number++) { /* small and large ones */
        size_t size = n->number % 5 ? 2 * sizeof(unsigned) : sizeof *n;
        check_code(plait_pipe_send_bytes(one, n, size, PLAIT_FOREVER), 0);
    }
    free(n);
    return 0;
}

static int receives_numbers(void *unused)
{
    (void)unused;
    struct numbered *n = malloc(sizeof *n);
    check(n);
    int err, count = 0;
    for (size_t size; (err = plait_pipe_receive_into(other, n, sizeof *n, &size, PLAIT_FOREVER)) == 0; count++) {
        check_number(size, n->number % 5 ? 2 * sizeof(unsigned) : sizeof *n);
        received[n->sender][n->number]++;
    }
    free(n);
    check_code(err, PLAIT_EDONE);
    return count;
}

TEST_IN_EACH_KIND(N2_of_many_senders_each_message_reaches_one_receiver_whole)
{
    unsigned numbers[SENDERS];
    struct runner *senders[SENDERS], *receivers[RECEIVERS];
    memset(received, 0, sizeof received);
    pipe_open();
    for (unsigned i = 0; i < SENDERS; i++) numbers[i] = i, senders[i] = runner_start(sends_numbers, &numbers[i]);
    for (int i = 0; i < RECEIVERS; i++) receivers[i] = runner_start(receives_numbers, NULL);
    for (int i = 0; i < SENDERS; i++) check_code(runner_join(senders[i]), 0);
    plait_pipe_free(one), one = NULL;
    int sum = 0;
    for (int i = 0; i < RECEIVERS; i++) sum += runner_join(receivers[i]);
    check_number(sum, SENDERS * EACH);
    for (int i = 0; i < SENDERS; i++)
        for (int j = 0; j < EACH; j++) check_number(received[i][j], 1);
    pipe_end();
}

TEST_IN_EACH_KIND(a_described_value_arrives_with_all_that_it_owns)
{
    struct album got, sent = full;
    struct tree root = { (char *)"root", 0, NULL }, tree;
    pipe_open();
    check_code(plait_pipe_send_typed(one, album_type, &full, PLAIT_FOREVER), 0);
    check_code(plait_pipe_send_typed(one, tree_type, &root, PLAIT_FOREVER), 0);
    check_code(plait_pipe_receive_typed(other, tree_type, &tree, PLAIT_FOREVER), -EMSGSIZE);
    check_string(plait_error()->message, "the next message is a value of another type than struct tree");
    check_code(plait_pipe_receive_typed(other, album_type, &got, PLAIT_FOREVER), 0);
    sent.left_out = 0;
    check_copy(&got, &sent);
    plait_type_clear(album_type, &got);
    check_code(plait_pipe_receive_typed(other, tree_type, &tree, PLAIT_FOREVER), 0);
    check_string(tree.name, "root");
    plait_type_clear(tree_type, &tree);
    pipe_end();
}

static void messages_stay_where_there_is_no_memory_or_descriptor_for_them(void **unused)
{
    (void)unused;
    if (RUNNING_ON_VALGRIND) skip(); /* which has an idea of its own of how many descriptors there may be */
    plait_bytes b;
    struct rlimit limit, none;
    char *large = calloc(1, 100000);
    int got;
    check(large && getrlimit(RLIMIT_NOFILE, &limit) == 0);
    pipe_open();
    check_code(plait_pipe_send_bytes(one, large, 100000, PLAIT_FOREVER), 0);
    check_code(plait_pipe_send_descriptor(one, STDIN_FILENO, PLAIT_FOREVER), 0);
    fault_all("memory");
    int err = plait_pipe_receive_bytes(other, &b, 0, PLAIT_FOREVER);
    fault_off();
    check_code(err, PLAIT_ENOMEM);
    none = limit, none.rlim_cur = 0;
    check_number(setrlimit(RLIMIT_NOFILE, &none), 0);
    check_code(plait_pipe_receive_bytes(other, &b, 0, PLAIT_FOREVER), -EMFILE);
    check_code(plait_pipe_send_bytes(one, large, 100000, PLAIT_FOREVER), -EMFILE);
    check_code(plait_pipe_close(one), -EMFILE);
    check_number(setrlimit(RLIMIT_NOFILE, &limit), 0);
    check_code(plait_pipe_receive_bytes(other, &b, 0, PLAIT_FOREVER), 0);
    check_number(b.size, 100000);
    plait_bytes_clear(&b);
    check_number(setrlimit(RLIMIT_NOFILE, &none), 0);
    check_code(plait_pipe_receive_descriptor(other, &got, PLAIT_FOREVER), -EMFILE);
    check_number(setrlimit(RLIMIT_NOFILE, &limit), 0);
    check_code(plait_pipe_receive_descriptor(other, &got, PLAIT_FOREVER), 0);
    close(got);
    check_code(plait_pipe_receive_descriptor(other, &got, PLAIT_NOW),
               PLAIT_EAGAIN); /* the message that failed never went */
    free(large);
    pipe_end();
}

static void a_message_above_the_limit_of_files_is_refused(void **unused)
{
    (void)unused;
    struct rlimit limit, small;
    char *large = calloc(1, 100000);
    check(large && getrlimit(RLIMIT_FSIZE, &limit) == 0);
    pipe_open();
    small = limit, small.rlim_cur = 50000;
    check_number(setrlimit(RLIMIT_FSIZE, &small), 0);
    int err = plait_pipe_send_bytes(one, large, 100000, PLAIT_FOREVER);
    check_number(setrlimit(RLIMIT_FSIZE, &limit), 0);
    check_code(err, -EFBIG);
    check_string(plait_error()->message, "a message of 100000 bytes, and this process may write files of 50000");
    free(large);
    pipe_end();
}

static void a_pipe_without_memory_or_descriptors_is_none(void **unused)
{
    (void)unused;
    if (RUNNING_ON_VALGRIND) skip();
    struct rlimit limit, none;
    check_number(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit, none.rlim_cur = 0;
    check_number(setrlimit(RLIMIT_NOFILE, &none), 0);
    check_code(plait_pipe_pair(&one, &other), -EMFILE);
    check_number(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (size_t nth = 1; nth <= 2; nth++) {
        fault_nth("memory", nth);
        check_code(plait_pipe_pair(&one, &other), PLAIT_ENOMEM);
        check(!one && !other);
    }
    fault_off();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(N1_two_sides_that_both_send_all_first_come_to_an_end),
        cmocka_unit_test(N1_two_sides_that_both_send_more_files_than_they_may_have_come_to_an_end),
        cmocka_unit_test(N2_of_many_senders_each_message_reaches_one_receiver_whole),
        cmocka_unit_test(a_described_value_arrives_with_all_that_it_owns),
        cmocka_unit_test(messages_stay_where_there_is_no_memory_or_descriptor_for_them),
        cmocka_unit_test(a_message_above_the_limit_of_files_is_refused),
        cmocka_unit_test(a_pipe_without_memory_or_descriptors_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
