/* The least that a worker of this program's own file costs: vfork and exec, and an answer through a pipe, as soon as its main
   has begun. One worker: the second one begins beside the first.
   subject: limit vfork and exec */
#include "process-start/start.h"
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t server;

static int start(int value)
{
    int both[2];
    char text[16], number[16];
    bench_must(pipe2(both, O_CLOEXEC), "pipe2");
    snprintf(text, sizeof text, "%d", value);
    snprintf(number, sizeof number, "%d", both[1]);
    server = vfork();
    bench_must(server < 0, "vfork");
    if (!server) {
        fcntl(both[1], F_SETFD, 0);
        execl("/proc/self/exe", "worker", number, text, (char *)NULL);
        _exit(127);
    }
    close(both[1]);
    int result = 0;
    bench_must(read(both[0], &result, sizeof result) != sizeof result, "read");
    close(both[0]);
    return result;
}

static void end(void) { waitpid(server, NULL, 0); }

int main(int argc, char **argv)
{
    if (argc == 3) {
        int result = atoi(argv[2]) + 1;
        return write(atoi(argv[1]), &result, sizeof result) != sizeof result;
    }
    start_measure(start, end);
    bench_report_version(BENCH_COMPILER);
    return 0;
}
