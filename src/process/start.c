/* start.c: a process of this program's own file, which is asked for a task: what it needs to know is written to its area
   before it begins. */
#include "base/memory.h"
#include "base/options.h"
#include "process/area.h"
#include "process/argument.h"
#include "process/handover.h"
#include "process/image.h"
#include "process/lifeline.h"
#include "process/marker.h"
#include "process/process.h"
#include "process/launch.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <unistd.h>

/* What is gathered for one start. */
struct plan {
    plait_process *process;
    struct plait_area_head head;
    struct plait_handover *handovers;
    size_t handover_count;
    int *keep;
    size_t keep_count;
    char **environment;
    char marker[64];
};

static void copy(char *to, size_t size, const char *from)
{
    size_t length = strlen(from); /* the end of a long path tells more than its beginning */
    snprintf(to, size, "%s", length < size ? from : from + length - (size - 1));
}

/* Where the task and plait lie. */
static int name_modules(struct plait_area_head *h, const plait_task *task)
{
    struct plait_module of_plait, program;
    if (!plait_module_of_program(&program) || !plait_module_around(&plait_was_initialized, &of_plait))
        return plait_fail(PLAIT_ENOTSUP, "the loader does not tell of what this program consists");
    h->program = program.build;
    h->library = of_plait.build;
    return plait_task_locate(task, &h->task);
}

static int take_handovers(struct plan *n)
{
    size_t room = 0, count = plait_handover_list ? plait_handover_list(NULL, 0) : 0;
    while (count > room) { /* others may make more meanwhile */
        for (size_t i = 0; i < room; i++) close(n->handovers[i].fd);
        struct plait_handover *more = plait_reallocate(n->handovers, (count + 4) * sizeof *more);
        if (!more) return plait_fail(PLAIT_ENOMEM, "no memory to start process %s", n->process->name);
        n->handovers = more;
        room = count + 4;
        count = plait_handover_list(n->handovers, room);
    }
    n->handover_count = count;
    return 0;
}

static int in_order(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

static int choose_descriptors(struct plan *n, const plait_process_start_options *o, int image)
{
    n->keep = plait_allocate((o->descriptor_count + n->handover_count + 3) * sizeof *n->keep);
    if (!n->keep) return plait_fail(PLAIT_ENOMEM, "no memory to start process %s", n->process->name);
    for (size_t i = 0; i < o->descriptor_count; i++) {
        if (fcntl(o->descriptors[i], F_GETFD) < 0)
            return plait_fail(PLAIT_EINVAL, "process %s is to have descriptor %d, which is not open", n->process->name,
                              o->descriptors[i]);
        n->keep[n->keep_count++] = o->descriptors[i];
    }
    for (size_t i = 0; i < n->handover_count; i++) n->keep[n->keep_count++] = n->handovers[i].fd;
    n->keep[n->keep_count++] = n->process->area;
    n->keep[n->keep_count++] = image;
    qsort(n->keep, n->keep_count, sizeof *n->keep, in_order);
    return 0;
}

/* Whether a "NAME=value" is of one of these names. */
static bool is_named(const char *variable, const char *const *names)
{
    size_t length = strcspn(variable, "=") + 1;
    for (; names && *names; names++)
        if (strncmp(variable, *names, length) == 0) return true;
    return false;
}

static int make_environment(struct plan *n, const char *const *added)
{
    static const char *const marker[] = { PLAIT_MARKER "=", NULL };
    size_t count = 0, more = 0, kept = 0;
    while (environ && environ[count]) count++;
    for (; added && added[more]; more++)
        if (added[more][0] == '=' || !strchr(added[more], '='))
            return plait_fail(PLAIT_EINVAL, "process %s is to have \"%s\" in its environment, which is no NAME=value",
                              n->process->name, added[more]);
    n->environment = plait_allocate((count + more + 2) * sizeof *n->environment);
    if (!n->environment) return plait_fail(PLAIT_ENOMEM, "no memory to start process %s", n->process->name);
    for (size_t i = 0; i < count; i++)
        if (!is_named(environ[i], marker) && !is_named(environ[i], added)) n->environment[kept++] = environ[i];
    for (size_t i = 0; i < more; i++)
        if (!is_named(added[i], marker))
            n->environment[kept++] = (char *)(uintptr_t)added[i]; /* it is not written to */
    snprintf(n->marker, sizeof n->marker, PLAIT_MARKER_FORMAT, n->process->area, n->head.nonce);
    n->environment[kept] = n->marker;
    return 0;
}

static int write_request(struct plan *n, const void *argument)
{
    struct plait_area_head *h = &n->head;
    plait_process *p = n->process;
    const plait_task *task = p->task;
    size_t size = n->handover_count * sizeof *n->handovers;
    int err = getrandom(&h->nonce, sizeof h->nonce, 0) == sizeof h->nonce ? 0 : -errno;
    memcpy(h->magic, PLAIT_MAGIC, sizeof PLAIT_MAGIC);
    h->daemon = p->daemon;
    h->by_lines = p->relay != NULL;
    h->line = p->line;
    copy(h->name, sizeof h->name, p->name);
    copy(h->file, sizeof h->file, p->file);
    h->handovers_at = sizeof *h;
    h->handover_count = n->handover_count;
    h->end = h->handovers_at + size;
    if (!err) err = plait_area_write(p->area, h->handovers_at, n->handovers, size);
    if (!err && task->argument_size) {
        err = plait_area_put(p->area, h->end, task->argument_kind, task->argument_description, task->argument_size,
                             argument, &h->argument);
        h->end += h->argument.size;
    }
    if (!err) err = plait_area_write(p->area, 0, h, sizeof *h);
    return err ? plait_fail(err, "the argument of process %s could not be copied: %s", p->name, plait_error_text(err))
               : 0;
}

static int launch(struct plan *n, const void *argument, const plait_process_start_options *o, int image,
                  const int output[2])
{
    plait_process *p = n->process;
    int lifeline = plait_lifeline(), err;
    if (lifeline < 0) return lifeline;
    if ((err = name_modules(&n->head, p->task)) || (err = take_handovers(n)) ||
        (err = choose_descriptors(n, o, image)) || (err = write_request(n, argument)) ||
        (err = make_environment(n, o->environment)))
        return err;
    bool keep_stdin = n->keep[0] == 0;
    char *arguments[] = { program_invocation_name, p->name, NULL };
    struct plait_launch s = { .image = image,
                              .arguments = arguments,
                              .environment = n->environment,
                              .keep = n->keep,
                              .keep_count = n->keep_count,
                              .keep_stdin = keep_stdin,
                              .own_group = o->own_group,
                              .output = { output[0], output[1] },
                              .lifeline = lifeline,
                              .told = p->area,
                              .told_at = offsetof(struct plait_area_head, parent) };
    struct plait_launched l;
    if ((err = plait_launch(&s, &l)) != 0)
        return plait_fail(err, "process %s could not be started: %s%s", p->name, plait_error_text(err),
                          err == -EINVAL ? " (qemu-user says so: it knows no process beside another, in one memory)"
                                         : "");
    p->number = l.number;
    p->pidfd = l.pidfd;
    p->keeper = l.keeper;
    return 0;
}

/* Its lines are counted in by `relays`; NULL: it has stdout and stderr as this process. */
static int start(struct plan *n, const void *argument, const plait_process_start_options *o, int image,
                 struct plait_relays *relays, _Atomic uint64_t *taken)
{
    int output[2] = { -1, -1 };
    if (relays && !(n->process->relay = plait_relay_new(relays, taken, output))) return plait_error_code();
    int err = launch(n, argument, o, image, output);
    for (int i = 0; i < 2; i++)
        if (output[i] >= 0) close(output[i]);
    if (err && relays) plait_relay_end(n->process->relay);
    return err;
}

static int start_from_image(struct plan *n, const void *argument, const plait_process_start_options *o,
                            struct plait_relays *relays, _Atomic uint64_t *taken)
{
    if (!plait_was_initialized)
        return plait_fail(
            PLAIT_ENOTSUP,
            "process %s is not started: the program does not call plait_init() first in main, so it would "
            "run all of main again",
            n->process->name);
    if (getauxval(AT_SECURE))
        return plait_fail(
            PLAIT_ENOTSUP,
            "process %s is not started: this program has more rights than its caller (setuid), and would not "
            "take a task there",
            n->process->name);
    int image = plait_image_open();
    if (image < 0) return image;
    int err = start(n, argument, o, image, relays, taken);
    close(image);
    for (size_t i = 0; i < n->handover_count; i++) close(n->handovers[i].fd);
    free(n->handovers);
    free(n->keep);
    free(n->environment);
    return err;
}

plait_process *plait_process_start_relayed(const plait_task *task, const void *argument,
                                           const plait_process_start_options *o, struct plait_relays *relays,
                                           _Atomic uint64_t *taken, const char *file, int line)
{
    plait_process *p = plait_process_new(task, argument, o, file, line);
    struct plan n = { .process = p };
    if (!p) return NULL;
    int err = 0;
    if (!relays && o->output == PLAIT_OUTPUT_BY_LINES) {
        relays = p->relays = plait_relays_new();
        if (!relays) err = PLAIT_ENOMEM;
    }
    if (!err) err = start_from_image(&n, argument, o, relays, taken);
    if (err) {
        plait_record *record = plait_record_take();
        plait_process_wait_for_output(p);
        plait_record_keep(record);
        return plait_process_drop(p);
    }
    plait_children_add(p);
    return p;
}

plait_process *plait_process_start_task(const plait_task *task, const void *argument,
                                        const plait_process_start_options *options, size_t options_size,
                                        const char *file, int line)
{
    plait_process_start_options o;
    plait_bytes *taken = plait_argument_taken(task, argument);
    plait_process *p = plait_options_read(&o, sizeof o, options, options_size)
                           ? NULL
                           : plait_process_start_relayed(task, argument, &o, NULL, NULL, file, line);
    if (taken) plait_bytes_clear(taken);
    return p;
}
