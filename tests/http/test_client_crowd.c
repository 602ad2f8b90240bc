/* test_client_crowd.c: a thousand requests at once, by one thread, over and over: all are there before any is answered.
   The server is one thread that polls. */
#include "check.h"
#include "coroutine.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <plait/http.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 1000, WAVES = 2 };

static unsigned crowd; /* as many as the limit of descriptors allows, of which the server needs half */
static int listener, port;
static unsigned accepts;

static void allow_many_descriptors(void)
{
    const rlim_t enough = 4 * (rlim_t)MOST;
    struct rlimit files;
    check_number(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max < enough ? files.rlim_max : enough;
    check_number(setrlimit(RLIMIT_NOFILE, &files), 0);
    crowd = files.rlim_cur < enough ? (unsigned)files.rlim_cur / 4 : MOST;
}

static bool read_request(int fd)
{
    char text[4096];
    size_t size = 0;
    while (size < 4 || memcmp(text + size - 4, "\r\n\r\n", 4) != 0) {
        ssize_t got = recv(fd, text + size, sizeof text - size, 0);
        if (got <= 0) return false;
        size += (size_t)got;
    }
    return true;
}

/* Until all connections have been closed. */
static void *serve(void *unused)
{
    (void)unused;
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    static struct pollfd at[1 + MOST];
    static bool has_asked[1 + MOST];
    unsigned open = 1, asked = 0;
    at[0] = (struct pollfd){ .fd = listener, .events = POLLIN };
    do {
        check(poll(at, open, -1) > 0);
        for (unsigned i = open - 1; i > 0; i--) {
            if (!at[i].revents) continue;
            if (read_request(at[i].fd)) {
                check(!has_asked[i]);
                has_asked[i] = true;
                asked++;
                continue;
            }
            check(asked == 0);
            close(at[i].fd);
            at[i] = at[--open];
        }
        if (at[0].revents && open <= MOST) {
            at[open] = (struct pollfd){ .fd = accept(listener, NULL, NULL), .events = POLLIN };
            check(at[open++].fd >= 0);
            accepts++;
        }
        if (asked < crowd) continue;
        for (unsigned i = 1; i < open; i++) {
            check(has_asked[i] && send(at[i].fd, answer, sizeof answer - 1, MSG_NOSIGNAL) == sizeof answer - 1);
            has_asked[i] = false;
        }
        asked = 0;
    } while (open > 1);
    return NULL;
}

static unsigned ended;
static void get_hello(void *unused)
{
    (void)unused;
    char url[64];
    plait_http_response r;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", port);
    check_code(plait_http_get(url, NULL, &r), 0);
    check_string((char *)r.body.data, "hello");
    plait_http_response_clear(&r);
    ended++;
}

static void waves(void *unused)
{
    (void)unused;
    for (unsigned wave = 1; wave <= WAVES; wave++) {
        for (unsigned i = 0; i < crowd; i++) coroutine_start(get_hello, NULL);
        while (ended < wave * crowd) coroutine_yield();
    }
}

static void test_a_thousand_at_once(void **unused)
{
    (void)unused;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    pthread_t server;
    allow_many_descriptors();
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(listener >= 0 && bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, MOST) == 0);
    check(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    port = ntohs(address.sin_port);
    check_number(pthread_create(&server, NULL, serve, NULL), 0);
    coroutines_run(waves, NULL);
    check_number(pthread_join(server, NULL), 0); /* they were closed with the loop */
    check_number(accepts, crowd);                /* and served each wave before */
    close(listener);
}

int main(void)
{
    setenv("no_proxy", "*", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_thousand_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
