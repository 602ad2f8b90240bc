/* test_stopped.c: a worker is stopped (SIGSTOP) while it holds the one lock that it has in common with its parent. The parent ends
   it, its task has failed, and nobody else waits. */
#include "executor/process_pool.h"
#include "process/shared_heap.h"
#include "process/shared_registry.h"
#include "runners.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct stop {
    struct plait_pool_board *board;
    _Atomic int *pid;
};
static int stop_with_the_lock(const struct stop *s)
{
    plait_shared_heap_lock(plait_shared_member_of(s->board));
    atomic_store(s->pid, getpid());
    return raise(SIGSTOP);
}
PLAIT_TASK(stop_with_the_lock, struct stop, void);

static int count(const plait_bytes *in, size_t *size) { return *size = in->size, 0; }
PLAIT_TASK(count, plait_bytes, size_t);

static bool is_stopped(int pid)
{
    char path[40], text[256] = "", state = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int fd = pid ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return false;
    check(read(fd, text, sizeof text - 1) > 0);
    close(fd);
    char *end = strrchr(text, ')');
    return end && sscanf(end, ") %c", &state) == 1 && state == 'T';
}

static void M16_a_worker_that_is_stopped_with_the_lock_of_the_heap_is_ended(void **unused)
{
    (void)unused;
    static char text[50000];
    size_t size = 0;
    plait_shared_memory *memory = plait_shared_memory_new(NULL);
    check(memory);
    struct stop stop = { .pid = plait_shared_alloc(memory, sizeof *stop.pid) };
    plait_executor *ex = plait_process_executor_new(&(plait_process_options){ .workers = 2 });
    check(ex && stop.pid);
    stop.board = ((struct plait_process_pool *)ex)->board;
    plait_future *f = plait_submit(ex, stop_with_the_lock, &stop);
    until(is_stopped(atomic_load(stop.pid)));
    check_code(plait_await(plait_submit(ex, count, &((plait_bytes){ text, sizeof text })), &size), 0);
    check_number(size, sizeof text);
    check_code(plait_await(f, NULL), PLAIT_EWORKER);
    check_number(plait_error()->signal, SIGKILL);
    plait_executor_free(ex);
    plait_shared_memory_free(memory);
}

int main(void)
{
    plait_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(M16_a_worker_that_is_stopped_with_the_lock_of_the_heap_is_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
