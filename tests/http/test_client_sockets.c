/* test_client_sockets.c: a session's book of descriptors, when libcurl closes some without a word, their numbers become
   others', and copies of them live on. */
#include "check.h"
#include "http/client_sockets.h"
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int open_one(plait_http_sockets *s)
{
    int fd = plait_http_sockets_open(s, AF_INET, SOCK_STREAM, 0);
    check(fd >= 0);
    return fd;
}

/* As libcurl does it. Its number is free then, and the next to be given: nothing else runs here. */
static void close_unseen(int fd) { check_number(close(fd), 0); }

static int take_number(int fd)
{
    int other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check_number(other, fd);
    return other;
}

static bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

static bool is_in_set(plait_http_sockets *s, int fd)
{
    int set = plait_http_sockets_set(s);
    check(set >= 0);
    if (epoll_ctl(set, EPOLL_CTL_MOD, fd, &(struct epoll_event){ .data.fd = fd }) == 0) return true;
    check_number(errno, ENOENT);
    return false;
}

static int size_of_set(plait_http_sockets *s)
{
    char path[64], line[256];
    int entries = 0;
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", plait_http_sockets_set(s));
    FILE *file = fopen(path, "r");
    check(file != NULL);
    while (fgets(line, sizeof line, file)) entries += strncmp(line, "tfd:", 4) == 0;
    fclose(file);
    return entries;
}

static void begin(plait_http_sockets *s)
{
    memset(s, 0, sizeof *s);
    plait_http_sockets_prepare(s);
    plait_http_sockets_begin(s);
}

static void test_watch(void **unused)
{
    (void)unused;
    plait_http_sockets s;
    begin(&s);
    int a = open_one(&s), b = open_one(&s);
    check_number(plait_http_sockets_watch(&s, a, EPOLLIN), 0);
    check_number(plait_http_sockets_watch(&s, b, EPOLLOUT), 0);
    check_number(size_of_set(&s), 2);
    check_number(plait_http_sockets_watch(&s, a, EPOLLOUT), 0);
    check(is_in_set(&s, a) && is_in_set(&s, b));
    plait_http_sockets_unwatch(&s, a);
    check(!is_in_set(&s, a) && is_in_set(&s, b));
    check_number(plait_http_sockets_close(&s, b), 0);
    check_number(plait_http_sockets_close(&s, a), 0);
    check_number(size_of_set(&s), 0);
    plait_http_sockets_end(&s, true);
    plait_http_sockets_clear(&s);
}

static void test_copy_does_not_stay_in_the_set(void **unused)
{
    (void)unused;
    for (int fresh = 0; fresh < 2; fresh++) {
        plait_http_sockets s;
        begin(&s);
        int a = open_one(&s), copy = dup(a);
        if (!fresh) plait_http_sockets_begin(&s);
        check_number(plait_http_sockets_watch(&s, a, EPOLLIN), 0);
        check_number(size_of_set(&s), 1);
        check_number(plait_http_sockets_close(&s, a), 0);
        check_number(size_of_set(&s), 0);
        a = open_one(&s);
        int second = dup(a);
        check_number(plait_http_sockets_watch(&s, a, EPOLLIN), 0);
        check_number(size_of_set(&s), 1);
        close_unseen(a);
        plait_http_sockets_unwatch(&s, a); /* told too late */
        check_number(size_of_set(&s), 0);
        plait_http_sockets_end(&s, false);
        plait_http_sockets_clear(&s);
        close(copy);
        close(second);
    }
}

static void test_number_given_again_at_once(void **unused)
{
    (void)unused;
    plait_http_sockets s;
    begin(&s);
    int a = open_one(&s);
    check_number(plait_http_sockets_watch(&s, a, EPOLLOUT), 0);
    check(is_in_set(&s, a));
    close_unseen(a);
    check_number(open_one(&s), a);
    check(is_in_set(&s, a)); /* though nobody asked: who watched the first may think that nothing has changed */
    check_number(plait_http_sockets_close(&s, a), 0);
    plait_http_sockets_end(&s, false);
    plait_http_sockets_clear(&s);
}

static void test_number_of_another_is_not_touched(void **unused)
{
    (void)unused;
    for (int keep = 0; keep < 2; keep++) {
        plait_http_sockets s;
        begin(&s);
        int a = open_one(&s), b = open_one(&s);
        check_number(plait_http_sockets_watch(&s, a, EPOLLIN), 0);
        check(is_in_set(&s, a));
        close_unseen(a);
        int other = take_number(a);
        check(!plait_http_sockets_connected(&s));
        check_number(plait_http_sockets_disown(&s, keep), keep);
        check(is_open(other));
        check_number(is_open(b), keep);
        close(other);
        if (keep) close(b);
    }
}

static void test_what_was_closed_unseen_takes_no_room(void **unused)
{
    (void)unused;
    plait_http_sockets s;
    int others[6 * PLAIT_HTTP_SOCKETS], count = 0;
    begin(&s);
    for (int i = 0; i < 3 * PLAIT_HTTP_SOCKETS; i++) {
        bool used = i % 2;
        plait_http_sockets_begin(&s);
        int a = open_one(&s), b = open_one(&s);
        check_number(plait_http_sockets_watch(&s, a, EPOLLIN), 0);
        check_number(plait_http_sockets_watch(&s, b, EPOLLIN), 0);
        check_number(size_of_set(&s), 2);
        close_unseen(a);
        if (used) check_number(plait_http_sockets_close(&s, b), 0);
        else close_unseen(b);
        others[count++] = take_number(a);
        others[count++] = take_number(b);
        plait_http_sockets_end(&s, used);
        plait_http_sockets_begin(&s);
        check_number(size_of_set(&s), 0);
        plait_http_sockets_clear(&s);
    }
    int last = open_one(&s);
    plait_http_sockets_end(&s, true); /* kept */
    check(is_open(last));
    plait_http_sockets_disown(&s, false);
    check(!is_open(last));
    while (count) check_number(close(others[--count]), 0);
}

/* The loser of a race for a connection was closed unseen; the winner is kept, and known. */
static void test_winner_is_known(void **unused)
{
    (void)unused;
    plait_http_sockets s;
    begin(&s);
    int loser = open_one(&s), winner = open_one(&s);
    close_unseen(loser);
    int other = take_number(loser);
    plait_http_sockets_end(&s, true);
    plait_http_sockets_begin(&s);
    check_number(open_one(&s), winner + 1);
    plait_http_sockets_disown(&s, false);
    check(is_open(other) && !is_open(winner) && !is_open(winner + 1));
    close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_watch),
        cmocka_unit_test(test_copy_does_not_stay_in_the_set),
        cmocka_unit_test(test_number_given_again_at_once),
        cmocka_unit_test(test_number_of_another_is_not_touched),
        cmocka_unit_test(test_what_was_closed_unseen_takes_no_room),
        cmocka_unit_test(test_winner_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
