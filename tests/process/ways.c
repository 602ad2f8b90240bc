/* ways.c: see ways.h. */
#include "ways.h"
#include <dirent.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Has what stays be made: descriptors are counted. */
static void warm_up(void)
{
    static bool is_warm;
    if (is_warm) return;
    is_warm = true;
    struct gate g = gate_new();
    check(plait_wait_fd(g.go[1], POLLOUT, PLAIT_NOW) > 0);
    plait_process *p = begin_with(BY_START, NULL, &g, waits, &g);
    gate_open(&g);
    check_code(join_and_free(p), 0);
    gate_free(&g);
}

void ways_each(void (*body)(enum way))
{
    int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    warm_up();
    body(BY_START);
    if (pidfd < 0) return;
    close(pidfd);
    body(BY_FORK);
}

plait_process *begin_task(enum way way, const plait_process_start_options *options, const struct gate *gate,
                          const plait_task *task, const void *argument, const char *file, int line)
{
    plait_process_start_options o = options ? *options : (plait_process_start_options){ 0 };
    plait_process *p;
    if (way == BY_FORK) {
        o.among_threads = true;
        p = plait_process_fork_task(task, argument, &o, sizeof o, file, line);
    } else {
        const int all[4] = { gate ? gate->come[0] : -1, gate ? gate->come[1] : -1, gate ? gate->go[0] : -1,
                             gate ? gate->go[1] : -1 };
        if (!o.start_limit) o.start_limit = WHILE_LOADED;
        if (gate) o.descriptors = all, o.descriptor_count = 4;
        p = plait_process_start_task(task, argument, &o, sizeof o, file, line);
    }
    if (!p) plait_error_print(stderr, plait_error_code());
    check(p != NULL);
    return p;
}

struct gate gate_new(void)
{
    struct gate g;
    check_number(pipe(g.come), 0);
    check_number(pipe(g.go), 0);
    return g;
}

void gate_free(struct gate *g)
{
    for (int i = 0; i < 2; i++) {
        close(g->come[i]);
        close(g->go[i]);
    }
}

void gate_say(const struct gate *g, char what) { check_number(write(g->come[1], &what, 1), 1); }

char gate_hear(const struct gate *g)
{
    char what;
    check_number(plait_read(g->come[0], &what, 1, PLAIT_FOREVER), 1);
    return what;
}

void gate_open(const struct gate *g) { check_number(write(g->go[1], "g", 1), 1); }

void gate_come_and_wait(const struct gate *g)
{
    char what;
    gate_say(g, 'c');
    check_number(plait_read(g->go[0], &what, 1, PLAIT_FOREVER), 1);
}

int waits(const struct gate *g)
{
    gate_come_and_wait(g);
    return 0;
}

int open_descriptors(void)
{
    int count = 0;
    DIR *all = opendir("/proc/self/fd");
    check(all != NULL);
    for (struct dirent *entry; (entry = readdir(all));) count += entry->d_name[0] != '.';
    closedir(all);
    return count - 1; /* that of the directory itself */
}

int join_and_free(plait_process *p)
{
    int code = 1;
    check_code(plait_process_join(p, &code, PLAIT_FOREVER), 0);
    plait_process_free(p);
    return code;
}
