/* Listening, accepting, connecting, and looking names up. libc's look-up, accept4 and connect are replaced, so that a name
   server may be slow here, and a connection may go away while it is taken or be made with itself. */
#include "base/hooks.h"
#include "park/context.h"
#include <plait/error.h>
#include <plait/event.h>
#include <plait/io.h>
#include <plait/scope.h>
#include <plait/thread.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

/* What accept4 says first, before it works: 0 ends the list. */
static int accept_errors[8];
static int accept_calls;
static bool really_gone; /* the connection is dropped by that */
int accept_here(int fd, void *address, void *size,
                int flags) __asm__("accept4"); /* libc declares it in a way of its own */
int accept_here(int fd, void *address, void *size, int flags)
{
    int *next = &accept_errors[accept_calls++];
    if (*next && really_gone) close((int)syscall(SYS_accept4, fd, address, size, flags));
    if (*next) return errno = *next, -1;
    accept_calls--;
    return (int)syscall(SYS_accept4, fd, address, size, flags);
}

/* Gives a client the very port that it wants to reach, as the system may do when nobody listens there. */
static bool give_same_port;
int connect_here(int fd, const void *address, socklen_t size) __asm__("connect");
int connect_here(int fd, const void *address, socklen_t size)
{
    if (give_same_port && bind(fd, (const struct sockaddr *)address, size) != 0) return -1;
    return (int)syscall(SYS_connect, fd, address, size);
}

/* What names mean: "two.test" has two addresses, "slow.test" is answered once `answer` is set, others do not exist. */
static plait_event answer;
static _Atomic int looking_up;

static struct addrinfo *entry(const char *host, const char *port, struct addrinfo *next)
{
    struct {
        struct addrinfo info;
        struct sockaddr_in address;
    } *e = calloc(1, sizeof *e);
    e->address.sin_family = AF_INET;
    e->address.sin_port = htons((uint16_t)atoi(port));
    inet_pton(AF_INET, host, &e->address.sin_addr);
    e->info = (struct addrinfo){ .ai_family = AF_INET,
                                 .ai_socktype = SOCK_STREAM,
                                 .ai_addrlen = sizeof e->address,
                                 .ai_addr = (struct sockaddr *)&e->address,
                                 .ai_next = next };
    return &e->info;
}
int getaddrinfo(const char *host, const char *port, const struct addrinfo *wanted, struct addrinfo **list)
{
    (void)wanted;
    int err = EAI_NONAME;
    atomic_fetch_add(&looking_up, 1);
    if (strcmp(host, "slow.test") == 0) err = plait_event_wait(&answer, PLAIT_FOREVER);
    if (strcmp(host, "two.test") == 0) err = 0;
    if (strcmp(host, "system.test") == 0) errno = ENETDOWN, err = EAI_SYSTEM;
    if (strcmp(host, "memory.test") == 0) err = EAI_MEMORY;
    if (!err) *list = entry("127.0.0.2", port, entry("127.0.0.1", port, NULL));
    atomic_fetch_sub(&looking_up, 1);
    return err;
}
void freeaddrinfo(struct addrinfo *list)
{
    while (list) {
        struct addrinfo *next = list->ai_next;
        free(list);
        list = next;
    }
}
const char *gai_strerror(int err) { return err == EAI_NONAME ? "no such name" : "?"; }

static const char *_Atomic refused_point;
static bool refuse(const char *point)
{
    const char *refused = refused_point;
    return refused && strcmp(point, refused) == 0;
}

static const char *at_port(const char *host, int port)
{
    static char text[64];
    snprintf(text, sizeof text, "%s:%d", host, port);
    return text;
}

static int listen_at(const char *address, int backlog)
{
    int fd = plait_listen(address, backlog);
    if (fd < 0) plait_error_print(stderr, fd);
    assert_true(fd >= 0);
    return fd;
}

static void assert_message(int code, const char *words)
{
    assert_non_null(plait_error());
    assert_int_equal(plait_error()->code, code);
    if (!strstr(plait_error()->message, words)) fail_msg("'%s' lacks '%s'", plait_error()->message, words);
}

/* Keeps a port of 127.0.0.1, 0 for any, by a socket that does not listen; -1 when another has it. */
static int keep_port(int port)
{
    struct sockaddr_in here = { .sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int keeper = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(keeper, (struct sockaddr *)&here, sizeof here) == 0) return keeper;
    plait_close(keeper);
    return -1;
}

/* A port on which nobody listens, nor will. */
static int dead_port(int *keeper)
{
    *keeper = keep_port(0);
    assert_true(*keeper >= 0);
    return plait_socket_port(*keeper);
}

static int int_option(int fd, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

static void talk(int client, int server)
{
    char data[8];
    assert_int_equal(plait_write(client, "ping", 4, PLAIT_FOREVER, NULL), 0);
    assert_int_equal(plait_read(server, data, sizeof data, PLAIT_FOREVER), 4);
    assert_int_equal(plait_write(server, "pong!", 5, PLAIT_FOREVER, NULL), 0);
    assert_int_equal(plait_read(client, data, sizeof data, PLAIT_FOREVER), 5);
    assert_memory_equal(data, "pong!", 5);
}

static void assert_ours(int fd, bool tcp)
{
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    if (tcp) assert_int_equal(int_option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
}

static bool has_ipv6(void)
{
    int fd = plait_listen("[::1]:0", 0);
    if (fd >= 0) plait_close(fd);
    return fd >= 0;
}

static void two_ends_meet_on_each_kind_of_address(void **state)
{
    static const char *const pairs[][2] = {
        { "127.0.0.1:0", "127.0.0.1" }, { "localhost:0", "localhost" }, { ":0", "127.0.0.1" }, { ":0", "" },
        { "[::1]:0", "[::1]" },         { "[::1]:0", "localhost" },     { ":0", "[::1]" },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (strstr(pairs[i][0], "::") && !has_ipv6()) continue;
        if (strstr(pairs[i][1], "::") && !has_ipv6()) continue;
        int listener = listen_at(pairs[i][0], 0), port = plait_socket_port(listener), keeper = -1;
        if (i == 5) { /* of localhost's addresses 127.0.0.1 is tried first: nobody else may listen there */
            for (; (keeper = keep_port(port)) < 0; port = plait_socket_port(listener)) {
                plait_close(listener);
                listener = listen_at(pairs[i][0], 0);
            }
        }
        assert_in_range(port, 1, 65535);
        assert_ours(listener, false);
        assert_int_equal(plait_accept(listener, PLAIT_NOW), PLAIT_EAGAIN);
        int client = plait_connect(at_port(pairs[i][1], port), PLAIT_FOREVER);
        assert_true(client >= 0);
        int server = plait_accept(listener, PLAIT_FOREVER);
        assert_true(server >= 0);
        assert_ours(client, true);
        assert_ours(server, true);
        assert_int_equal(plait_socket_port(server), port);
        talk(client, server);
        plait_close(client);
        plait_close(server);
        plait_close(listener);
        if (keeper >= 0) plait_close(keeper);
    }
    (void)state;
}

static void a_unix_socket_works_and_one_left_behind_is_replaced(void **state)
{
    char folder[] = "/tmp/plait-io-XXXXXX", address[64], path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(address, sizeof address, "unix:%s/socket", folder);
    snprintf(path, sizeof path, "%s/socket", folder);
    int listener = listen_at(address, 0);
    assert_int_equal(plait_socket_port(listener), 0);
    int client = plait_connect(address, PLAIT_FOREVER), server = plait_accept(listener, PLAIT_FOREVER);
    assert_true(client >= 0 && server >= 0);
    assert_ours(server, false);
    talk(client, server);
    assert_int_equal(plait_listen(address, 0), -EADDRINUSE); /* somebody is there */
    plait_close(client);
    plait_close(server);
    plait_close(listener); /* the file stays, as after the death of a program */
    assert_int_equal(plait_connect(address, PLAIT_FOREVER), -ECONNREFUSED);
    assert_message(-ECONNREFUSED, "/socket: Connection refused");
    plait_close(listen_at(address, 0));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(plait_connect(address, PLAIT_FOREVER), -ENOENT);

    int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600); /* what is no socket is not ours to remove */
    assert_int_equal(plait_listen(address, 0), -EADDRINUSE);
    struct stat status;
    assert_int_equal(lstat(path, &status), 0);
    close(file);
    unlink(path);
    rmdir(folder);
    (void)state;
}

static void an_address_that_cannot_be_had_gets_a_sentence(void **state)
{
    int listener = listen_at("127.0.0.1:0", 0);
    const char *taken = at_port("127.0.0.1", plait_socket_port(listener));
    assert_int_equal(plait_listen(taken, 0), -EADDRINUSE);
    char words[128];
    snprintf(words, sizeof words, "cannot listen on %s: Address already in use", taken);
    assert_message(-EADDRINUSE, words);
    plait_close(listener);
    plait_close(listen_at(taken, 0)); /* at once, though connections of the last one may still linger */
    assert_int_equal(plait_listen("192.0.2.1:0", 0), -EADDRNOTAVAIL);
    assert_int_equal(plait_listen("example.com:80", 0), PLAIT_EADDRESS);
    assert_message(PLAIT_EADDRESS, "neither a number nor localhost");
    assert_int_equal(plait_listen("nonsense", 0), PLAIT_EADDRESS);
    assert_int_equal(plait_connect("nonsense", PLAIT_FOREVER), PLAIT_EADDRESS);
    assert_int_equal(plait_connect("127.0.0.1:0", PLAIT_FOREVER), PLAIT_EADDRESS);
    assert_message(PLAIT_EADDRESS, "port 0 takes no connections");
    assert_int_equal(plait_socket_port(-1), -EBADF);
    assert_int_equal(plait_socket_port(STDERR_FILENO) < 0, 1);
    refused_point = "descriptor";
    assert_int_equal(plait_listen("127.0.0.1:0", 0), -EMFILE);
    assert_int_equal(plait_connect(taken, PLAIT_FOREVER), -EMFILE);
    refused_point = NULL;
    (void)state;
}

static void an_accept_says_how_it_waited(void **state)
{
    int listener = listen_at("127.0.0.1:0", 0);
    assert_int_equal(plait_accept(listener, plait_after(-1)), PLAIT_ETIMEDOUT);
    assert_int_equal(plait_accept(listener, plait_after(5 * PLAIT_MILLISECOND)), PLAIT_ETIMEDOUT);
    int client = plait_connect(at_port("127.0.0.1", plait_socket_port(listener)), PLAIT_FOREVER);
    assert_true(client >= 0);
    {
        PLAIT_CANCEL_SCOPE(scope);
        plait_scope_cancel(&scope);
        assert_int_equal(plait_accept(listener, PLAIT_FOREVER), PLAIT_ECANCELED); /* though there is one */
    }
    int server = plait_accept(listener, PLAIT_NOW);
    assert_true(server >= 0);
    assert_int_equal(plait_accept(-1, PLAIT_FOREVER), -EBADF);
    assert_int_equal(plait_accept(server, PLAIT_FOREVER), -EINVAL); /* does not listen */
    plait_close(client);
    plait_close(server);
    plait_close(listener);
    (void)state;
}

struct acceptor {
    int listener, got;
    _Atomic(plait_parker *) parker;
};
static int accept_one(void *argument)
{
    struct acceptor *a = argument;
    a->parker = plait_current()->parker;
    a->got = plait_accept(a->listener, PLAIT_FOREVER);
    return 0;
}
static void a_close_of_the_listener_ends_an_accept(void **state)
{
    struct acceptor a = { .listener = listen_at("127.0.0.1:0", 0) };
    plait_thread *thread = plait_thread_start(accept_one, &a, NULL);
    while (!a.parker || a.parker->state != PLAIT_PARKED_ON) sched_yield();
    plait_close(a.listener);
    plait_thread_free(thread);
    assert_int_equal(a.got, PLAIT_ECLOSED);
    (void)state;
}

static void connections_that_went_away_are_passed_over_and_want_of_descriptors_is_told(void **state)
{
    static const int gone[] = { ECONNABORTED, EINTR, EPROTO, ENETDOWN, EHOSTUNREACH };
    int listener = listen_at("127.0.0.1:0", 0);
    int client = plait_connect(at_port("127.0.0.1", plait_socket_port(listener)), PLAIT_FOREVER);
    for (int blocking = 0; blocking < 2; blocking++) { /* as a listener of the program's own may be */
        if (blocking) assert_int_equal(fcntl(listener, F_SETFL, 0), 0);
        memcpy(accept_errors, gone, sizeof gone);
        accept_calls = 0;
        if (blocking) client = plait_connect(at_port("127.0.0.1", plait_socket_port(listener)), PLAIT_FOREVER);
        int server = plait_accept(listener, PLAIT_FOREVER);
        assert_int_equal(accept_calls, sizeof gone / sizeof *gone);
        assert_true(server >= 0);
        plait_close(server);
        plait_close(client);
    }
    accept_calls = 0;
    accept_errors[1] = 0;
    really_gone = true;
    client = plait_connect(at_port("127.0.0.1", plait_socket_port(listener)), PLAIT_FOREVER);
    assert_int_equal(plait_accept(listener, plait_after(50 * PLAIT_MILLISECOND)), PLAIT_ETIMEDOUT);
    assert_int_equal(accept_calls, 1);
    really_gone = false;
    plait_close(client);
    assert_int_equal(plait_accept(listener, PLAIT_NOW), PLAIT_EAGAIN); /* the one that blocks is not asked */
    assert_int_equal(plait_accept(listener, plait_after(-1)), PLAIT_ETIMEDOUT);
    assert_int_equal(fcntl(listener, F_GETFL) & O_NONBLOCK, 0);
    client = plait_connect(at_port("127.0.0.1", plait_socket_port(listener)), PLAIT_FOREVER);
    static const int full[] = { EMFILE, ENFILE, ENOMEM };
    for (size_t i = 0; i < sizeof full / sizeof *full; i++) {
        memset(accept_errors, 0, sizeof accept_errors);
        accept_errors[0] = full[i];
        accept_calls = 0;
        assert_int_equal(plait_accept(listener, PLAIT_FOREVER), -full[i]);
    }
    memset(accept_errors, 0, sizeof accept_errors);
    accept_calls = 0;
    plait_close(plait_accept(listener, PLAIT_FOREVER));
    plait_close(client);
    plait_close(listener);
    (void)state;
}

static void a_refused_connection_gets_a_sentence(void **state)
{
    int keeper, port = dead_port(&keeper);
    char words[128];
    assert_int_equal(plait_connect(at_port("127.0.0.1", port), PLAIT_FOREVER), -ECONNREFUSED);
    snprintf(words, sizeof words, "127.0.0.1:%d: Connection refused", port);
    assert_string_equal(plait_error()->message, words);
    assert_int_equal(plait_connect(at_port("localhost", port), PLAIT_FOREVER), -ECONNREFUSED);
    snprintf(words, sizeof words, "localhost:%d (127.0.0.1, the first of 2 addresses): Connection refused", port);
    assert_string_equal(plait_error()->message, words);
    plait_close(keeper);
    (void)state;
}

static void a_connection_never_ends_at_itself(void **state)
{
    int keeper, port = dead_port(&keeper);
    plait_close(keeper);
    give_same_port = true;
    assert_int_equal(plait_connect(at_port("127.0.0.1", port), PLAIT_FOREVER), -ECONNREFUSED);
    if (has_ipv6()) assert_int_equal(plait_connect(at_port("[::1]", port), PLAIT_FOREVER), -ECONNREFUSED);
    give_same_port = false;
    (void)state;
}

static void each_address_of_a_name_is_tried(void **state)
{
    int listener = listen_at("127.0.0.1:0", 0), port = plait_socket_port(listener); /* and not on 127.0.0.2 */
    int client = plait_connect(at_port("two.test", port), PLAIT_FOREVER),
        server = plait_accept(listener, PLAIT_FOREVER);
    assert_true(client >= 0 && server >= 0);
    talk(client, server);
    plait_close(client);
    plait_close(server);
    plait_close(listener);

    int keeper;
    port = dead_port(&keeper);
    assert_int_equal(plait_connect(at_port("two.test", port), PLAIT_FOREVER), -ECONNREFUSED);
    assert_message(-ECONNREFUSED, "(127.0.0.2, the first of 2 addresses): Connection refused");
    plait_close(keeper);
    (void)state;
}

static void a_name_that_is_not_found_gets_a_sentence(void **state)
{
    assert_int_equal(plait_connect("nowhere.test:80", PLAIT_FOREVER), PLAIT_ERESOLVE);
    assert_string_equal(plait_error()->message, "nowhere.test:80: the host was not found: no such name");
    assert_int_equal(plait_connect("system.test:80", PLAIT_FOREVER), PLAIT_ERESOLVE);
    assert_message(PLAIT_ERESOLVE, "Network is down");
    assert_int_equal(plait_connect("memory.test:80", PLAIT_FOREVER), PLAIT_ENOMEM);
    assert_int_equal(plait_connect("two.test:80", PLAIT_NOW), PLAIT_EAGAIN);
    refused_point = "thread";
    assert_int_equal(plait_connect("two.test:80", PLAIT_FOREVER), PLAIT_ENOMEM);
    refused_point = "memory";
    assert_int_equal(plait_connect("two.test:80", PLAIT_FOREVER), PLAIT_ENOMEM);
    refused_point = "descriptor";
    assert_int_equal(plait_connect("two.test:80", PLAIT_FOREVER), -EMFILE);
    refused_point = NULL;
    (void)state;
}

struct connector {
    const char *address;
    plait_event begun, over;
    plait_scope *scope;
    int got;
};
static int connect_in_scope(void *argument)
{
    struct connector *c = argument;
    PLAIT_CANCEL_SCOPE(scope);
    c->scope = &scope;
    plait_event_set(&c->begun);
    c->got = plait_connect(c->address, PLAIT_FOREVER);
    PLAIT_SHIELD(shield, PLAIT_FOREVER);
    return plait_event_wait(&c->over, PLAIT_FOREVER);
}
static int connect_and_cancel(const char *address)
{
    struct connector c = { .address = address };
    plait_thread *thread = plait_thread_start(connect_in_scope, &c, NULL);
    assert_int_equal(plait_event_wait(&c.begun, PLAIT_FOREVER), 0);
    plait_scope_cancel(c.scope);
    plait_event_set(&c.over);
    plait_thread_free(thread);
    return c.got;
}

static void a_slow_look_up_is_left_alone_in_time_or_by_cancel(void **state)
{
    assert_int_equal(plait_connect("slow.test:80", plait_after(5 * PLAIT_MILLISECOND)), PLAIT_ETIMEDOUT);
    assert_message(PLAIT_ETIMEDOUT, "slow.test:80: while looking up the host: ");
    assert_int_equal(connect_and_cancel("slow.test:80"), PLAIT_ECANCELED);
    plait_event_set(&answer); /* those who asked have gone: the answers are freed by those who give them */
    while (atomic_load(&looking_up) > 0) assert_int_equal(plait_sleep(PLAIT_MILLISECOND), 0);
    int listener = listen_at("127.0.0.1:0", 0);
    int client = plait_connect(at_port("slow.test", plait_socket_port(listener)), plait_after(60 * PLAIT_SECOND));
    assert_true(client >= 0);
    plait_close(client);
    plait_close(listener);
    (void)state;
}

/* Whether the listener's backlog is full: of a TCP listener these two say how many wait in it, and how many may. */
static bool is_full(int listener)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    if (plait_socket_port(listener) == 0) return true; /* of a unix socket its refusal says so */
    assert_int_equal(getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    return info.tcpi_unacked > info.tcpi_sacked;
}

/* Connects until the listener's backlog is full and no further connection is made. One that took too long although there
   was room is not counted. */
static int fill(int listener, const char *address, int *clients, int most)
{
    for (int count = 0;;) {
        assert_true(count < most);
        clients[count] = plait_connect(address, plait_after(50 * PLAIT_MILLISECOND));
        if (clients[count] >= 0) {
            count++;
            continue;
        }
        assert_int_equal(clients[count], PLAIT_ETIMEDOUT);
        if (is_full(listener)) return count;
    }
}

static void a_full_backlog_is_waited_for(void **state)
{
    char folder[] = "/tmp/plait-io-XXXXXX", local[64];
    assert_non_null(mkdtemp(folder));
    snprintf(local, sizeof local, "unix:%s/socket", folder);
    for (int tcp = 0; tcp < 2; tcp++) {
        int clients[64], listener = listen_at(tcp ? "127.0.0.1:0" : local, 1);
        const char *address = tcp ? at_port("127.0.0.1", plait_socket_port(listener)) : local;
        int count = fill(listener, address, clients, 64);
        assert_message(PLAIT_ETIMEDOUT, ": no answer in time");
        assert_int_equal(plait_connect(address, PLAIT_NOW), PLAIT_EAGAIN);
        assert_message(PLAIT_EAGAIN, ": not connected at once");
        assert_int_equal(connect_and_cancel(address), PLAIT_ECANCELED);
        for (int server; (server = plait_accept(listener, PLAIT_NOW)) >= 0;) plait_close(server);
        int client = plait_connect(address, plait_after(60 * PLAIT_SECOND));
        assert_true(client >= 0);
        plait_close(client);
        for (int i = 0; i < count; i++) plait_close(clients[i]);
        plait_close(listener);
    }
    unlink(local + 5);
    rmdir(folder);
    (void)state;
}

static void a_dead_scope_comes_first(void **state)
{
    PLAIT_CANCEL_SCOPE(scope);
    plait_scope_cancel(&scope);
    assert_int_equal(plait_connect("127.0.0.1:1", PLAIT_FOREVER), PLAIT_ECANCELED);
    assert_int_equal(plait_connect("nonsense", PLAIT_FOREVER), PLAIT_ECANCELED);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_ends_meet_on_each_kind_of_address),
        cmocka_unit_test(a_unix_socket_works_and_one_left_behind_is_replaced),
        cmocka_unit_test(an_address_that_cannot_be_had_gets_a_sentence),
        cmocka_unit_test(an_accept_says_how_it_waited),
        cmocka_unit_test(a_close_of_the_listener_ends_an_accept),
        cmocka_unit_test(connections_that_went_away_are_passed_over_and_want_of_descriptors_is_told),
        cmocka_unit_test(a_refused_connection_gets_a_sentence),
        cmocka_unit_test(a_connection_never_ends_at_itself),
        cmocka_unit_test(each_address_of_a_name_is_tried),
        cmocka_unit_test(a_name_that_is_not_found_gets_a_sentence),
        cmocka_unit_test(a_slow_look_up_is_left_alone_in_time_or_by_cancel),
        cmocka_unit_test(a_full_backlog_is_waited_for),
        cmocka_unit_test(a_dead_scope_comes_first),
    };
    plait_hooks.refuse = refuse;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
