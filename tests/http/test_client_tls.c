/* test_client_tls.c: certificates are verified, and what is wrong with one is said. The server is the command openssl
   with a key made for the test; without the command those tests say so and are skipped. */
#include "check.h"
#include "child.h"
#include "client_late.h"
#include "fault_server.h"
#include "runners.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <plait/http.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char folder[256];

static const char *in_folder(const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* Starts `arguments` in the folder, its output into the pipe `output` (or nowhere); the process's id, -1 without it. */
static pid_t start(char *const *arguments, int output)
{
    posix_spawn_file_actions_t actions;
    pid_t child;
    check_number(posix_spawn_file_actions_init(&actions), 0);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (output >= 0) posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_addchdir_np(&actions, folder);
    int err = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return err == 0 ? child : -1;
}

static int end_of(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0) check_number(errno, EINTR);
    return status;
}

static bool make_certificate(const char *name, const char *subject, const char *alternative)
{
    char key[64], certificate[64];
    snprintf(key, sizeof key, "%s.key", name);
    snprintf(certificate, sizeof certificate, "%s.crt", name);
    char *const arguments[] = { "openssl", "req", "-x509", "-newkey",       "rsa:2048", "-nodes",
                                "-days",   "2",   "-subj", (char *)subject, "-addext",  (char *)alternative,
                                "-keyout", key,   "-out",  certificate,     NULL };
    pid_t child = start(arguments, -1);
    return child > 0 && end_of(child) == 0;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(in_folder(name), "w");
    check(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* A server that sends the files of the folder as answers, to one client at a time. It prints its port. */
static FILE *output;
static pid_t serve(const char *name, int *port)
{
    char key[64], certificate[64], text[256];
    int ends[2];
    snprintf(key, sizeof key, "%s.key", name);
    snprintf(certificate, sizeof certificate, "%s.crt", name);
    char *const arguments[] = { "openssl", "s_server", "-accept", "127.0.0.1:0", "-HTTP",
                                "-key",    key,        "-cert",   certificate,   NULL };
    check_number(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = start(arguments, ends[1]);
    check(child > 0);
    check_number(close(ends[1]), 0);
    output = fdopen(ends[0], "r");
    check(output != NULL);
    *port = 0;
    while (!*port && fgets(text, sizeof text, output)) sscanf(text, "ACCEPT %*[^:]:%d", port);
    check(*port > 0);
    return child;
}

static void end(pid_t child)
{
    kill(child, SIGKILL);
    end_of(child);
    fclose(output);
}

static bool have_openssl;
static int set_up(void **unused)
{
    (void)unused;
    const char *temporary = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/plait-tls-XXXXXX", temporary ? temporary : "/tmp");
    check(mkdtemp(folder) != NULL);
    have_openssl = make_certificate("here", "/CN=here", "subjectAltName=IP:127.0.0.1,DNS:localhost") &&
                   make_certificate("other", "/CN=other.example", "subjectAltName=DNS:other.example");
    if (!have_openssl) print_message("There is no command openssl that makes certificates: four tests are skipped.\n");
    write_file("hello", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
    write_file("kept", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    write_file("down",
               "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    return 0;
}

static int clean_up(void **unused)
{
    (void)unused;
    DIR *all = opendir(folder);
    for (struct dirent *one; all && (one = readdir(all)) != NULL;)
        if (one->d_name[0] != '.') unlink(in_folder(one->d_name));
    if (all) closedir(all);
    return rmdir(folder);
}

static void fails(const char *url, const char *ca_file, int code, const char *cause)
{
    plait_http_response r;
    plait_http_options o = { .ca_file = ca_file };
    char line[512];
    check_code(plait_http_get(url, &o, &r), code);
    snprintf(line, sizeof line, "%s: %s: %s", url, code == PLAIT_ETLS ? "tls" : "redirect", cause);
    check_string(plait_error()->message, line);
}

TEST_IN_EACH_KIND(test_certificates)
{
    if (!have_openssl) skip();
    int port;
    char url[64], missing[300];
    plait_http_response r;
    plait_http_options o = { .ca_file = in_folder("here.crt") };
    pid_t server = serve("here", &port);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/hello", port);
    fails(url, NULL, PLAIT_ETLS, "self-signed certificate");
    check_code(plait_http_get(url, &o, &r), 0);
    check_string((char *)r.body.data, "hello");
    plait_http_response_clear(&r);
    fails(url, NULL, PLAIT_ETLS, "self-signed certificate"); /* trusted by that request alone */
    fails(url, in_folder("other.crt"), PLAIT_ETLS, "self-signed certificate");
    snprintf(missing, sizeof missing, "no certificates could be read from %.80s", in_folder("missing.crt"));
    fails(url, in_folder("missing.crt"), PLAIT_ETLS, missing);
    snprintf(missing, sizeof missing, "no certificates could be read from %.80s", in_folder("hello"));
    fails(url, in_folder("hello"), PLAIT_ETLS, missing);
    end(server);
}

TEST_IN_EACH_KIND(test_certificate_of_another_host)
{
    if (!have_openssl) skip();
    int port;
    char url[64];
    pid_t server = serve("other", &port);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/hello", port);
    fails(url, in_folder("other.crt"), PLAIT_ETLS, "the server's certificate is for another host");
    end(server);
}

TEST_IN_EACH_KIND(test_redirect_from_https_to_http)
{
    if (!have_openssl) skip();
    int port;
    char url[64];
    pid_t server = serve("here", &port);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/down", port);
    fails(url, in_folder("here.crt"), PLAIT_EREDIRECT, "from https to 'http://127.0.0.1:1/', which is not secure");
    end(server);
}

/* A relay between client and server that counts what the client says, to its end. */
struct relay {
    int port;
    size_t said;
    sem_t closed;
};

static void relay(fault_connection *c)
{
    struct relay *r = c->context;
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)r->port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(server >= 0 && connect(server, (struct sockaddr *)&address, sizeof address) == 0);
    struct pollfd both[2] = { { .fd = c->fd, .events = POLLIN }, { .fd = server, .events = POLLIN } };
    for (bool open = true; open;) {
        char data[4096];
        while (poll(both, 2, -1) < 0) check_number(errno, EINTR);
        for (int i = 0; i < 2; i++) {
            ssize_t got = both[i].revents ? recv(both[i].fd, data, sizeof data, 0) : 0;
            if (i == 0 && got > 0) r->said += (size_t)got;
            if (i == 0 && both[i].revents && got <= 0) open = false;
            if (got > 0 && send(both[1 - i].fd, data, (size_t)got, MSG_NOSIGNAL) < 0) both[1].fd = -1;
            if (i == 1 && both[i].revents && got <= 0) both[1].fd = -1;
        }
    }
    if (server >= 0) close(server);
    sem_post(&r->closed);
}

static int use_in_child(void *unused)
{
    (void)unused;
    plait_http_close_idle();
    return 0;
}

/* How much is said on a connection, when the parent ends it after a child has given it up or without one. */
static size_t said_in_all(bool with_child)
{
    struct relay r = { 0 };
    char url[64], text[1024];
    pid_t server = serve("here", &r.port);
    fault_server *between = fault_server_start(relay, &r);
    plait_http_response response;
    plait_http_options o = { .ca_file = in_folder("here.crt") };
    sem_init(&r.closed, 0, 0);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/kept", fault_server_port(between));
    check_code(plait_http_get(url, &o, &response), 0);
    plait_http_response_clear(&response);
    if (with_child) check_number(child_run(use_in_child, NULL, text, sizeof text), 0);
    plait_http_close_idle();
    while (sem_wait(&r.closed) != 0) {}
    sem_destroy(&r.closed);
    fault_server_stop(between);
    end(server);
    return r.said;
}

TEST_IN_EACH_KIND(test_child_says_no_farewell_for_its_parent)
{
    if (!have_openssl) skip();
    check_number(said_in_all(true), said_in_all(false));
}

/* What is no TLS at all. */

static void no_tls(fault_connection *c)
{
    fault_say(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    fault_wait_closed(c);
}

static void silent(fault_connection *c) { fault_wait_closed(c); }

static void close_at_once(fault_connection *c)
{
    char text[16];
    if (read(c->fd, text, sizeof text) > 0) shutdown(c->fd, SHUT_WR);
    fault_wait_closed(c);
}

static void reset_at_once(fault_connection *c)
{
    char text[16];
    if (read(c->fd, text, sizeof text) > 0) fault_reset(c);
}

TEST_IN_EACH_KIND(test_server_without_tls)
{
    static const struct {
        fault_script *script;
        const char *cause;
    } cases[] = {
        { no_tls, "the server does not speak TLS" },
        { close_at_once, "the server closed the connection during the handshake" },
        { reset_at_once, "connection reset by peer" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fault_server *s = fault_server_start(cases[i].script, NULL);
        plait_http_response r;
        char url[64], line[256];
        snprintf(url, sizeof url, "https://127.0.0.1:%d/", fault_server_port(s));
        check_code(plait_http_get(url, NULL, &r), PLAIT_ETLS);
        snprintf(line, sizeof line, "%s: tls: %s", url, cases[i].cause);
        check_string(plait_error()->message, line);
        fault_server_stop(s);
    }
    fault_server *s = fault_server_start(silent, NULL);
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", fault_server_port(s));
    fails_late(url, NULL, "tls");
    fault_server_stop(s);
}

int main(void)
{
    setenv("no_proxy", "*", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_certificate_of_another_host),
        cmocka_unit_test(test_redirect_from_https_to_http),
        cmocka_unit_test(test_child_says_no_farewell_for_its_parent),
        cmocka_unit_test(test_server_without_tls),
    };
    return cmocka_run_group_tests(tests, set_up, clean_up);
}
