/* What the machine gives where the bytes go through a socket: a copy in, a copy out.
   subject: limit socket pair */
#include "process-bytes/bytes.h"
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int sockets[WORKERS];
static char received[BLOCK];

static void write_all(int fd, const char *from, size_t size)
{
    for (ssize_t put; size; from += put, size -= (size_t)put) bench_must((put = write(fd, from, size)) <= 0, "write");
}

static void read_all(int fd, char *to, size_t size)
{
    for (ssize_t got; size; to += got, size -= (size_t)got) {
        got = read(fd, to, size);
        if (got <= 0) exit(1);
    }
}

static void serve(int fd)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (char makes;;) {
        read_all(fd, &makes, 1);
        if (!makes) read_all(fd, received, BLOCK);
        int seen = makes ? 0 : bytes_look(received);
        if (makes) write_all(fd, bytes_source(), BLOCK);
        else write_all(fd, (char *)&seen, sizeof seen);
    }
}

/* One under way with each worker: more would not fit into a socket. */
static void exchange(size_t count, char makes)
{
    for (size_t sent = 0, done = 0; done < count; done++) {
        for (; sent < count && sent - done < WORKERS; sent++) {
            write_all(sockets[sent % WORKERS], &makes, 1);
            if (!makes) write_all(sockets[sent % WORKERS], bytes_source(), BLOCK);
        }
        int seen;
        if (makes) read_all(sockets[done % WORKERS], received, BLOCK), seen = bytes_look(received);
        else read_all(sockets[done % WORKERS], (char *)&seen, sizeof seen);
        bytes_seen(seen);
    }
}

static void arguments(size_t count) { exchange(count, 0); }
static void results(size_t count) { exchange(count, 1); }

int main(void)
{
    pid_t workers[WORKERS];
    for (int w = 0; w < WORKERS; w++) {
        int both[2], room = 4 << 20;
        bench_must(socketpair(AF_UNIX, SOCK_STREAM, 0, both), "socketpair");
        for (int i = 0; i < 2; i++) setsockopt(both[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
        sockets[w] = both[0];
        workers[w] = fork();
        bench_must(workers[w] < 0, "fork");
        if (!workers[w]) serve(both[1]);
        close(both[1]);
    }
    bytes_measure("arguments_gb_per_s", arguments);
    bytes_measure("results_gb_per_s", results);
    for (int w = 0; w < WORKERS; w++) {
        kill(workers[w], SIGKILL);
        waitpid(workers[w], NULL, 0);
    }
    bench_report_version(BENCH_COMPILER);
    return 0;
}
