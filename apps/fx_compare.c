/* fx_compare.c: one child process per model, so that elapsed time, threads and peak memory are that model's alone, those of
   its worker processes with them.

   What must hold: a child is this program's own image and writes one report, the outcomes of its items, to a pipe; a child that
   dies instead is a row of the table and a failure, and the next model runs all the same. */
#include "apps/fx_compare.h"
#include "apps/command.h"
#include "apps/fx_models.h"
#include "apps/fx_workers.h"
#include "apps/interrupt.h"
#include "apps/process_status.h"
#include <fcntl.h>
#include <plait.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child writes, before its items. Both ends are the same image, so the bytes are understood. */
struct report {
    int error;         /* why the model could not run at all */
    char message[256]; /* its words */
    int64_t elapsed;
    long requests, processes, threads, peak_kib;
};

/* What the parent knows of one model. */
struct run {
    bool begun, reported;
    int ended; /* as waitpid says */
    struct report report;
    struct fx_work work; /* its items are the run's own */
};

int fx_report(struct fx_work *work, int model, int descriptor)
{
    interrupt_obey_parent();
    struct report report = { 0 };
    int64_t begin = plait_time();
    report.error = fx_models[model].run(work);
    report.elapsed = plait_time() - begin;
    if (report.error) plait_error_describe(report.error, report.message, sizeof report.message);
    struct fx_workers_counts workers = fx_workers_counts();
    report.requests = fetch_counts->requests + workers.requests;
    report.processes = 1 + workers.processes;
    report.threads = fetch_counts->threads + workers.threads;
    report.peak_kib = process_status("VmHWM") + workers.peak_kib;
    int error = plait_write(descriptor, &report, sizeof report, PLAIT_FOREVER, NULL);
    if (!error) error = plait_write(descriptor, work->items, work->count * sizeof *work->items, PLAIT_FOREVER, NULL);
    return error ? COMMAND_SOME_FAILED : COMMAND_DONE;
}

/* The child's arguments: ours up to where options end, then those that make it a child; of two equal ones the last counts. */
static char **child_arguments(int count, char **arguments, const char *model, const char *url, char *descriptor)
{
    char **list = calloc((size_t)count + 8, sizeof(char *));
    size_t length = 0;
    if (!list) return NULL;
    list[length++] = (char *)"plait";
    for (int i = 0; i < count && strcmp(arguments[i], "--") != 0; i++) list[length++] = arguments[i];
    const char *more[] = { "--model", model, "--url", url, "--report", descriptor };
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) list[length++] = (char *)more[i];
    return list;
}

/* Starts the child with the pipe's end `descriptor`. The signals by which it may be stopped are blocked in it until it is
   ready for them. Returns its process number, or -errno. */
static pid_t start_child(int count, char **arguments, const char *model, const char *url, int descriptor)
{
    enum { CHILD_DESCRIPTOR = 3 };
    pid_t child = -ENOMEM;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t stopping = interrupt_signals();
    char **list = child_arguments(count, arguments, model, url, (char[]){ '0' + CHILD_DESCRIPTOR, 0 });
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &stopping);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    int error = list ? posix_spawn_file_actions_adddup2(&actions, descriptor, CHILD_DESCRIPTOR) : ENOMEM;
    if (!error) error = posix_spawn(&child, "/proc/self/exe", &actions, &attributes, list, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    free(list);
    return error ? -error : child;
}

/* Reads all `size` bytes. False at an earlier end. */
static bool read_all(int descriptor, void *to, size_t size)
{
    for (char *at = to; size > 0;) {
        ssize_t got = plait_read(descriptor, at, size, PLAIT_FOREVER);
        if (got <= 0) return false;
        at += got;
        size -= (size_t)got;
    }
    return true;
}

/* Runs one model in a child and takes its report; says so when no child can be started. */
static void run_model(struct run *run, int count, char **arguments, const char *model, const char *url)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        fprintf(stderr, "%s: %s: no pipe for a child process: %s\n", run->work.name, model, strerror(errno));
        return;
    }
    pid_t child = start_child(count, arguments, model, url, ends[1]);
    close(ends[1]);
    if (child > 0) {
        run->begun = true;
        interrupt_forward(child);
        run->reported = read_all(ends[0], &run->report, sizeof run->report) &&
                        read_all(ends[0], run->work.items, run->work.count * sizeof *run->work.items);
        interrupt_forward(0);
        while (waitpid(child, &run->ended, 0) < 0 && errno == EINTR) {}
    } else {
        fprintf(stderr, "%s: %s: no child process: %s\n", run->work.name, model, strerror(-child));
    }
    close(ends[0]);
}

/* Says whether the rows of a run are not those that were printed, in one line. True when all are the same. */
static bool compare(const struct fx_work *printed, const struct run *run, const char *first, const char *name)
{
    size_t different = 0;
    const struct fx_item *example = NULL;
    for (size_t i = 0; i < printed->count; i++) {
        const struct fx_item *ours = &printed->items[i], *theirs = &run->work.items[i];
        if (theirs->error == FETCH_NOT_BEGUN || ours->error == FETCH_NOT_BEGUN || fx_same(ours, theirs)) continue;
        different++;
        if (!example) example = theirs;
    }
    if (different > 0)
        fprintf(stderr, "%s: %s: %s that differ from those of %s: %zu, such as that of %s%s%s\n", printed->name, name,
                printed->repeat > 1 ? "answers" : "rows", first, different, example->fetch.base,
                example->error ? ": " : "", example->error ? example->message : "");
    return different == 0;
}

static void print_table(const struct run runs[FX_MODELS])
{
    puts("model               elapsed  speed-up  requests  processes  threads  peak memory  errors");
    for (int i = 0; i < FX_MODELS; i++) {
        const struct report *report = &runs[i].report, *sequential = &runs[0].report;
        if (!runs[i].begun) continue;
        if (!runs[i].reported || report->error) {
            printf("%-18s  no result\n", fx_models[i].name);
            continue;
        }
        char speed_up[16] = "-";
        if (runs[0].reported && !sequential->error && report->elapsed > 0)
            snprintf(speed_up, sizeof speed_up, "%.1fx", (double)sequential->elapsed / (double)report->elapsed);
        printf("%-18s %7.2fs  %8s  %8ld  %9ld  %7ld  %7.1f MiB  %6zu\n", fx_models[i].name,
               (double)report->elapsed / 1e9, speed_up, report->requests, report->processes, report->threads,
               (double)report->peak_kib / 1024, fx_count(&runs[i].work).failed);
    }
}

/* Says why a run has no result. */
static void explain(const struct fx_work *work, const struct run *run, const char *name)
{
    if (run->reported) fprintf(stderr, "%s: %s: %s\n", work->name, name, run->report.message);
    else if (WIFSIGNALED(run->ended))
        fprintf(stderr, "%s: %s: its process was killed by signal %d (SIG%s)\n", work->name, name, WTERMSIG(run->ended),
                sigabbrev_np(WTERMSIG(run->ended)) ? sigabbrev_np(WTERMSIG(run->ended)) : "?");
    else
        fprintf(stderr, "%s: %s: its process ended with status %d and no report\n", work->name, name,
                WEXITSTATUS(run->ended));
}

/* Makes the outcomes of a run those of `work`, and prints their rows. */
static void print_rows(struct fx_work *work, const struct run *run)
{
    memcpy(work->items, run->work.items, work->count * sizeof *work->items);
    for (size_t i = 0; i < work->count; i++) fx_show(work, &work->items[i]);
    putchar('\n');
    fflush(stdout);
}

/* Runs all models, as long as nobody interrupts, and prints the rows of the first that gives any. Returns the status. */
static int run_models(struct fx_work *work, struct run runs[FX_MODELS], int count, char **arguments, const char *url)
{
    int first = -1, status = COMMAND_DONE;
    bool any_good = false;
    for (int i = 0; i < FX_MODELS && !interrupted(); i++) {
        struct run *run = &runs[i];
        run_model(run, count, arguments, fx_models[i].name, url);
        if (!run->reported || run->report.error) {
            if (run->begun) explain(work, run, fx_models[i].name);
            status = COMMAND_SOME_FAILED;
            continue;
        }
        struct fx_tally tally = fx_count(&run->work);
        if (tally.failed || tally.skipped) status = COMMAND_SOME_FAILED;
        if (tally.good) any_good = true;
        if (first < 0) {
            first = i;
            print_rows(work, run);
        } else if (!compare(work, run, fx_models[first].name, fx_models[i].name)) {
            status = COMMAND_SOME_FAILED;
        }
    }
    return any_good ? status : COMMAND_NOTHING_WORKED;
}

int fx_compare(struct fx_work *work, int count, char **arguments, const char *url, bool quiet)
{
    struct run runs[FX_MODELS] = { { 0 } };
    struct fx_item *items = calloc(FX_MODELS * work->count, sizeof *items);
    if (!items) {
        fprintf(stderr, "%s: no memory for %zu items\n", work->name, FX_MODELS * work->count);
        return COMMAND_NOTHING_WORKED;
    }
    for (size_t i = 0; i < FX_MODELS; i++)
        runs[i].work = (struct fx_work){
            .items = items + i * work->count, .count = work->count, .repeat = work->repeat, .name = work->name
        };
    int status = run_models(work, runs, count, arguments, url);
    print_table(runs);
    if (!quiet)
        fprintf(
            stderr,
            "%s: each model ran in a process of its own; threads and peak memory (VmHWM) are that process's, with its workers\n",
            work->name);
    free(items);
    return status;
}
