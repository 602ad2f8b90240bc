/* The limit: finds the empty line and sends what it has ready.
   subject: limit: epoll, no HTTP */
#include "http/http.h"
#include <errno.h>

static void take_clients(int listener, int epoll)
{
    static const int yes = 1;
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        struct epoll_event e = { .events = EPOLLIN | EPOLLET, .data = { .fd = fd } };
        bench_must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e), "epoll_ctl");
    }
}

static void *serve(void *listening)
{
    static char answer[HTTP_BODY + 256], request[4096];
    int listener = *(int *)listening, epoll = epoll_create1(EPOLL_CLOEXEC);
    int head = sprintf(answer,
                       "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 22:00:00 GMT\r\nContent-Type: application/json\r\n"
                       "Content-Length: %d\r\n\r\n",
                       HTTP_BODY);
    http_json(answer + head);
    struct epoll_event e = { .events = EPOLLIN, .data = { .fd = listener } }, ready[HTTP_CLIENTS];
    bench_must(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e), "epoll_ctl");
    for (;;) {
        int count = epoll_wait(epoll, ready, HTTP_CLIENTS, -1);
        for (int i = 0; i < count; i++) {
            int fd = ready[i].data.fd;
            if (fd == listener) {
                take_clients(listener, epoll);
                continue;
            }
            ssize_t got = recv(fd, request, sizeof request, 0);
            if (got <= 0) close(fd);
            else if (memmem(request, (size_t)got, "\r\n\r\n", 4))
                bench_check(send(fd, answer, (size_t)head + HTTP_BODY, MSG_NOSIGNAL), head + HTTP_BODY);
        }
    }
    return NULL;
}

int main(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET };
    socklen_t size = sizeof a;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bench_must(bind(listener, (struct sockaddr *)&a, sizeof a) || listen(listener, SOMAXCONN), "listen");
    bench_must(getsockname(listener, (struct sockaddr *)&a, &size), "getsockname");
    bench_start(serve, &listener);
    http_measure(ntohs(a.sin_port));
    bench_report_version(BENCH_COMPILER);
    return 0;
}
