/* What a task in another process costs where each of them is a message in a socket: a system call to send it, one to take
   it, and the same for its answer.
   subject: limit socket pair */
#include "process-tasks/tasks.h"
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_UNDER_WAY = 128 };
static int sockets[WORKERS];

static void run(const int *values, int *results, size_t count)
{
    for (size_t given = 0, done = 0; done < count; done++) {
        for (; given < count && given - done < MOST_UNDER_WAY; given++)
            bench_must(write(sockets[given % WORKERS], &values[given], sizeof *values) != sizeof *values, "write");
        bench_must(read(sockets[done % WORKERS], &results[done], sizeof *results) != sizeof *results, "read");
    }
}

static void serve(int socket)
{
    int value;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (read(socket, &value, sizeof value) == sizeof value) {
        value++;
        if (write(socket, &value, sizeof value) != sizeof value) break;
    }
    _exit(0);
}

int main(void)
{
    pid_t servers[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        int both[2];
        bench_must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, both), "socketpair");
        sockets[i] = both[0];
        servers[i] = fork();
        bench_must(servers[i] < 0, "fork");
        if (!servers[i]) serve(both[1]);
        close(both[1]);
    }
    double tasks = tasks_measure(run);
    bench_report("submit_per_s", tasks);
    bench_report("map_per_s", tasks);
    for (int i = 0; i < WORKERS; i++) {
        kill(servers[i], SIGKILL);
        waitpid(servers[i], NULL, 0);
    }
    bench_report_version(BENCH_COMPILER);
    return 0;
}
