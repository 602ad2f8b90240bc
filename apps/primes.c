/* primes.c: `plait primes`: where the numbers come from, what runs their tasks, and how long that took. What must hold: what
   goes to stdout is the same on each executor; wrong arguments are told before anything is done. */
#include "apps/command.h"
#include "apps/numbers.h"
#include "apps/options.h"
#include "apps/primes_run.h"
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct usage usage = {
    .command = "plait primes",
    .operands = "[NUMBER ...]",
    .examples = "  plait primes                                  six large numbers, on threads\n"
                "  plait primes --executor processes             the same in worker processes\n"
                "  plait primes -j 2 115280095190773 115797848077099\n"
                "  seq 1000000000000 1000000000100 | plait primes\n",
    .about =
        "Says of each number whether it is prime, in the order in which they are given. They are the arguments, or stdin's:\n"
        "if the argument is -, or if there is none and stdin is a file or a pipe; else six that take some time.\n",
    .after =
        "Executors:\n"
        "  inline      one number after the other\n"
        "  threads     a pool of threads\n"
        "  processes   a pool of worker processes\n"
        "  loop        coroutines on one thread: for what waits; what computes gains nothing\n"
        "What is printed is the same on each. The speed-up, on stderr, is the CPU time of the tasks, which is what they\n"
        "would take one after the other, by the time that has passed; it is lower where others use the CPUs too.\n"
        "\n"
        "Numbers go from 0 to 18446744073709551615. On stdin, what is none is told with its line, and the others are\n"
        "answered. Exit status: 0 all is answered, 1 some is not, 2 wrong arguments, 3 nothing is.\n",
};

enum executor_kind { ON_INLINE, ON_THREADS, ON_PROCESSES, ON_LOOP };
static const char *const kinds[] = { "inline", "threads", "processes", "loop", NULL };

struct settings {
    int kind, jobs;
    bool quiet;
};

enum { DEFAULTS = 6 };
static const uint64_t defaults[DEFAULTS] = { 112272535095293, 112582705942171, 112272535095293,
                                             115280095190773, 115797848077099, 1099726899285419 };

/* The arguments; or stdin; or stdin, and where that is empty the defaults. */
struct source {
    const uint64_t *list;
    size_t count;
    struct number_reader *reader; /* NULL: the list */
    bool or_defaults, quiet;
    size_t wrong; /* words that were no numbers */
    bool broken;  /* stdin cannot be read, which has been told */
};

static void take_defaults(struct source *source)
{
    source->list = defaults;
    source->count = DEFAULTS;
    source->reader = NULL;
    if (!source->quiet)
        fprintf(stderr, "%s: no numbers are given, so these are six that take some time\n", usage.command);
}

static int next_read(struct source *source, uint64_t *number)
{
    struct number_reader *reader = source->reader;
    struct number_word word;
    int err;
    while ((err = number_reader_next(reader, &word)) == 0) {
        *number = word.number;
        if (word.good) return 0;
        source->wrong++;
        fprintf(stderr, "%s: standard input, line %" PRIu64 ": \"%s\" is not " NUMBERS_EXPECTS "\n", usage.command,
                reader->line, word.text);
    }
    if (err == PLAIT_EDONE) return err;
    source->broken = true;
    fprintf(stderr, "%s: standard input cannot be read: %s\n", usage.command, plait_error_text(err));
    return err;
}

static int next(void *context, uint64_t *number)
{
    struct source *source = context;
    if (source->reader) {
        int err = next_read(source, number);
        if (err != PLAIT_EDONE || !source->or_defaults || source->reader->words) return err;
        take_defaults(source);
    }
    if (!source->count) return PLAIT_EDONE;
    *number = *source->list++;
    source->count--;
    return 0;
}

/* A file, a pipe or a socket, but no terminal and no /dev/null. */
static bool stdin_may_have_numbers(void)
{
    struct stat status;
    return fstat(STDIN_FILENO, &status) == 0 && !S_ISCHR(status.st_mode);
}

/* Whoever has left a pipe open there, and meant nothing by it, is told what is waited for. */
static void wait_for_stdin(bool quiet)
{
    int ready = plait_wait_fd(STDIN_FILENO, POLLIN, plait_after(PLAIT_SECOND));
    if (ready == PLAIT_ETIMEDOUT && !quiet)
        fprintf(stderr, "%s: waiting for numbers on standard input\n", usage.command);
}

static void report(const struct primes_work *work, const struct settings *settings, int64_t elapsed)
{
    double seconds = (double)elapsed / 1e9, alone = (double)work->cpu_time / 1e9;
    if (settings->quiet || !work->answered) return;
    fprintf(stderr, "%s: %zu number%s in %.2f s (%s), for %.2f s of CPU time: speed-up %.1fx\n", usage.command,
            work->answered, work->answered == 1 ? "" : "s", seconds, kinds[settings->kind], alone,
            elapsed > 0 ? alone / seconds : 1.0);
}

static int run(const struct settings *settings, struct source *source)
{
    struct primes_work work = { .name = usage.command, .next = next, .context = source };
    int64_t begin = plait_time();
    if (settings->kind == ON_INLINE) work.executor = plait_inline_executor();
    if (settings->kind == ON_THREADS)
        work.executor = plait_thread_executor_new(&(plait_thread_options){ .workers = settings->jobs });
    if (settings->kind == ON_PROCESSES)
        work.executor = plait_process_executor_new(&(plait_process_options){ .workers = settings->jobs });
    if (!work.executor && settings->kind != ON_LOOP) {
        if (plait_error_code() == PLAIT_EINVAL) return options_wrong(&usage, "--jobs: %s", command_error_words());
        fprintf(stderr, "%s: %s: %s\n", usage.command, kinds[settings->kind], command_error_words());
        return COMMAND_NOTHING_WORKED;
    }
    int err = primes_run(&work), status = COMMAND_DONE;
    if (settings->kind == ON_THREADS || settings->kind == ON_PROCESSES) plait_executor_free(work.executor);
    int64_t elapsed = plait_time() - begin;
    if (err && !source->broken && !work.write_error)
        fprintf(stderr, "%s: %s: %s\n", usage.command, kinds[settings->kind], command_error_words());
    if (err || work.failed || source->wrong) status = work.answered ? COMMAND_SOME_FAILED : COMMAND_NOTHING_WORKED;
    if (work.write_error) {
        fprintf(stderr, "%s: cannot write to standard output: %s\n", usage.command, strerror(work.write_error));
        return COMMAND_SOME_FAILED;
    }
    status = command_finish(usage.command, status);
    report(&work, settings, elapsed);
    return status;
}

/* The numbers of the arguments, or NULL: then *status is what to exit with. */
static uint64_t *read_operands(const struct operands *operands, int *status)
{
    uint64_t *list = malloc((operands->count + 1) * sizeof *list);
    *status = COMMAND_SOME_FAILED;
    if (!list) fprintf(stderr, "%s: no memory\n", usage.command);
    for (size_t i = 0; list && i < operands->count; i++) {
        const char *text = operands->list[i];
        if (number_read(text, &list[i])) continue;
        if (strcmp(text, "-") == 0) *status = options_wrong(&usage, "\"-\", standard input, must be the only argument");
        else *status = options_wrong(&usage, "number %zu, \"%s\", is not " NUMBERS_EXPECTS, i + 1, text);
        free(list);
        return NULL;
    }
    return list;
}

int command_primes(int count, char **arguments)
{
    struct settings settings = { .kind = ON_THREADS };
    const struct option options[] = {
        { 'e', "executor", "NAME", "what runs the tasks (default threads); see below", NULL, NULL, kinds,
          &settings.kind },
        { 'j', "jobs", "N", "how many threads or processes (default: as many as CPUs)", options_read_count,
          OPTIONS_COUNT_EXPECTS, NULL, &settings.jobs },
        { 'q', "quiet", NULL, "nothing on stderr but errors", NULL, NULL, NULL, &settings.quiet },
    };
    struct operands operands = { .list = arguments };
    int status = options_read_operands(&usage, options, sizeof options / sizeof *options, count, arguments, &operands);
    if (status != OPTIONS_READ) return status;

    static struct number_reader reader = { .descriptor = STDIN_FILENO };
    struct source source = { .quiet = settings.quiet };
    if (operands.count == 1 && strcmp(operands.list[0], "-") == 0) {
        source.reader = &reader;
        return run(&settings, &source);
    }
    if (operands.count) {
        uint64_t *list = read_operands(&operands, &status);
        if (!list) return status;
        source.list = list;
        source.count = operands.count;
        status = run(&settings, &source);
        free(list);
        return status;
    }
    if (stdin_may_have_numbers()) {
        source.reader = &reader;
        source.or_defaults = true;
        wait_for_stdin(settings.quiet);
    } else {
        take_defaults(&source);
    }
    return run(&settings, &source);
}
