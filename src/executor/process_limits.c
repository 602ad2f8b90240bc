/* process_limits.c: what a worker may use, applied by itself before its first task: CPUs, niceness, memory. Who runs against
   the limit of memory is told so: by its record, where it could fail in words; and where it crashes, by what a
   signal handler notes in the channel for the parent.

   What must hold: the handler makes system calls alone, and the signal goes on to whoever would have had it. */
#include "executor/process_pool.h"
#include "process/shared_registry.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const int fatal[] = { SIGSEGV, SIGBUS, SIGABRT };
enum { FATAL = sizeof fatal / sizeof *fatal };
static struct sigaction before[FATAL];
static struct plait_channel *noted;
static size_t limited_to; /* 0: not */

/* Bytes of data that this process has, as the system counts them for the limit; 0: it does not tell. */
static size_t data_in_use(void)
{
    char text[160], *at = text;
    int before_it = errno; /* a handler's */
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    size_t pages = 0;
    if (fd >= 0) close(fd);
    errno = before_it;
    if (size <= 0) return 0;
    text[size] = 0;
    for (int field = 0; field < 5 && *at; at++) field += *at == ' ';
    while (*at >= '0' && *at <= '9') pages = 10 * pages + (size_t)(*at++ - '0');
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void note(int number, siginfo_t *info, void *machine)
{
    (void)machine;
    bool refused = errno == ENOMEM;
    noted->data_at_end = data_in_use();
    noted->refused = refused;
    for (int i = 0; i < FATAL; i++)
        if (fatal[i] == number) sigaction(number, &before[i], NULL);
    if (info->si_code <= 0) raise(number); /* it was sent; a fault happens again by itself */
}

const char *plait_show_bytes(size_t bytes, char text[24])
{
    bool mega = bytes >= (size_t)1 << 20, kilo = bytes >= 1024;
    snprintf(text, 24, "%zu %s",
             mega   ? bytes >> 20
             : kilo ? bytes >> 10
                    : bytes,
             mega   ? "MiB"
             : kilo ? "KiB"
                    : "bytes");
    return text;
}

static int limit_memory(size_t limit)
{
    char shown[2][24];
    size_t in_use = data_in_use();
    if (in_use >= limit)
        return plait_fail(PLAIT_ENOMEM, "a memory limit of %s is too low: a worker has %s before its first task",
                          plait_show_bytes(limit, shown[0]), plait_show_bytes(in_use, shown[1]));
    struct sigaction action = { .sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < FATAL; i++) sigaction(fatal[i], &action, &before[i]);
    if (setrlimit(RLIMIT_DATA, &(struct rlimit){ limit, limit }) != 0)
        return plait_fail(-errno, "a worker may not be limited to %s of memory", plait_show_bytes(limit, shown[0]));
    limited_to = limit;
    plait_record *none = NULL;
    plait_worker_mention_limit(&none);
    plait_record_unref(none);
    return 0;
}

int plait_worker_limit(const struct plait_worker_place *place)
{
    const struct plait_pool_board *b = place->board;
    noted = place->channel;
    if (place->has_cpus && sched_setaffinity(0, sizeof place->cpus, &place->cpus) != 0)
        return plait_fail(-errno, "a worker may not run on the CPUs that its pool is to have");
    errno = 0;
    if (b->niceness && nice(b->niceness) == -1 && errno)
        return plait_fail(-errno, "a worker may not be nicer by %d", b->niceness);
    if (!b->memory_limit) return 0;
    struct plait_shared_member *me = plait_shared_peek(b); /* that needs a thread: not when there is no memory left */
    int err = me && !plait_shared_joined(me) ? plait_shared_join_or_fail(me) : 0;
    return err ? err : limit_memory(b->memory_limit);
}

void plait_worker_mention_limit(plait_record **said)
{
    static plait_record *reserve; /* there may be no memory for one when it is needed */
    char shown[2][24];
    if (!limited_to) return;
    if (!*said) *said = reserve, reserve = NULL;
    if (!reserve) reserve = plait_record_say(PLAIT_ENOMEM, NULL, "%s", plait_error_text(PLAIT_ENOMEM));
    plait_record *r = *said;
    if (!r) return;
    size_t length = strlen(r->message); /* in its place: there may be no memory for another */
    snprintf(r->message + length, sizeof r->message - length, " (its worker's limit is %s, and %s are in use)",
             plait_show_bytes(limited_to, shown[0]), plait_show_bytes(data_in_use(), shown[1]));
}
