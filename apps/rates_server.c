/* rates_server.c: the handler between the HTTP server and the answers. */
#include "apps/rates_server.h"
#include "apps/rates_api.h"
#include <plait/time.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { CONNECTIONS = 8192 };

static int64_t latency_of_all;

static const char *find_header(const plait_http_server_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0) return request->headers[i].value;
    return NULL;
}

static int answer_request(const plait_http_server_request *request, plait_http_server_response *response, void *context)
{
    const int64_t *latency = context;
    struct rates_question question = { request->method, request->path, request->query,
                                       find_header(request, "If-None-Match") };
    /* A sleep that is cut short means that the server stops: then the answer goes out at once. */
    if (rates_path_is_api(request->path)) (void)plait_sleep(*latency);
    struct rates_answer answer;
    int error = rates_answer(&question, &answer);
    if (error) return error;
    response->status = answer.status;
    response->content_type = answer.content_type;
    response->body = answer.body;
    for (size_t i = 0; i < answer.header_count && !error; i++)
        error = plait_http_server_response_add(response, answer.headers[i].name, answer.headers[i].value);
    return error;
}

/* As many as there are CPUs, by all of the processes together. */
static int loops_of_each(int processes)
{
    cpu_set_t cpus;
    int count = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
    return count > processes ? count / processes : 1;
}

plait_http_server *rates_server_start(const char *host, int port, int64_t latency, struct rates_server_way way)
{
    char address[300];
    bool is_ipv6 = strchr(host, ':') != NULL;
    int length = snprintf(address, sizeof address, is_ipv6 ? "[%s]:%d" : "%s:%d", host, port);
    if (length >= (int)sizeof address) {
        (void)plait_fail(PLAIT_EADDRESS, "%.40s...: not an address", host);
        return NULL;
    }
    latency_of_all = latency;
    plait_http_server_options options = { .processes = way.processes,
                                          .loops = way.loops,
                                          .threads = way.threads,
                                          .connections = CONNECTIONS,
                                          .context_size = sizeof latency_of_all };
    if (!way.loops && !way.threads)
        options.loops = way.processes ? loops_of_each(way.processes) : PLAIT_HTTP_LOOP_PER_CPU;
    return plait_http_serve(address, answer_request, &latency_of_all, &options);
}
