/* test_client_proxy.c: which requests go through a proxy, and what is said of one that does not answer. */
#include "check.h"
#include "fault_server.h"
#include "runners.h"
#include "http/client_proxy.h"
#include <plait/http.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* Answers with the request's first line. */
static void echo(fault_connection *c)
{
    while (fault_read(c)) {
        int size = (int)strcspn(c->request, "\r");
        fault_say(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%.*s", size, size, c->request);
    }
}

static void without_proxies(void)
{
    static const char *const names[] = { "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
                                         "all_proxy",  "ALL_PROXY",  "no_proxy",    "NO_PROXY" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) unsetenv(names[i]);
}

/* A proxy that is not there: its port stays bound until *fd is closed. */
static void set_dead_proxy(const char *variable, const char *user, int *fd, char proxy[static 64])
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(*fd >= 0 && bind(*fd, (struct sockaddr *)&address, size) == 0);
    check(getsockname(*fd, (struct sockaddr *)&address, &size) == 0);
    snprintf(proxy, 64, "http://%s127.0.0.1:%d", user, ntohs(address.sin_port));
    check_number(setenv(variable, proxy, 1), 0);
}

static void gets(const char *host, int port, const char *body)
{
    char url[64];
    plait_http_response r;
    snprintf(url, sizeof url, "http://%s:%d/x", host, port);
    int err = plait_http_get(url, NULL, &r);
    if (err) plait_error_print(stderr, err);
    check_code(err, 0);
    check_string((char *)r.body.data, body);
    plait_http_response_clear(&r);
}

TEST_IN_EACH_KIND(this_machine_is_reached_without_a_proxy)
{
    static const char *const variables[] = { "http_proxy", "all_proxy", "ALL_PROXY" };
    static const char *const others[] = { "127.1.2.3", "[::1]", "[0:0:0:0:0:0:0:1]", "localhost." };
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        for (int listed = 0; listed < 2; listed++) {
            int bound, free_port;
            char proxy[64], url[64], unused[64];
            plait_http_response r;
            without_proxies();
            set_dead_proxy("X", "", &free_port, unused);
            set_dead_proxy(variables[i], "", &bound, proxy);
            if (listed) setenv("no_proxy", "example.invalid", 1); /* does not take it away */
            fault_server *s = fault_server_start(echo, NULL);
            gets("127.0.0.1", fault_server_port(s), "GET /x HTTP/1.1");
            gets("localhost", fault_server_port(s), "GET /x HTTP/1.1");
            for (size_t k = 0; k < sizeof others / sizeof *others; k++) { /* nobody listens there */
                snprintf(url, sizeof url, "http://%s%s/", others[k], strrchr(unused, ':'));
                check(plait_http_get(url, NULL, &r) < 0);
                check(!strstr(plait_error()->message, "proxy"));
            }
            plait_http_close_idle();
            fault_server_stop(s);
            close(bound);
            close(free_port);
        }
}

TEST_IN_EACH_KIND(others_go_through_the_proxy_unless_they_are_listed)
{
    int bound;
    char proxy[64];
    without_proxies();
    fault_server *s = fault_server_start(echo, NULL);
    int port = fault_server_port(s);
    setenv("http_proxy", fault_server_url(s, ""), 1);
    gets("plait.invalid", 81, "GET http://plait.invalid:81/x HTTP/1.1");
    setenv("http_proxy", strstr(fault_server_url(s, ""), "127"), 1); /* as many write it */
    gets("plait.invalid", 81, "GET http://plait.invalid:81/x HTTP/1.1");

    set_dead_proxy("http_proxy", "", &bound, proxy); /* 0.0.0.0 leads to this machine too, but is no address of it */
    setenv("no_proxy", "example.invalid, 0.0.0.0", 1);
    gets("0.0.0.0", port, "GET /x HTTP/1.1");
    setenv("no_proxy", "*", 1);
    gets("0.0.0.0", port, "GET /x HTTP/1.1");
    unsetenv("no_proxy");
    setenv("NO_PROXY", "0.0.0.0/8", 1);
    gets("0.0.0.0", port, "GET /x HTTP/1.1");
    without_proxies();
    setenv("HTTP_PROXY", proxy, 1);
    setenv("https_proxy", proxy, 1);
    gets("0.0.0.0", port, "GET /x HTTP/1.1");
    plait_http_close_idle();
    fault_server_stop(s);
    close(bound);
}

/* "URL: connect: to proxy PROXY: cause" */
static void fails(const char *url, const char *proxy, const char *cause)
{
    char line[512];
    plait_http_response r;
    check_code(plait_http_get(url, NULL, &r), PLAIT_ECONNECT);
    snprintf(line, sizeof line, "%s: connect: to proxy %s: %s", url, proxy, cause);
    check_string(plait_error()->message, line);
}

TEST_IN_EACH_KIND(a_proxy_that_does_not_answer_is_named)
{
    static const char *const secure[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };
    int bound;
    char proxy[64], shown[64];
    for (size_t i = 0; i < sizeof secure / sizeof *secure; i++) {
        without_proxies();
        set_dead_proxy(secure[i], "", &bound, proxy);
        fails("https://plait.invalid/", proxy, "connection refused");
        if (i >= 2) fails("http://plait.invalid/", proxy, "connection refused");
        close(bound);
    }
    without_proxies();
    set_dead_proxy("http_proxy", "me:secret@", &bound, proxy);
    snprintf(shown, sizeof shown, "http://me:***@127.0.0.1%s", strrchr(proxy, ':'));
    fails("http://plait.invalid/", shown, "connection refused");
    setenv("http_proxy", strstr(proxy, "://") + 3, 1);
    fails("http://plait.invalid/", shown, "connection refused");
    setenv("http_proxy", "strange://me:secret@127.0.0.1:1", 1);
    fails("http://plait.invalid/", "strange://me:***@127.0.0.1:1", "a proxy of this kind is not known");
    close(bound);
    without_proxies();
}

static void what_a_list_of_exceptions_says(void **unused)
{
    (void)unused;
    static const struct {
        const char *list, *host;
        bool excepts;
    } cases[] = {
        { "", "a.b", false },
        { ",, ,", "a.b", false },
        { "*", "a.b", true },
        { "x, *", "a.b", true },
        { "a.b", "a.b", true },
        { "A.b", "a.B", true },
        { ".a.b", "a.b", true },
        { "a.b", "c.a.b", true },
        { ".a.b", "c.a.b", true },
        { "a.b", "ca.b", false },
        { "c.a.b", "a.b", false },
        { "a.b", "a.b.", true },
        { "a.b.", "a.b", true },
        { "x a.b\ty", "a.b", true },
        { ".", "a.b", false },
        { "10.0.0.1", "10.0.0.1", true },
        { "10.0.0.1", "10.0.0.10", false },
        { "0.1", "10.0.0.1", false },
        { "10.0.0.0/8", "10.255.0.1", true },
        { "10.0.0.0/8", "11.0.0.1", false },
        { "10.0.0.0/9", "10.127.0.1", true },
        { "10.0.0.0/9", "10.128.0.1", false },
        { "10.0.0.0/0", "1.2.3.4", true },
        { "10.0.0.0/33", "10.0.0.0", false },
        { "10.0.0.0/", "10.0.0.0", false },
        { "10.0.0.0/8x", "10.0.0.0", false },
        { "::/0", "10.0.0.0", false },
        { "fe80::1", "[fe80::1%25eth0]", true },
        { "[fe80::1]", "[fe80::1]", true },
        { "fe80:0:0::1", "[fe80::1]", true },
        { "fe80::/10", "[febf::1]", true },
        { "fe80::/10", "[fec0::1]", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (plait_http_proxy_excepts(cases[i].list, cases[i].host) != cases[i].excepts)
            fail_msg("'%s', '%s'", cases[i].list, cases[i].host);
    char name[1000];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = 0;
    check(!plait_http_proxy_excepts(name, name) && plait_http_proxy_excepts("*", name));
    check(!plait_http_proxy_excepts(name, "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_list_of_exceptions_says),
        cmocka_unit_test(this_machine_is_reached_without_a_proxy),
        cmocka_unit_test(others_go_through_the_proxy_unless_they_are_listed),
        cmocka_unit_test(a_proxy_that_does_not_answer_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
