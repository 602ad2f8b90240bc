/* test_client_resolve.c: names that take their time. The look-up is a stand-in for getaddrinfo, which libcurl's threads
   call: "stuck.invalid" is not answered until the test says so, "here.invalid" is this machine, and "twice.invalid" has two
   addresses, at the first of which nobody listens. */
#include "client_late.h"
#include "fault_server.h"
#include "runners.h"
#include <dlfcn.h>
#include <netdb.h>
#include <plait/http.h>
#include <plait/scope.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned inside, left;
static bool open_gate;

static void pass_gate(void)
{
    pthread_mutex_lock(&lock);
    inside++;
    pthread_cond_broadcast(&changed);
    while (!open_gate) pthread_cond_wait(&changed, &lock);
    left++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void set_gate(bool open)
{
    pthread_mutex_lock(&lock);
    open_gate = open;
    if (!open) inside = left = 0;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/* Opens the gate and waits until all have gone through. */
static void let_all_out(void)
{
    set_gate(true);
    pthread_mutex_lock(&lock);
    while (left < inside) pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static void wait_until(const unsigned *count, unsigned wanted)
{
    pthread_mutex_lock(&lock);
    while (*count < wanted) pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

PLAIT_API int getaddrinfo(const char *restrict node, const char *restrict service,
                          const struct addrinfo *restrict hints, struct addrinfo **restrict result)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (node && strcmp(node, "stuck.invalid") == 0) pass_gate();
    if (node && strcmp(node, "here.invalid") == 0) return real("127.0.0.1", service, hints, result);
    if (node && strcmp(node, "twice.invalid") == 0) {
        struct addrinfo *second;
        int err = real("127.0.0.1", service, hints, &second);
        if (!err) err = real("127.0.0.2", service, hints, result);
        if (err) return err;
        struct addrinfo *last = *result;
        while (last->ai_next) last = last->ai_next;
        last->ai_next = second;
        return 0;
    }
    if (node && strstr(node, ".invalid")) return EAI_NONAME;
    return real(node, service, hints, result);
}

static void hello(fault_connection *c)
{
    while (fault_read(c) && fault_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")) {}
}

TEST_IN_EACH_KIND(test_name_that_is_known)
{
    fault_server *s = fault_server_start(hello, NULL);
    char url[64];
    plait_http_response r;
    snprintf(url, sizeof url, "http://here.invalid:%d/", fault_server_port(s));
    for (int i = 0; i < 3; i++) {
        check_code(plait_http_get(url, NULL, &r), 0);
        check_string((char *)r.body.data, "hello");
        plait_http_response_clear(&r);
    }
    check_number(fault_server_accepts(s), 1);
    plait_http_close_idle();
    fault_server_stop(s);
}

/* The socket of the first try is closed and the one of the second gets its number, unseen by libcurl's own book-keeping. */
TEST_IN_EACH_KIND(test_name_with_two_addresses)
{
    fault_server *s = fault_server_start(hello, NULL);
    char url[64];
    plait_http_response r;
    snprintf(url, sizeof url, "http://twice.invalid:%d/", fault_server_port(s));
    for (int i = 0; i < 3; i++) {
        check_code(plait_http_get(url, NULL, &r), 0);
        check_string((char *)r.body.data, "hello");
        plait_http_response_clear(&r);
        if (i == 1) plait_http_close_idle();
    }
    check_number(fault_server_accepts(s), 2);
    plait_http_close_idle();
    fault_server_stop(s);
}

TEST_IN_EACH_KIND(test_name_that_is_not_known)
{
    plait_http_response r;
    check_code(plait_http_get("http://nonexistent.invalid/", NULL, &r), PLAIT_ERESOLVE);
    check_string(plait_error()->message,
                 "http://nonexistent.invalid/: resolve: no such host, or no name server that answers");
}

/* The look-up is still stuck when the request has ended: it was left to its thread. */
TEST_IN_EACH_KIND(test_deadline_while_resolving)
{
    set_gate(false);
    fails_late("http://stuck.invalid/", NULL, "resolve");
    wait_until(&inside, 1);
    check_number(left, 0);
    test_name_that_is_known_body(); /* by the same session, or hub */
    let_all_out();
}

static plait_scope *_Atomic cancelled;
static void *run_cancelled(void *unused)
{
    (void)unused;
    plait_http_response r;
    PLAIT_CANCEL_SCOPE(scope);
    cancelled = &scope;
    check_code(plait_http_get("http://stuck.invalid/", NULL, &r), PLAIT_ECANCELED);
    check_string(plait_error()->message, "http://stuck.invalid/: resolve: cancelled");
    return NULL;
}

TEST_IN_EACH_KIND(test_cancel_while_resolving)
{
    pthread_t thread;
    set_gate(false);
    check_number(pthread_create(&thread, NULL, run_cancelled, NULL), 0);
    wait_until(&inside, 1);
    while (!cancelled) sched_yield(); /* a look-up that an earlier request has left behind may be the one inside */
    plait_scope_cancel(cancelled);
    check_number(pthread_join(thread, NULL), 0);
    check_number(left, 0);
    plait_http_close_idle(); /* does not wait for the look-up either */
    check_number(left, 0);
    let_all_out();
}

int main(void)
{
    setenv("no_proxy", "*", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_that_is_known),     cmocka_unit_test(test_name_with_two_addresses),
        cmocka_unit_test(test_name_that_is_not_known), cmocka_unit_test(test_deadline_while_resolving),
        cmocka_unit_test(test_cancel_while_resolving),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
