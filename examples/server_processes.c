/* server_processes.c (Y7): a server on two processes, each with two loops of coroutines: so it uses all CPUs, holds many
   connections with few threads, and a request that crashes takes one process with it, which is replaced, and no other.

   Each process is this program, started afresh, with a copy of the handler's context. What they are to have in common lies
   in shared memory, and a pointer to that may be in the context.

       cc server_processes.c $(pkg-config --cflags --libs plait-http) -o server_processes
*/
#include <plait.h>
#include <plait/http.h>
#include <signal.h>
#include <string.h>

struct visits {
    int64_t *of_all; /* in shared memory */
};

static int answer(const plait_http_server_request *request, plait_http_server_response *response, void *context)
{
    struct visits *visits = context;
    if (strcmp(request->path, "/crash") == 0) raise(SIGKILL);
    plait_shared_add(visits->of_all, 1);
    return plait_bytes_format(&response->body, "%s", plait_process_name(NULL));
}

/* One request. 0, and a word if nobody has answered. */
static int visit(plait_http_server *server, const char *path)
{
    char url[200];
    plait_http_response response;
    snprintf(url, sizeof url, "%s%s", plait_http_server_url(server), path);
    int err = plait_http_get(url, &(plait_http_options){ .deadline = plait_after(30 * PLAIT_SECOND) }, &response);
    if (err == PLAIT_EPROTOCOL) printf("%s was not answered\n", path);
    if (err) return err == PLAIT_EPROTOCOL ? 0 : err;
    bool by_one_of_them = strncmp(response.body.data, "http-", 5) == 0;
    plait_http_response_clear(&response);
    return by_one_of_them ? 0 : plait_fail(PLAIT_EUSER, "%s: who was that?", url);
}

static int visit_often(plait_http_server *server)
{
    int err = 0;
    for (int i = 0; i < 20 && !err; i++) err = visit(server, "/");
    return err;
}

static int serve(plait_shared_memory *memory)
{
    struct visits visits = { .of_all = plait_shared_alloc(memory, sizeof *visits.of_all) };
    if (!visits.of_all) return plait_error_code();
    plait_http_server_options options = { .processes = 2, .loops = 2, .context_size = sizeof visits };
    plait_http_server *server = plait_http_serve("127.0.0.1:0", answer, &visits, &options);
    if (!server) return plait_error_code();
    int err = visit_often(server);
    printf("%d visits, counted by both processes\n", (int)*visits.of_all);
    plait_http_close_idle(); /* a request over a connection that was in use before is tried again, on another */
    if (!err) err = visit(server, "/crash");
    if (!err) err = visit_often(server);
    printf("%d visits\n", (int)*visits.of_all);
    if (plait_http_server_stop(server, plait_after(5 * PLAIT_SECOND)) != 0) puts("some were cut off");
    plait_http_server_free(server);
    return err;
}

int main(void)
{
    plait_init(); /* the processes stay here */
    plait_shared_memory *memory = plait_shared_memory_new(NULL);
    int err = memory ? serve(memory) : plait_error_code();
    plait_error_print(stderr, err);
    plait_http_close_idle();
    plait_shared_memory_free(memory);
    return plait_exit_status(err);
}
