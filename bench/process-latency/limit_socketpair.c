/* What a trip to another process costs where it is a message in a socket, and one back.
   subject: limit socket pair */
#include "process-latency/trips.h"
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int sockets[2];

static int trip(int value)
{
    bench_must(write(sockets[0], &value, sizeof value) != sizeof value, "write");
    bench_must(read(sockets[0], &value, sizeof value) != sizeof value, "read");
    return value;
}

static void serve(void)
{
    int value;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (read(sockets[1], &value, sizeof value) == sizeof value) {
        value++;
        if (write(sockets[1], &value, sizeof value) != sizeof value) break;
    }
    _exit(0);
}

int main(int argc, char **argv)
{
    bench_must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets), "socketpair");
    pid_t server = fork();
    bench_must(server < 0, "fork");
    if (!server) serve();
    trips_measure(argc, argv, trip);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    bench_report_version(BENCH_COMPILER);
    return 0;
}
