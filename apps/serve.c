/* serve.c: `plait serve`: answers until a signal ends it. What must hold: SIGTERM ends it with status 0, SIGINT ends it by
   SIGINT; either lets the requests under way be answered within a limit, and a second signal does not wait for them. */
#include "apps/command.h"
#include "apps/duration.h"
#include "apps/interrupt.h"
#include "apps/options.h"
#include "apps/rates_2019_04_09.h"
#include "apps/rates_server.h"
#include <plait.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define STOP_LIMIT (5 * PLAIT_SECOND)

static const struct usage usage = {
    .command = "plait serve",
    .examples = "  plait serve                          on a free port, which is printed\n"
                "  plait serve --port 8080 --latency 0  as fast as it can\n"
                "  curl 'http://127.0.0.1:8080/latest?base=USD&symbols=EUR,PLN'\n"
                "  curl 'http://127.0.0.1:8080/v1/latest?from=usd&to=eur&amount=10'\n",
    .about = "Serves the euro foreign exchange reference rates of " RATES_2019_04_09_DATE
             " (33 currencies; source: European\n"
             "Central Bank), and prints its address. It speaks as three APIs do:\n"
             "  /latest?base=USD&symbols=A,B      as exchangeratesapi\n"
             "  /rates?base=USD&symbols=A,B       as vatcomply\n"
             "  /v1/latest?base=USD&symbols=A,B   as Frankfurter; also /v1/currencies\n"
             "  /healthz                          says ok\n",
    .after =
        "Ctrl-C or SIGTERM stops it: requests under way are answered within 5 seconds. A second one stops at once.\n",
};

/* Blocks the signals that end the server in all threads to come, and makes them readable. Those that whoever started us
   has made ignored stay so. */
static int watch_signals(sigset_t *watched)
{
    static const int endings[] = { SIGINT, SIGTERM };
    sigemptyset(watched);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        struct sigaction action;
        if (sigaction(endings[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN) sigaddset(watched, endings[i]);
    }
    pthread_sigmask(SIG_BLOCK, watched, NULL);
    return signalfd(-1, watched, SFD_CLOEXEC);
}

/* Waits for one of the signals; returns it, or 0 when that is not possible. */
static int next_signal(int signals)
{
    struct signalfd_siginfo info = { 0 };
    if (plait_read(signals, &info, sizeof info, PLAIT_FOREVER) != (ssize_t)sizeof info) return 0;
    return (int)info.ssi_signo;
}

int command_serve(int count, char **arguments)
{
    int port = 0;
    struct rates_server_way way = { 0 };
    int64_t latency = 50 * PLAIT_MILLISECOND;
    const char *address = "127.0.0.1";
    bool quiet = false;
    const struct option options[] = {
        { 'p', "port", "N", "the port to listen on (default 0: a free one)", options_read_port, OPTIONS_PORT_EXPECTS,
          NULL, &port },
        { 'l', "latency", "TIME", "how long each answer takes (default 50ms)", duration_read, DURATION_EXPECTS, NULL,
          &latency },
        { 'a', "address", "HOST", "the address to listen on (default 127.0.0.1)", options_read_text, "an address", NULL,
          &address },
        { 0, "processes", "N", "that serve, each on so many loops or threads (default: one, this process)",
          options_read_count, OPTIONS_COUNT_EXPECTS, NULL, &way.processes },
        { 0, "loops", "N",
          "threads that each run a loop of coroutines, one for each connection\n(default: as many as CPUs, in all "
          "processes together)",
          options_read_count, OPTIONS_COUNT_EXPECTS, NULL, &way.loops },
        { 0, "threads", "N", "instead of loops: the most threads, one for each connection", options_read_count,
          OPTIONS_COUNT_EXPECTS, NULL, &way.threads },
        { 'q', "quiet", NULL, "nothing on stderr but errors", NULL, NULL, NULL, &quiet },
    };
    int status = options_read(&usage, options, sizeof options / sizeof *options, count, arguments);
    if (status != OPTIONS_READ) return status;
    if (way.loops && way.threads) return options_wrong(&usage, "--loops and --threads cannot be combined");

    command_raise_descriptors();
    sigset_t watched;
    int signals = watch_signals(&watched);
    if (signals < 0) {
        fprintf(stderr, "plait serve: signals cannot be watched: %s\n", strerror(errno));
        return COMMAND_SOME_FAILED;
    }
    plait_http_server *server = rates_server_start(address, port, latency, way);
    if (!server) {
        fprintf(stderr, "plait serve: %s\n", command_error_words());
        return COMMAND_SOME_FAILED;
    }
    puts(plait_http_server_url(server));
    status = command_finish(usage.command, COMMAND_DONE);
    if (!quiet)
        fprintf(stderr, "plait serve: rates of %s, source: European Central Bank; Ctrl-C stops\n",
                RATES_2019_04_09_DATE);

    int ending = status == COMMAND_DONE ? next_signal(signals) : 0;
    pthread_sigmask(SIG_UNBLOCK, &watched, NULL);
    if (plait_http_server_stop(server, plait_after(STOP_LIMIT)) != 0 && !quiet)
        fputs("plait serve: some requests were cut off\n", stderr);
    plait_http_server_free(server);
    close(signals);
    if (ending == SIGINT) interrupt_die();
    return status;
}
