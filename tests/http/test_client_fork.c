/* test_client_fork.c: a forked child has connections of its own, and the parent's are not disturbed by it. */
#include "check.h"
#include "child.h"
#include "client_descriptors.h"
#include "fault_server.h"
#include "on_valgrind.h"
#include <plait/http.h>
#include <plait/scope.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

/* Answers with the number of its connection; "/slow" only once the test says so. */
static sem_t go;
static void number(fault_connection *c)
{
    while (fault_read(c)) {
        if (strstr(c->request, "GET /slow ")) sem_wait(&go);
        if (!fault_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%u", c->number)) return;
    }
}

static void answers(const char *url, const char *expected)
{
    plait_http_response r;
    check_code(plait_http_get(url, NULL, &r), 0);
    check_string((char *)r.body.data, expected);
    plait_http_response_clear(&r);
}

static fault_server *server;
static const char *url(void) { return fault_server_url(server, "/"); }

/* Descriptors of this process that are the client's: connections to the server, and epoll descriptors. */
static int client_descriptors(void)
{
    int count = connections_to(fault_server_port(server));
    for (int fd = 0; fd < DESCRIPTORS_LOOKED_AT; fd++) {
        char path[64], is[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(path, is, sizeof is - 1);
        is[length > 0 ? length : 0] = 0;
        count += strstr(is, "[eventpoll]") != NULL;
    }
    return count;
}

static void in_child(int (*function)(void *), void *argument)
{
    char text[4096];
    int status = child_run(function, argument, text, sizeof text);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fprintf(stderr, "%s", text);
    check_number(status, 0);
}

static int request_in_child(void *expected)
{
    answers(url(), expected);
    answers(url(), expected);
    plait_http_close_idle();
    return 0;
}

static void test_child_has_connections_of_its_own(void **unused)
{
    (void)unused;
    server = fault_server_start(number, NULL);
    answers(url(), "0");
    in_child(request_in_child, (void *)"1");
    answers(url(), "0"); /* still the same connection */
    in_child(request_in_child, (void *)"2");
    answers(url(), "0");
    plait_http_close_idle();
    fault_server_stop(server);
}

/* Nothing of the parent's client stays open in a child that asks for it. */
static int close_in_child(void *unused)
{
    (void)unused;
    check_number(client_descriptors(), 2);
    plait_http_close_idle();
    check_number(client_descriptors(), 0);
    return 0;
}

static int fork_again(void *unused)
{
    (void)unused;
    in_child(request_in_child, (void *)"1"); /* the child itself has not used its client */
    answers(url(), "2");
    in_child(request_in_child, (void *)"3"); /* now it has */
    answers(url(), "2");
    return 0;
}

static void test_child_of_a_child(void **unused)
{
    (void)unused;
    server = fault_server_start(number, NULL);
    answers(url(), "0");
    in_child(fork_again, NULL);
    answers(url(), "0");
    plait_http_close_idle();
    fault_server_stop(server);
}

static void test_child_closes_what_is_not_its_own(void **unused)
{
    (void)unused;
    server = fault_server_start(number, NULL);
    answers(url(), "0");
    answers(url(), "0");
    check_number(client_descriptors(), 2);
    in_child(close_in_child, NULL);
    answers(url(), "0");
    plait_http_close_idle();
    check_number(client_descriptors(), 0);
    fault_server_stop(server);
}

static void *slow(void *unused)
{
    (void)unused;
    answers(fault_server_url(server, "/slow"), "0");
    return NULL;
}

static void test_fork_during_a_request(void **unused)
{
    (void)unused;
    pthread_t thread;
    sem_init(&go, 0, 0);
    server = fault_server_start(number, NULL);
    check_number(pthread_create(&thread, NULL, slow, NULL), 0);
    fault_server_wait_requests(server, 1);
    in_child(request_in_child, (void *)"1");
    sem_post(&go);
    check_number(pthread_join(thread, NULL), 0);
    answers(url(), "0");
    plait_http_close_idle();
    fault_server_stop(server);
    sem_destroy(&go);
}

/* A child that lives on holds a copy of a connection's descriptor. Once the parent has closed its own, nothing of it
   may be left in the parent's epoll set, where it would be ready for ever. */

static int epoll_entries(void)
{
    int entries = 0;
    for (int fd = 0; fd < 1024; fd++) {
        char path[64], line[256], is[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(path, is, sizeof is - 1);
        is[length > 0 ? length : 0] = 0;
        if (!strstr(is, "[eventpoll]")) continue;
        snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
        FILE *file = fopen(path, "r");
        if (!file) continue; /* another thread has closed it meanwhile */
        while (fgets(line, sizeof line, file)) entries += strncmp(line, "tfd:", 4) == 0;
        fclose(file);
    }
    return entries;
}

static plait_scope *_Atomic cancelled;
static void *run_cancelled(void *to)
{
    plait_http_response r;
    PLAIT_CANCEL_SCOPE(scope);
    atomic_store(&cancelled, &scope);
    check_code(plait_http_get(to, NULL, &r), PLAIT_ECANCELED);
    return NULL;
}

static void cancel_with_a_child_alive(char *to)
{
    int ends[2], status;
    pthread_t thread;
    check_number(pipe(ends), 0);
    check_number(pthread_create(&thread, NULL, run_cancelled, to), 0);
    while (epoll_entries() == 0) sched_yield();
    pid_t child = fork();
    check(child >= 0);
    if (child == 0) {
        char nothing;
        no_leaks_are_looked_for();
        close(ends[1]);
        _exit(read(ends[0], &nothing, 1) == 0 ? 0 : 1);
    }
    plait_scope_cancel(atomic_load(&cancelled));
    check_number(pthread_join(thread, NULL), 0);
    check_number(epoll_entries(), 0);
    close(ends[0]);
    close(ends[1]);
    check(waitpid(child, &status, 0) == child && status == 0);
}

static void test_child_that_holds_a_connection(void **unused)
{
    (void)unused;
    char to[64];
    sem_init(&go, 0, 0);
    server = fault_server_start(number, NULL);
    snprintf(to, sizeof to, "%s", fault_server_url(server, "/slow"));
    cancel_with_a_child_alive(to);
    sem_post(&go);
    fault_server_stop(server);
    sem_destroy(&go);

    /* The same while it is still connecting: to a listener whose queue is full. */
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), fill[4];
    check(listener >= 0 && bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 0) == 0);
    check(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    for (int i = 0; i < 4; i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        check(fill[i] >= 0);
        if (connect(fill[i], (struct sockaddr *)&address, size) != 0) check_number(errno, EINPROGRESS);
    }
    snprintf(to, sizeof to, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    cancel_with_a_child_alive(to);
    for (int i = 0; i < 4; i++) close(fill[i]);
    close(listener);
    plait_http_close_idle();
}

int main(void)
{
    setenv("no_proxy", "*", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_child_has_connections_of_its_own), cmocka_unit_test(test_child_of_a_child),
        cmocka_unit_test(test_child_closes_what_is_not_its_own), cmocka_unit_test(test_fork_during_a_request),
        cmocka_unit_test(test_child_that_holds_a_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
