/* flags.c (P37): downloads the flags of twenty countries, and of two that fail: one that the server does
   not know, one whose server is not there. A set of completions gives each back as it ends, with its
   argument, the country; what fails is told beside its country and keeps no other from coming.
   A map would stop at the first failure. The server is a part of this page, for want of a better one.

       cc flags.c $(pkg-config --cflags --libs plait-http) -o flags
       ./flags
       ./flags --verbose
*/
#include <plait.h>
#include <plait/http.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct country {
    char code[3];
};
struct flag {
    int status;
    char words[40]; /* what the server says where there is no flag */
    size_t size;
};

static struct country countries[] = { { "CN" }, { "IN" }, { "US" }, { "ID" }, { "BR" }, { "PK" }, { "NG" }, { "BD" },
                                      { "RU" }, { "JP" }, { "MX" }, { "PH" }, { "VN" }, { "ET" }, { "EG" }, { "DE" },
                                      { "IR" }, { "TR" }, { "CD" }, { "FR" }, { "ZZ" }, { "XX" } };
enum { COUNTRIES = sizeof countries / sizeof *countries };
static plait_http_server *server;

/* The server's side. On a loop: a handler that waits lets others go on. */
static int answer(const plait_http_server_request *request, plait_http_server_response *response, void *unused)
{
    (void)unused;
    const char *code = request->path + 1;
    (void)plait_sleep(10 * PLAIT_MILLISECOND); /* it is far away */
    if (strcmp(code, "ZZ") != 0) return plait_bytes_format(&response->body, "the flag of %s", code);
    response->status = 404;
    return plait_bytes_format(&response->body, "no flag of %s", code);
}

static int download(const struct country *country, struct flag *flag)
{
    char url[100];
    const char *where = strcmp(country->code, "XX") == 0 ? "http://127.0.0.1:1" : plait_http_server_url(server);
    snprintf(url, sizeof url, "%s/%s", where, country->code);
    plait_http_response res;
    int err = plait_http_get(url, &(plait_http_options){ .deadline = plait_after(30 * PLAIT_SECOND) }, &res);
    *flag = (struct flag){ .status = res.status, .size = res.body.size };
    if (!err && res.status != 200) snprintf(flag->words, sizeof flag->words, "%s", (const char *)res.body.data);
    plait_http_response_clear(&res);
    return err;
}
PLAIT_TASK(download, struct country, struct flag);

/* On a terminal it moves; anywhere else only its end is of use. */
static void draw_bar(size_t done)
{
    static const char full[] = "######################";
    bool moves = isatty(STDOUT_FILENO);
    if (done == COUNTRIES || moves)
        printf("%s[%-*.*s] %zu/%d%s", moves ? "\r" : "", COUNTRIES, (int)done, full, done, COUNTRIES,
               done == COUNTRIES ? "\n" : "");
    fflush(stdout);
}

enum { DOWNLOADED, NOT_FOUND, FAILED, OUTCOMES };

static int outcome_of(plait_future *f, bool verbose)
{
    struct country country = *(const struct country *)plait_future_argument(f); /* which goes with the future */
    struct flag flag;
    char words[80];
    int err = plait_await(f, &flag);
    if (err) snprintf(words, sizeof words, "%s", err == PLAIT_ECONNECT ? "Connection error" : plait_error_text(err));
    else if (flag.status != 200) snprintf(words, sizeof words, "HTTP %d - %s", flag.status, flag.words);
    else snprintf(words, sizeof words, "OK, %zu bytes", flag.size);
    if (verbose) printf("%s: %s\n", country.code, words);
    return err ? FAILED : flag.status == 404 ? NOT_FOUND : flag.status == 200 ? DOWNLOADED : FAILED;
}

static int by_code(const void *a, const void *b) { return strcmp(a, b); }

static int download_all(plait_executor *ex, bool verbose)
{
    plait_completions *c = plait_completions_new();
    if (!c) return plait_error_code();
    qsort(countries, COUNTRIES, sizeof *countries, by_code);
    for (size_t i = 0; i < COUNTRIES; i++) plait_completions_add(c, plait_submit(ex, download, &countries[i]));
    size_t done = 0, tally[OUTCOMES] = { 0 };
    for (plait_future *f; plait_completions_next(c, &f, PLAIT_FOREVER) == 0;) {
        tally[outcome_of(f, verbose)]++;
        if (!verbose) draw_bar(++done);
    }
    plait_completions_free(c);
    printf("%zu downloaded, %zu not found, %zu failed\n", tally[DOWNLOADED], tally[NOT_FOUND], tally[FAILED]);
    return 0;
}

int main(int count, char **arguments)
{
    server = plait_http_serve("127.0.0.1:0", answer, NULL, &(plait_http_server_options){ .loops = 1 });
    plait_executor *ex = server ? plait_thread_executor_new(&(plait_thread_options){ .workers = 8 }) : NULL;
    int err = ex ? download_all(ex, count > 1 && strcmp(arguments[1], "--verbose") == 0) : plait_error_code();
    plait_error_print(stderr, err);
    plait_executor_free(ex);
    plait_http_server_free(server);
    return plait_exit_status(err);
}
