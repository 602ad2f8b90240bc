/* http.h: a server on one thread answers 64 clients that keep their connections: each asks for "/", gets 1 KiB of JSON, and
   asks again. Measured is, over 100,000 requests after 10,000, the CPU that the server spends on one, user and system: the
   best of them could answer more than any client on the other CPU can ask for.

   The clients are one thread of the same process, over epoll; its CPU is taken off. A program starts its server and calls
   http_measure(port). That each answer is a 200 of 1024 bytes is checked. */
#ifndef BENCH_HTTP_H
#define BENCH_HTTP_H
#include "bench.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HTTP_CLIENTS = 64, HTTP_BODY = 1024, HTTP_WARM = 10000, HTTP_REQUESTS = 100000 };

/* {"data":"xxx…"} */
static inline void http_json(char body[HTTP_BODY])
{
    memset(body, 'x', HTTP_BODY);
    memcpy(body, "{\"data\":\"", 9);
    memcpy(body + HTTP_BODY - 2, "\"}", 2);
}

struct http_client_ {
    int fd;
    size_t used, whole; /* of the answer: bytes that are there; its size, 0: unknown yet */
    char head[1024];
};

static inline void http_ask_(struct http_client_ *c)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    c->used = c->whole = 0;
    bench_check(send(c->fd, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
}

static inline void http_connect_(struct http_client_ *c, int port, int epoll)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    static const int yes = 1;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench_must(connect(c->fd, (struct sockaddr *)&a, sizeof a), "connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct epoll_event e = { .events = EPOLLIN, .data = { .ptr = c } };
    bench_must(epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &e), "epoll_ctl");
}

/* Whether the answer is whole. */
static inline int http_read_(struct http_client_ *c)
{
    char more[4096];
    ssize_t got = recv(c->fd, more, sizeof more, MSG_DONTWAIT);
    bench_check(got > 0, 1);
    size_t room = sizeof c->head - 1 > c->used ? sizeof c->head - 1 - c->used : 0;
    memcpy(c->head + c->used, more, (size_t)got < room ? (size_t)got : room);
    c->used += (size_t)got;
    c->head[c->used < sizeof c->head - 1 ? c->used : sizeof c->head - 1] = 0;
    char *end = c->whole ? NULL : strstr(c->head, "\r\n\r\n");
    if (end) {
        const char *length = strcasestr(c->head, "\r\nContent-Length:");
        bench_check(strncmp(c->head, "HTTP/1.1 200 ", 13), 0);
        bench_check(length ? atoi(length + 17) : -1, HTTP_BODY);
        c->whole = (size_t)(end + 4 - c->head) + HTTP_BODY;
    }
    return c->whole && c->used == c->whole;
}

static inline uint64_t http_cpu_(int who) /* nanoseconds */
{
    struct rusage used;
    getrusage(who, &used);
    return ((uint64_t)used.ru_utime.tv_sec + (uint64_t)used.ru_stime.tv_sec) * 1000000000u +
           ((uint64_t)used.ru_utime.tv_usec + (uint64_t)used.ru_stime.tv_usec) * 1000u;
}
static inline uint64_t http_server_cpu_(void) { return http_cpu_(RUSAGE_SELF) - http_cpu_(RUSAGE_THREAD); }

static inline void *http_visit_(void *port)
{
    static struct http_client_ clients[HTTP_CLIENTS];
    int epoll = epoll_create1(EPOLL_CLOEXEC), begun = 0, answered = 0;
    uint64_t cpu = 0;
    for (; begun < HTTP_CLIENTS; begun++) {
        http_connect_(&clients[begun], *(int *)port, epoll);
        http_ask_(&clients[begun]);
    }
    while (answered < HTTP_WARM + HTTP_REQUESTS) {
        struct epoll_event ready[HTTP_CLIENTS];
        int count = epoll_wait(epoll, ready, HTTP_CLIENTS, -1);
        for (int i = 0; i < count; i++) {
            struct http_client_ *c = (struct http_client_ *)ready[i].data.ptr;
            if (!http_read_(c)) continue;
            if (++answered == HTTP_WARM) cpu = http_server_cpu_();
            if (begun < HTTP_WARM + HTTP_REQUESTS) http_ask_(c), begun++;
        }
    }
    cpu = http_server_cpu_() - cpu;
    for (int i = 0; i < HTTP_CLIENTS; i++) close(clients[i].fd);
    close(epoll);
    bench_report("us_of_cpu", (double)cpu / 1e3 / HTTP_REQUESTS);
    return NULL;
}

static inline void http_measure(int port)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    bench_join(bench_start(http_visit_, &port));
}

#endif
