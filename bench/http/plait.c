/* plait: a server on one loop, a coroutine for each connection.
   subject: plait
   plait: http */
#include "http/http.h"
#include <plait.h>
#include <plait/http.h>
#include <string.h>

static char json[HTTP_BODY];

static int answer(const plait_http_server_request *request, plait_http_server_response *response, void *unused)
{
    (void)request, (void)unused;
    response->content_type = "application/json";
    return plait_bytes_copy(&response->body, json, sizeof json);
}

int main(void)
{
    http_json(json);
#ifdef ON_THREADS
    plait_http_server_options options = { .threads = HTTP_CLIENTS };
#else
    plait_http_server_options options = { .loops = 1 };
#endif
    plait_http_server *s = plait_http_serve("127.0.0.1:0", answer, NULL, &options);
    bench_must(!s, "plait_http_serve");
    http_measure(atoi(strrchr(plait_http_server_url(s), ':') + 1));
    plait_http_server_free(s);
    bench_report_version(plait_version());
    return 0;
}
