/* test_client_wires.c: a loop's book of descriptors, when libcurl closes some without a word, and their numbers become
   others'. */
#include "check.h"
#include "coroutine.h"
#include "fault.h"
#include "http/client_wires.h"
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static plait_http_wires wires;
static unsigned told;
static int last_told;

static void is_ready(int fd, short revents, void *context)
{
    check(context == &told && revents != 0);
    last_told = fd;
    told++;
}

static int open_one(plait_http_fresh *owner)
{
    int fd = plait_http_wires_open(&wires, owner, AF_INET, SOCK_STREAM, 0);
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

/* A socket that is not connected is ready for anything, at once. */
static void await_told(void)
{
    for (unsigned before = told; told == before;) coroutine_yield();
}

static void in_a_loop(void (*function)(void *))
{
    wires.ready = is_ready;
    wires.context = &told;
    coroutines_run(function, NULL);
    check_number(wires.open, 0);
}

static void watch(void *unused)
{
    (void)unused;
    plait_http_fresh owner = { 0 };
    int a = open_one(&owner), b = open_one(&owner);
    check(plait_http_wires_owner(&wires, a) == &owner && plait_http_wires_owner(&wires, b) == &owner);
    check_number(plait_http_wires_watch(&wires, a, POLLIN), 0);
    await_told();
    check_number(last_told, a);
    check_number(plait_http_wires_watch(&wires, b, POLLOUT), 0);
    plait_http_wires_unwatch(&wires, a);
    await_told();
    check_number(last_told, b);
    check_number(plait_http_wires_close(&wires, b), 0);
    check_number(plait_http_wires_close(&wires, a), 0);
    check_number(owner.first, 0);
    check(!is_open(a) && !is_open(b));
    unsigned before = told;
    for (int i = 0; i < 3; i++) coroutine_yield();
    check_number(told, before);
}

static void test_watch(void **unused)
{
    (void)unused;
    in_a_loop(watch);
}

static void give_number_again(void *unused)
{
    (void)unused;
    plait_http_fresh first = { 0 }, second = { 0 };
    int a = open_one(&first);
    check_number(plait_http_wires_watch(&wires, a, POLLOUT), 0);
    close_unseen(a);
    check_number(open_one(&second), a);
    check(plait_http_wires_owner(&wires, a) == &second && !first.first);
    await_told(); /* though nobody asked: who watched the first may think that nothing has changed */
    plait_http_wires_end(&wires, &first);
    check_number(wires.open, 1);
    check_number(plait_http_wires_close(&wires, a), 0);
    check(!second.first);
}

static void test_number_given_again_at_once(void **unused)
{
    (void)unused;
    in_a_loop(give_number_again);
}

static void close_some_unseen(void *unused)
{
    (void)unused;
    plait_http_fresh owner = { 0 }, later = { 0 };
    int loser = open_one(&owner), winner = open_one(&owner);
    check_number(plait_http_wires_watch(&wires, loser, POLLIN), 0);
    check_number(plait_http_wires_watch(&wires, winner, POLLIN), 0);
    close_unseen(loser);
    int other = take_number(loser);
    check(!plait_http_wires_connected(&wires, &owner));
    plait_http_wires_unwatch(&wires, loser); /* told too late */
    await_told();
    check_number(last_told, winner);
    plait_http_wires_end(&wires, &owner);
    check(!owner.first && !plait_http_wires_owner(&wires, winner));
    check_number(wires.open, 1); /* the loser is forgotten, the winner known */
    check_number(open_one(&later), winner + 1);
    plait_http_wires_disown(&wires);
    check(is_open(other) && !is_open(winner) && !is_open(winner + 1));
    plait_http_wires_clear(&wires);
    close(other);
}

static void test_number_of_another_is_not_touched(void **unused)
{
    (void)unused;
    in_a_loop(close_some_unseen);
}

/* Without memory there is no socket, nor a watch; and what there is stays. */
static void open_without_memory(void *unused)
{
    (void)unused;
    plait_http_fresh owner = { 0 };
    int a = open_one(&owner), high = fcntl(a, F_DUPFD_CLOEXEC, 3000); /* beyond the table */
    check(high >= 3000);
    fault_all("memory");
    check_code(plait_http_wires_watch(&wires, high, POLLIN), PLAIT_ENOMEM);
    check_code(plait_http_wires_watch(&wires, a, POLLIN), PLAIT_ENOMEM);
    fault_off();
    fault_all("descriptor");
    check_code(plait_http_wires_open(&wires, &owner, AF_INET, SOCK_STREAM, 0), -EMFILE);
    fault_off();
    check_number(plait_http_wires_watch(&wires, high, POLLIN), 0);
    await_told();
    check_number(last_told, high);
    plait_http_wires_unwatch(&wires, high);
    close(high);
    check(plait_http_wires_owner(&wires, a) == &owner);
    check_number(plait_http_wires_close(&wires, a), 0);
}

static void test_without_memory(void **unused)
{
    (void)unused;
    in_a_loop(open_without_memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_watch),
        cmocka_unit_test(test_number_given_again_at_once),
        cmocka_unit_test(test_number_of_another_is_not_touched),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
