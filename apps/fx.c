/* fx.c: `plait fx`: the options, the server that it brings along, and one model or all of them. */
#include "apps/command.h"
#include "apps/duration.h"
#include "apps/fx_compare.h"
#include "apps/fx_models.h"
#include "apps/interrupt.h"
#include "apps/options.h"
#include "apps/rates_2019_04_09.h"
#include "apps/rates_server.h"
#include <plait.h>
#include <stdlib.h>
#include <string.h>

static const struct usage usage = {
    .command = "plait fx",
    .examples = "  plait fx                                   five currencies in each other\n"
                "  plait fx --model all                       the same under every model, and what each one cost\n"
                "  plait fx --bases all -j 8                  33 requests, eight at a time\n"
                "  plait fx --model coroutines --bases all --repeat 30 -j 1000    990 requests at once\n"
                "  plait fx --bases USD,GBP --symbols all     two rows, 33 columns\n"
                "  plait fx --url 'https://api.frankfurter.dev/v1/latest?base={base}' --bases EUR,USD\n",
    .about =
        "Fetches exchange rates, one HTTP request for each base currency, and prints a row for each. Without --url it\n"
        "brings its own server: the euro foreign exchange reference rates of " RATES_2019_04_09_DATE
        ", source: European\n"
        "Central Bank.\n",
    .after =
        "Models:\n"
        "  sequential         one request after the other\n"
        "  thread-per-item    a thread for each request\n"
        "  thread-pool        a pool by hand: threads that take work from a queue\n"
        "  queues             the same, and a second queue brings the results back\n"
        "  process-pool       a map over worker processes, each with a memory of its own\n"
        "  thread-pool-api    the same map over a pool of threads: one interface for both\n"
        "  futures            submit to a pool of threads, await each result in turn\n"
        "  coroutines         all on one thread: while one waits, the others go on\n"
        "  coroutines-threads coroutines that await what they submit to a pool of threads\n"
        "  all                each of them in a process of its own, then a table\n"
        "\n"
        "Exit status: 0 all rows are there, 1 some requests failed, 2 wrong arguments, 3 every one failed. Ctrl-C begins no\n"
        "further request and prints what is there; a second one stops at once. Proxies are those of http_proxy, https_proxy,\n"
        "all_proxy and no_proxy in the environment; this machine is always reached without one.\n",
};

struct settings {
    struct currencies bases, symbols;
    int model, repeat, jobs, report;
    const char *url;
    int64_t timeout, latency;
    bool quiet;
};

enum { MODEL_ALL = FX_MODELS, UNSET = -1 };

static int read_settings(struct settings *settings, int count, char **arguments)
{
    const char *models[FX_MODELS + 2] = { NULL };
    for (int i = 0; i < FX_MODELS; i++) models[i] = fx_models[i].name;
    models[MODEL_ALL] = "all";
    const struct option options[] = {
        { 'm', "model", "NAME", "how to run the requests (default futures); see below", NULL, NULL, models,
          &settings->model },
        { 'b', "bases", "LIST", "the rows, such as USD,EUR, or all (default USD,EUR,PLN,NOK,CZK)", currencies_read,
          CURRENCIES_EXPECTS, NULL, &settings->bases },
        { 's', "symbols", "LIST", "the columns, likewise", currencies_read, CURRENCIES_EXPECTS, NULL,
          &settings->symbols },
        { 'r', "repeat", "N", "ask for each base N times (default 1); it is one row all the same", options_read_count,
          OPTIONS_COUNT_EXPECTS, NULL, &settings->repeat },
        { 'j', "jobs", "N", "requests at once, where the model has a bound (default 4)", options_read_count,
          OPTIONS_COUNT_EXPECTS, NULL, &settings->jobs },
        { 'u', "url", "URL", "where to fetch from; {base} stands for the base", options_read_text, "a URL", NULL,
          &settings->url },
        { 't', "timeout", "TIME", "for each request (default 10s)", duration_read_some, DURATION_EXPECTS_SOME, NULL,
          &settings->timeout },
        { 'l', "latency", "TIME", "how long its own server takes for each answer (default 50ms)", duration_read,
          DURATION_EXPECTS, NULL, &settings->latency },
        { 'q', "quiet", NULL, "nothing on stderr but errors", NULL, NULL, NULL, &settings->quiet },
        { 0, "report", "FD", NULL, options_read_descriptor, "a descriptor", NULL, &settings->report },
    };
    int status = options_read(&usage, options, sizeof options / sizeof *options, count, arguments);
    if (status != OPTIONS_READ) return status;
    if (settings->url && !strstr(settings->url, "{base}"))
        return options_wrong(&usage, "--url: \"%s\" has no {base} in it, for which each base is put in", settings->url);
    if (settings->url && settings->latency != UNSET && settings->report == UNSET)
        return options_wrong(&usage, "--latency is for the server that comes along, which is not there with --url");
    return OPTIONS_READ;
}

/* Makes the items. NULL, and a sentence was said, when they cannot be. */
static struct fx_item *make_items(const struct settings *settings, const char *pattern)
{
    size_t repeat = (size_t)settings->repeat, count = settings->bases.count * repeat;
    struct fx_item *items = calloc(count, sizeof *items);
    if (!items) fputs("plait fx: no memory\n", stderr);
    for (size_t i = 0; items && i < count; i++) {
        struct fetch *fetch = &items[i].fetch;
        memcpy(fetch->base, settings->bases.codes[i / repeat], sizeof fetch->base);
        fetch->timeout = settings->timeout;
        fetch->symbols = settings->symbols;
        if (fetch_make_url(fetch->url, pattern, fetch->base)) continue;
        (void)options_wrong(&usage, "--url: longer than %d characters", FETCH_URL_SIZE - 1);
        free(items);
        return NULL;
    }
    return items;
}

static int run_one(struct fx_work *work, int model)
{
    int error = fx_models[model].run(work);
    if (error) {
        char words[512];
        plait_error_describe(error, words, sizeof words);
        fprintf(stderr, "%s: %s\n", work->name, words);
        return COMMAND_NOTHING_WORKED;
    }
    struct fx_tally tally = fx_count(work);
    if (tally.skipped)
        fprintf(stderr, "%s: interrupted: %zu of %zu %s are there, %zu failed, %zu were not requested\n", work->name,
                tally.good, work->count, work->repeat > 1 ? "answers" : "rows", tally.failed, tally.skipped);
    putchar('\n');
    return fx_status(&tally);
}

/* Runs against `pattern`, the URL with {base} in it. */
static int run(const struct settings *settings, const char *pattern, int count, char **arguments)
{
    struct fx_work work = { .items = make_items(settings, pattern),
                            .count = settings->bases.count * (size_t)settings->repeat,
                            .repeat = (size_t)settings->repeat,
                            .jobs = settings->jobs,
                            .rows = settings->report == UNSET ? stdout : NULL,
                            .name = usage.command };
    if (!work.items) return COMMAND_USAGE;
    int status;
    if (settings->report != UNSET) {
        status = fx_report(&work, settings->model, settings->report);
    } else {
        interrupt_catch("\nplait fx: waiting for the requests under way; press Ctrl-C again to stop now\n");
        int64_t begin = plait_time();
        if (settings->model == MODEL_ALL) {
            status = fx_compare(&work, count, arguments, pattern, settings->quiet);
            putchar('\n');
        } else {
            status = run_one(&work, settings->model);
        }
        printf("time elapsed: %.2fs", (double)(plait_time() - begin) / 1e9);
        if (work.repeat > 1)
            printf(" for %zu requests%s", work.count, settings->model == MODEL_ALL ? " by each model" : "");
        putchar('\n');
        status = command_finish(usage.command, status);
    }
    free(work.items);
    return status;
}

static int run_with_server(struct settings *settings, int count, char **arguments)
{
    char pattern[200];
    if (settings->latency == UNSET) settings->latency = 50 * PLAIT_MILLISECOND;
    plait_http_server *server = rates_server_start("127.0.0.1", 0, settings->latency, (struct rates_server_way){ 0 });
    if (!server) {
        fprintf(stderr, "%s: its own server: %s\n", usage.command, command_error_words());
        return COMMAND_NOTHING_WORKED;
    }
    snprintf(pattern, sizeof pattern, "%s/latest?base={base}", plait_http_server_url(server));
    if (!settings->quiet)
        fprintf(stderr, "%s: rates of %s, source: European Central Bank, from its own server %s (%g ms an answer)\n",
                usage.command, RATES_2019_04_09_DATE, plait_http_server_url(server), (double)settings->latency / 1e6);
    int status = run(settings, pattern, count, arguments);
    plait_http_server_free(server);
    return status;
}

int command_fx(int count, char **arguments)
{
    struct settings settings = { .model = FX_MODEL_FUTURES,
                                 .repeat = 1,
                                 .jobs = 4,
                                 .report = UNSET,
                                 .timeout = 10 * PLAIT_SECOND,
                                 .latency = UNSET };
    (void)currencies_read("USD,EUR,PLN,NOK,CZK", &settings.bases);
    settings.symbols = settings.bases;
    int status = read_settings(&settings, count, arguments);
    if (status != OPTIONS_READ) return status;
    command_raise_descriptors();
    status =
        settings.url ? run(&settings, settings.url, count, arguments) : run_with_server(&settings, count, arguments);
    plait_http_close_idle();
    if (interrupted() && settings.report == UNSET) interrupt_die();
    return status;
}
