/* worker.c: the other end of start.c: plait_init finds that this process was started to run a task, and does so.

   What must hold: the marker counts only for the process that it was made for: it names an area that is open here, both
   have the same random number, and the one who wrote it is this process's parent. A program that runs with more rights than
   its caller (AT_SECURE) does not look at it. Whoever finds a marker that is not for it goes on as if there was none.
   Until all has been compared, nothing of the program's is called. */
#include "base/memory.h"
#include "future/value.h"
#include "process/area.h"
#include "process/handover.h"
#include "process/marker.h"
#include "process/process.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* The area that the marker names, if it is for this process; else -1. */
static int find_area(struct plait_area_head *h)
{
    const char *marker = getauxval(AT_SECURE) ? NULL : getenv(PLAIT_MARKER);
    if (!marker) return -1;
    char *end;
    long area = strtol(marker, &end, 10);
    uint64_t nonce = *end == ':' ? strtoull(end + 1, &end, 16) : 0;
    bool whole = !*end && area >= 0 && area <= INT_MAX;
    unsetenv(PLAIT_MARKER);
    if (!whole || plait_area_read((int)area, 0, h, sizeof *h) != 0) return -1;
    if (memcmp(h->magic, PLAIT_MAGIC, sizeof PLAIT_MAGIC) != 0 || h->nonce != nonce || h->parent != getppid())
        return -1;
    return (int)area;
}

static int other_build(const char *what, const char *path, const struct plait_build *there,
                       const struct plait_build *here)
{
    return plait_fail(PLAIT_EWORKER, "%s%s%s is another build by now: %s where the process was started, %s in it", what,
                      *path ? " " : "", path, plait_build_show(there).text, plait_build_show(here).text);
}

/* The task's descriptor, once everything has been compared; NULL with a record. */
static const plait_task *find_task(const struct plait_area_head *h)
{
    struct plait_module program, of_plait;
    if (!plait_module_of_program(&program) || !plait_module_around(&plait_was_initialized, &of_plait)) {
        plait_fail(PLAIT_EWORKER, "the loader does not tell of what this program consists");
        return NULL;
    }
    if (!plait_build_same(&program.build, &h->program)) {
        other_build("the program", "", &h->program, &program.build);
        return NULL;
    }
    if (!plait_build_same(&of_plait.build, &h->library)) {
        (void)!plait_module_of(&plait_was_initialized, &of_plait); /* its path */
        other_build("the library", of_plait.path, &h->library, &of_plait.build);
        return NULL;
    }
    return plait_task_find(&h->task);
}

static int adopt(int area, const struct plait_area_head *h)
{
    if (!h->handover_count) return 0;
    struct plait_handover *list = plait_allocate(h->handover_count * sizeof *list);
    int err = !list                   ? PLAIT_ENOMEM
              : !plait_handover_adopt ? PLAIT_EPROTOCOL
                                      : plait_area_read(area, h->handovers_at, list, h->handover_count * sizeof *list);
    if (!err) err = plait_handover_adopt(list, h->handover_count);
    free(list);
    return err;
}

/* With all that it owns; it is to be cleared and freed. */
static void *get_argument(int area, const struct plait_area_head *h, const plait_task *task, int *err)
{
    void *argument = plait_allocate(task->argument_size + 1);
    if (!argument) *err = PLAIT_ENOMEM;
    else if (task->argument_size)
        *err = plait_area_get(area, task->argument_kind, task->argument_description, task->argument_size, &h->argument,
                              argument);
    return argument;
}

/* Without having begun. */
_Noreturn static void fail(int area, int code)
{
    static const plait_task none;
    plait_record **here = plait_record_here();
    plait_area_end(area, &none, code, *here && (*here)->public.code == code ? *here : NULL, NULL);
    _exit(1);
}

void plait_worker_begin(void)
{
    struct plait_area_head h;
    int err = 0, area = find_area(&h);
    if (area < 0) return;
    fcntl(area, F_SETFD, FD_CLOEXEC);
    plait_self_become(h.name, h.daemon, area, -1);
    if (h.by_lines) setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    const plait_task *task = find_task(&h);
    if (!task) fail(area, PLAIT_EWORKER);
    if ((err = adopt(area, &h)) != 0) fail(area, err);
    void *argument = get_argument(area, &h, task, &err);
    if (err) fail(area, err);
    plait_area_set_state(area, PLAIT_AREA_BEGUN);
    int status = plait_body_run(task, argument, h.file, h.line, area);
    plait_argument_clear(task, argument);
    free(argument);
    exit(status);
}

/* Opened the wrong way round: what is read or written fails with EBADF as before. No file that is opened later gets such a
   number, to be written to by what prints, of this process or of its workers. */
void plait_hold_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) return;
}

void plait_init(void)
{
    if (plait_was_initialized) return;
    plait_was_initialized = true;
    plait_hold_standard_descriptors();
    plait_worker_begin();
}
