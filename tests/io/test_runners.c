/* The calls of io by every kind of runner, threads and coroutines: where all are coroutines of one thread, a call that
   blocked would stop the one that it waits for. */
#include "runners.h"
#include <plait/io.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

/* libc's look-up is replaced: it takes until the test says so. A look-up that nobody waits for any more may come late,
   so only those of the one name are counted. */
static _Atomic int asked;
static _Atomic bool answered;
int getaddrinfo(const char *host, const char *port, const struct addrinfo *wanted, struct addrinfo **list)
{
    (void)port, (void)wanted, (void)list;
    if (strcmp(host, "name.test") == 0) atomic_fetch_add(&asked, 1);
    while (!atomic_load(&answered)) usleep(1000);
    return EAI_NONAME;
}

enum { MUCH = 3 << 20 };

struct side {
    int fd;
    const char *address;
    ssize_t got;
    size_t sum;
};

static int take_all(void *argument)
{
    struct side *s = argument;
    unsigned char data[9000];
    for (ssize_t got; (got = plait_read(s->fd, data, sizeof data, PLAIT_FOREVER)) > 0; s->sum += (size_t)got)
        for (size_t i = 0; i < (size_t)got; i++) check(data[i] == (unsigned char)((s->sum + i) / 7));
    return 0;
}

static void send_all(int fd)
{
    unsigned char *data = malloc(MUCH);
    size_t written;
    for (size_t i = 0; i < MUCH; i++) data[i] = (unsigned char)(i / 7);
    struct iovec blocks[] = { { data, 5 }, { data + 5, 0 }, { data + 5, MUCH - 5 } };
    check_code(plait_writev(fd, blocks, 3, PLAIT_FOREVER, &written), 0);
    check_number(written, MUCH);
    free(data);
}

TEST_IN_EACH_KIND(much_data_goes_through_a_pipe_and_a_socket)
{
    for (int i = 0; i < 2; i++) {
        int fds[2];
        check_number(i ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) : pipe(fds), 0);
        struct side s = { .fd = fds[0] };
        struct runner *r = runner_start(take_all, &s);
        send_all(fds[1]);
        check_code(plait_close(fds[1]), 0);
        check_code(runner_join(r), 0);
        check_number(s.sum, MUCH);
        check_code(plait_close(fds[0]), 0);
    }
}

static int connect_and_take_all(void *argument)
{
    struct side *s = argument;
    s->fd = plait_connect(s->address, PLAIT_FOREVER);
    check(s->fd >= 0);
    take_all(s);
    return plait_close(s->fd);
}

TEST_IN_EACH_KIND(clients_connect_and_are_served)
{
    char address[64];
    int listener = plait_listen("127.0.0.1:0", 0);
    snprintf(address, sizeof address, "localhost:%d", plait_socket_port(listener));
    struct side sides[5];
    struct runner *runners[5];
    for (int i = 0; i < 5; i++) {
        sides[i] = (struct side){ .address = address };
        runners[i] = runner_start(connect_and_take_all, &sides[i]);
    }
    for (int i = 0; i < 5; i++) {
        int fd = plait_accept(listener, PLAIT_FOREVER);
        check(fd >= 0);
        send_all(fd);
        check_code(plait_close(fd), 0);
    }
    for (int i = 0; i < 5; i++) {
        check_code(runner_join(runners[i]), 0);
        check_number(sides[i].sum, MUCH);
    }
    check_code(plait_close(listener), 0);
}

static int read_one(void *argument)
{
    struct side *s = argument;
    char data;
    s->got = plait_read(s->fd, &data, 1, PLAIT_FOREVER);
    return 0;
}
static int accept_one(void *argument)
{
    struct side *s = argument;
    s->got = plait_accept(s->fd, PLAIT_FOREVER);
    return 0;
}

TEST_IN_EACH_KIND(a_close_ends_a_read_and_an_accept)
{
    int fds[2];
    check_number(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    struct side reader = { .fd = fds[0] }, acceptor = { .fd = plait_listen("127.0.0.1:0", 0) };
    struct runner *runners[] = { runner_start(read_one, &reader), runner_start(accept_one, &acceptor) };
    until_asleep(runners[0]);
    until_asleep(runners[1]);
    check_code(plait_close(reader.fd), 0);
    check_code(plait_close(acceptor.fd), 0);
    check_code(runner_join(runners[0]), 0);
    check_code(runner_join(runners[1]), 0);
    check_code(reader.got, PLAIT_ECLOSED);
    check_code(acceptor.got, PLAIT_ECLOSED);
    check_code(plait_close(fds[1]), 0);
}

static int connect_to_name(void *argument)
{
    struct side *s = argument;
    s->got = plait_connect("name.test:80", PLAIT_FOREVER);
    return 0;
}

TEST_IN_EACH_KIND(a_look_up_does_not_hold_up_others)
{
    struct side s = { 0 };
    int before = asked;
    atomic_store(&answered, false);
    struct runner *r = runner_start(connect_to_name, &s);
    until(asked > before);
    check_code(plait_connect("other.test:80", plait_after(PLAIT_MILLISECOND)), PLAIT_ETIMEDOUT);
    atomic_store(&answered, true);
    check_code(runner_join(r), 0);
    check_code(s.got, PLAIT_ERESOLVE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(much_data_goes_through_a_pipe_and_a_socket),
        cmocka_unit_test(clients_connect_and_are_served),
        cmocka_unit_test(a_close_ends_a_read_and_an_accept),
        cmocka_unit_test(a_look_up_does_not_hold_up_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
