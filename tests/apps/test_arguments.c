/* test_arguments.c: what users write on the command line, and what they are told when it is wrong. */
#include "apps/command.h"
#include "apps/currencies.h"
#include "apps/duration.h"
#include "apps/options.h"
#include "apps/suggest.h"
#include "check.h"
#include <unistd.h>

static void durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t nanoseconds;
    } good[] = { { "0", 0 },
                 { "0s", 0 },
                 { "0.0", 0 },
                 { "50ms", 50000000 },
                 { "1.5s", 1500000000 },
                 { "2m", 120000000000 },
                 { "1h", 3600000000000 },
                 { "7us", 7000 },
                 { "3ns", 3 },
                 { ".5s", 500000000 },
                 { "5.s", 5000000000 },
                 { "1000h", 3600000000000000 } };
    static const char *const bad[] = { "",     "s",    "5",   "50 ms", " 50ms", "-1s",   "+1s",
                                       "1e3s", "1d",   "ms",  ".",     ".s",    "1.5",   "nan",
                                       "infs", "1,5s", "1ss", "1msx",  "0x1s",  "1001h", "99999999999999999999999s" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t read = -1;
        check(duration_read(good[i].text, &read));
        check_number(read, good[i].nanoseconds);
        check(duration_read_some(good[i].text, &read) == (good[i].nanoseconds > 0));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t read = -1;
        check(!duration_read(bad[i], &read));
        check(!duration_read_some(bad[i], &read));
        check_number(read, -1);
    }
}

static void lists_of_currencies(void **state)
{
    (void)state;
    static struct currencies list;
    check(currencies_read("usd,Eur,PLN", &list));
    check_number(list.count, 3);
    check_string(list.codes[0], "USD");
    check_string(list.codes[1], "EUR");
    check_string(list.codes[2], "PLN");
    check(currencies_read("XXX", &list));     /* whether it exists, the server knows */
    check(currencies_read("all,USD", &list)); /* the lek of Albania and the dollar */
    check_number(list.count, 2);
    check(currencies_read("all", &list));
    check_number(list.count, 33);
    check_string(list.codes[0], "AUD");
    check_string(list.codes[32], "ZAR");

    static const char *const bad[] = {
        "", ",", "US", "USDX", "USD,", ",USD", "USD,,EUR", "USD EUR", "U5D", "USD, EUR"
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) { check(!currencies_read(bad[i], &list)); }
    char text[4 * (CURRENCIES_MOST + 1) + 1] = "";
    for (int i = 0; i < CURRENCIES_MOST + 1; i++) memcpy(text + (ptrdiff_t)4 * i, "USD,", 5);
    text[4 * (CURRENCIES_MOST + 1) - 1] = 0;
    check(!currencies_read(text, &list));
    text[4 * CURRENCIES_MOST - 1] = 0;
    check(currencies_read(text, &list));
    check_number(list.count, CURRENCIES_MOST);
}

static void suggestions(void **state)
{
    (void)state;
    static const char *const names[] = { "model", "bases", "symbols", "jobs", "url", "timeout" };
    enum { NAMES = sizeof names / sizeof *names };
    check_string(suggest("modle", names, NAMES), "model");
    check_string(suggest("mod", names, NAMES), "model");
    check_string(suggest("job", names, NAMES), "jobs");
    check_string(suggest("simbols", names, NAMES), "symbols");
    check_string(suggest("time-out", names, NAMES), "timeout");
    check_string(suggest("simb", names, NAMES), "symbols");
    check(!suggest("sim", names, NAMES));
    check(!suggest("colour", names, NAMES));
    check(!suggest("x", names, NAMES));
    check(!suggest("", names, NAMES));
    check(!suggest("an-option-that-is-much-longer-than-any-that-there-is", names, NAMES));
}

/* A subcommand of its own. */
struct settings {
    int port, jobs, colour;
    const char *url;
    bool quiet;
    int64_t wait;
};

static const struct usage usage = { .command = "plait test",
                                    .examples = "  plait test --port 1\n",
                                    .about = "Does nothing.\n",
                                    .after = "That is all.\n" };

/* Reads arguments (a text with blanks); `said` gets what went to `stream`. */
static int read_arguments(struct settings *settings, const char *text, FILE *stream, char said[4096])
{
    static const char *const colours[] = { "red", "green", "blue", NULL };
    *settings = (struct settings){ .port = -1, .jobs = -1, .colour = -1, .wait = -1 };
    const struct option options[] = {
        { 'p', "port", "N", "the port", options_read_port, OPTIONS_PORT_EXPECTS, NULL, &settings->port },
        { 'j', "jobs", "N", "how many\n(at most)", options_read_count, OPTIONS_COUNT_EXPECTS, NULL, &settings->jobs },
        { 'c', "colour", "NAME", "which", NULL, NULL, colours, &settings->colour },
        { 0, "url", "URL", "where", options_read_text, "a URL", NULL, &settings->url },
        { 'w', "wait-for-the-answer", "TIME", "how long", duration_read, DURATION_EXPECTS, NULL, &settings->wait },
        { 'q', "quiet", NULL, "no words", NULL, NULL, NULL, &settings->quiet },
        { 0, "secret", "N", NULL, options_read_port, "", NULL, &settings->port },
    };
    static char copy[1024];
    char *arguments[32] = { (char *)"test" };
    int count = 1;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) arguments[count++] = word;

    FILE *caught = tmpfile();
    fflush(stream);
    int kept = dup(fileno(stream));
    dup2(fileno(caught), fileno(stream));
    int status = options_read(&usage, options, sizeof options / sizeof *options, count, arguments);
    fflush(stream);
    dup2(kept, fileno(stream));
    close(kept);
    rewind(caught);
    said[fread(said, 1, 4095, caught)] = 0;
    fclose(caught);
    return status;
}

static void options_are_read_in_all_their_forms(void **state)
{
    (void)state;
    struct settings s;
    char said[4096];
    check_number(read_arguments(&s, "", stderr, said), OPTIONS_READ);
    check(s.port == -1 && s.jobs == -1 && s.colour == -1 && !s.url && !s.quiet);
    check_number(read_arguments(&s, "--port 80 -j4 --colour=blue --url http://x?a=b -q", stderr, said), OPTIONS_READ);
    check(s.port == 80 && s.jobs == 4 && s.colour == 2 && s.quiet);
    check_string(s.url, "http://x?a=b");
    check_number(read_arguments(&s, "--port=65535 -j 1024 -c red -w 50ms", stderr, said), OPTIONS_READ);
    check(s.port == 65535 && s.jobs == 1024 && s.colour == 0 && s.wait == 50000000 && !s.quiet);
    check_number(read_arguments(&s, "-p 1 -p 2 --port 3 --", stderr, said), OPTIONS_READ);
    check_number(s.port, 3);
    check_number(read_arguments(&s, "--secret 7", stderr, said), OPTIONS_READ);
    check_number(s.port, 7);
    check_string(said, "");
}

static void operands_stand_between_the_options_and_behind_the_end_of_them(void **state)
{
    (void)state;
    bool quiet = false;
    const struct option options[] = { { 'q', "quiet", NULL, "no words", NULL, NULL, NULL, &quiet } };
    const char *words[] = { "test", "one", "-", "-q", "-5", "--", "--quiet", "--", NULL };
    char *arguments[sizeof words / sizeof *words];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) arguments[i] = (char *)words[i];
    struct operands operands = { .list = arguments };
    check_number(options_read_operands(&usage, options, 1, 8, arguments, &operands), OPTIONS_READ);
    const char *expected[] = { "one", "-", "-5", "--quiet", "--" };
    check(quiet);
    check_number(operands.count, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < operands.count; i++) check_string(operands.list[i], expected[i]);
}

static void wrong_arguments_get_one_sentence_and_status_2(void **state)
{
    (void)state;
    static const struct {
        const char *arguments, *sentence;
    } wrong[] = {
        { "--prot 1", "unknown option \"--prot\": did you mean --port?" },
        { "--colr=red", "unknown option \"--colr=red\": did you mean --colour?" },
        { "--secre 1", "unknown option \"--secre\"; plait test --help lists the options" },
        { "-x", "unknown option \"-x\"; plait test --help lists the options" },
        { "--port", "--port needs a value: N" },
        { "--port 65536", "--port: \"65536\" is not a port number from 0 to 65535" },
        { "--port= -q", "--port: \"\" is not a port number from 0 to 65535" },
        { "-j 0", "--jobs: \"0\" is not a whole number from 1 to 1024" },
        { "-j -1", "--jobs: \"-1\" is not a whole number from 1 to 1024" },
        { "-j 4x", "--jobs: \"4x\" is not a whole number from 1 to 1024" },
        { "-j 99999999999999999999", "--jobs: \"99999999999999999999\" is not a whole number from 1 to 1024" },
        { "--quiet=1", "--quiet takes no value" },
        { "-qx", "--quiet takes no value" },
        { "-c gren", "--colour: \"gren\" is not one of red, green, blue: did you mean \"green\"?" },
        { "-c 1", "--colour: \"1\" is not one of red, green, blue" },
        { "-w soon", "--wait-for-the-answer: \"soon\" is not a duration such as 50ms, 1.5s, 2m or 0" },
        { "--url=", "--url: \"\" is not a URL" },
        { "word", "\"word\" is not an option, and nothing else is taken here" },
        { "-", "\"-\" is not an option, and nothing else is taken here" },
        { "-- -q", "\"-q\" is not an option, and nothing else is taken here" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct settings s;
        char said[4096], expected[512];
        check_number(read_arguments(&s, wrong[i].arguments, stderr, said), COMMAND_USAGE);
        snprintf(expected, sizeof expected, "plait test: %s\n", wrong[i].sentence);
        check_string(said, expected);
    }
}

static void help_comes_from_the_same_table_and_begins_with_examples(void **state)
{
    (void)state;
    struct settings s;
    char said[4096];
    check_number(read_arguments(&s, "--port x --help", stderr, said), COMMAND_USAGE);
    check_number(read_arguments(&s, "--port 1 --help", stdout, said), COMMAND_DONE);
    check_string(said, "Examples:\n"
                       "  plait test --port 1\n"
                       "\n"
                       "Usage: plait test [options]\n"
                       "\n"
                       "Does nothing.\n"
                       "\n"
                       "Options:\n"
                       "  -p, --port N            the port\n"
                       "  -j, --jobs N            how many\n"
                       "                          (at most)\n"
                       "  -c, --colour NAME       which\n"
                       "      --url URL           where\n"
                       "  -w, --wait-for-the-answer TIME\n"
                       "                          how long\n"
                       "  -q, --quiet             no words\n"
                       "  -h, --help              this text\n"
                       "\n"
                       "That is all.\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations),
        cmocka_unit_test(lists_of_currencies),
        cmocka_unit_test(suggestions),
        cmocka_unit_test(options_are_read_in_all_their_forms),
        cmocka_unit_test(operands_stand_between_the_options_and_behind_the_end_of_them),
        cmocka_unit_test(wrong_arguments_get_one_sentence_and_status_2),
        cmocka_unit_test(help_comes_from_the_same_table_and_begins_with_examples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
