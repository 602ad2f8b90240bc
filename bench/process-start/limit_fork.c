/* What a worker costs that is a copy of this process, which a program with threads had better not make: fork, and an answer
   through a pipe.
   subject: limit fork */
#include "process-start/start.h"
#include <sys/wait.h>
#include <unistd.h>

static pid_t server;

static int start(int value)
{
    int both[2], result = value + 1;
    bench_must(pipe(both), "pipe");
    server = fork();
    bench_must(server < 0, "fork");
    if (!server) _exit(write(both[1], &result, sizeof result) != sizeof result);
    close(both[1]);
    result = 0;
    bench_must(read(both[0], &result, sizeof result) != sizeof result, "read");
    close(both[0]);
    return result;
}

static void end(void) { waitpid(server, NULL, 0); }

int main(void)
{
    start_measure(start, end);
    bench_report_version(BENCH_COMPILER);
    return 0;
}
