/* test_rates_api.c: what `plait serve` answers, for each of its three APIs, without a network. */
#include "apps/rates_2019_04_09.h"
#include "apps/rates_api.h"
#include "check.h"
#include <jansson.h>

/* Asks, keeps the answer until the next question, and returns its body. */
static struct rates_answer answer;

static const char *ask_as(const char *method, const char *target, const char *if_none_match)
{
    char path[4096];
    snprintf(path, sizeof path, "%s", target);
    char *query = strchr(path, '?');
    if (query) *query++ = 0;
    plait_bytes_clear(&answer.body);
    struct rates_question question = { method, path, query ? query : "", if_none_match };
    check_code(rates_answer(&question, &answer), 0);
    return answer.body.data ? answer.body.data : "";
}

static const char *ask(const char *target) { return ask_as("GET", target, NULL); }

static const char *header(const char *name)
{
    for (size_t i = 0; i < answer.header_count; i++)
        if (strcmp(answer.headers[i].name, name) == 0) return answer.headers[i].value;
    return "";
}

struct expected {
    const char *target;
    int status;
    const char *body;
};

static void check_all(const struct expected *expected, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_string(ask(expected[i].target), expected[i].body);
        check_number(answer.status, expected[i].status);
        json_t *document = json_loads(answer.body.data, 0, NULL);
        check(document);
        json_decref(document);
    }
}
#define check_answers(table) check_all(table, sizeof(table) / sizeof *(table))

static void latest_answers_as_exchangeratesapi(void **state)
{
    (void)state;
    static const struct expected expected[] = {
        { "/latest?base=USD&symbols=PLN", 200,
          "{\"base\":\"USD\",\"date\":\"2019-04-09\",\"rates\":{\"PLN\":3.801542963554137}}" },
        { "/latest?base=USD&symbols=USD", 200, "{\"base\":\"USD\",\"date\":\"2019-04-09\",\"rates\":{\"USD\":1.0}}" },
        { "/latest?symbols=USD,CHF", 200,
          "{\"base\":\"EUR\",\"date\":\"2019-04-09\",\"rates\":{\"CHF\":1.127,\"USD\":1.1277}}" },
        { "/latest?base=&symbols=USD%2CUSD", 200,
          "{\"base\":\"EUR\",\"date\":\"2019-04-09\",\"rates\":{\"USD\":1.1277}}" },
        { "/latest?base=XXX", 400, "{\"error\":\"Base 'XXX' is not supported.\"}" },
        { "/latest?base=usd", 400, "{\"error\":\"Base 'usd' is not supported.\"}" },
        { "/latest?base=USD%20", 400, "{\"error\":\"Base 'USD ' is not supported.\"}" },
        { "/latest?base=%22%5C%0a%C3%A9", 400, "{\"error\":\"Base '\\\"\\\\\\u000a\xc3\xa9' is not supported.\"}" },
        { "/latest?base=%ff", 400, "{\"error\":\"Base '\\u00ff' is not supported.\"}" },
        { "/latest?symbols=USD,XXX", 400, "{\"error\":\"Symbols 'USD,XXX' are invalid for date 2019-04-09.\"}" },
        { "/latest?symbols=EUR", 400, "{\"error\":\"Symbols 'EUR' are invalid for date 2019-04-09.\"}" },
        { "/latest?symbols=USD,", 400, "{\"error\":\"Symbols 'USD,' are invalid for date 2019-04-09.\"}" },
    };
    check_answers(expected);
    (void)ask("/latest?base=USD");
    check_string(answer.content_type, "application/json");
    check_string(header("Access-Control-Allow-Origin"), "*");
}

/* How many rates the answer has, and that of one currency (0: none). */
static size_t rates_in(const char *body, const char *code, double *rate)
{
    json_t *document = json_loads(body, 0, NULL), *rates = json_object_get(document, "rates");
    size_t count = json_object_size(rates);
    *rate = json_number_value(json_object_get(rates, code));
    json_decref(document);
    return count;
}

static void the_base_is_among_the_rates_as_each_api_has_it(void **state)
{
    (void)state;
    double rate;
    check_number(rates_in(ask("/latest?base=USD"), "USD", &rate), 33);
    check(rate == 1);
    check_number(rates_in(ask("/latest"), "EUR", &rate), 32);
    check(rate == 0);
    check_number(rates_in(ask("/rates?base=USD"), "USD", &rate), 33);
    check(rate == 1);
    check_number(rates_in(ask("/rates"), "EUR", &rate), 33);
    check(rate == 1);
    check_number(rates_in(ask("/v1/latest?base=USD"), "USD", &rate), 32);
    check(rate == 0);
    check_number(rates_in(ask("/v1/latest"), "EUR", &rate), 32);
    check(rate == 0);
}

/* The figures that were published for that day and base, to ten places. */
static void the_quotients_for_the_dollar_are_those_known(void **state)
{
    (void)state;
    char path[1024];
    snprintf(path, sizeof path, "%s/tests/data/rates-2019-04-09-usd.json", getenv("PLAIT_SOURCE_DIR"));
    json_t *known = json_load_file(path, 0, NULL), *ours = json_loads(ask("/latest?base=USD"), 0, NULL);
    check(known && ours);
    json_t *known_rates = json_object_get(known, "rates"), *our_rates = json_object_get(ours, "rates"), *rate;
    check_number(json_object_size(known_rates), 33);
    const char *code;
    json_object_foreach(known_rates, code, rate)
    {
        char theirs[1024], mine[1024];
        snprintf(theirs, sizeof theirs, "%s %.10f", code, json_number_value(rate));
        snprintf(mine, sizeof mine, "%s %.10f", code, json_number_value(json_object_get(our_rates, code)));
        check_string(mine, theirs);
    }
    json_decref(known);
    json_decref(ours);
}

/* Numbers are written so that reading gives the very double that was meant. */
static void quotients_are_not_rounded(void **state)
{
    (void)state;
    for (int b = 0; b < RATES_2019_04_09_COUNT; b++) {
        char target[64];
        snprintf(target, sizeof target, "/latest?base=%.3s", rates_2019_04_09[b].code);
        json_t *document = json_loads(ask(target), 0, NULL), *rates = json_object_get(document, "rates");
        for (int q = 0; q < RATES_2019_04_09_COUNT; q++) {
            json_t *rate = json_object_get(rates, rates_2019_04_09[q].code);
            double meant = strtod(rates_2019_04_09[q].rate, NULL) / strtod(rates_2019_04_09[b].rate, NULL);
            if (rate) check(json_number_value(rate) == meant);
        }
        json_decref(document);
    }
}

static void rates_answers_as_vatcomply(void **state)
{
    (void)state;
    static const struct expected expected[] = {
        { "/rates?base=USD&symbols=PLN,EUR,USD", 200,
          "{\"date\":\"2019-04-09\",\"base\":\"USD\",\"rates\":{\"EUR\":0.886761,\"PLN\":3.801543,\"USD\":1.0}}" },
        { "/rates?symbols=IDR", 200, "{\"date\":\"2019-04-09\",\"base\":\"EUR\",\"rates\":{\"IDR\":15937.78}}" },
        { "/rates?base=IDR&symbols=USD", 200,
          "{\"date\":\"2019-04-09\",\"base\":\"IDR\",\"rates\":{\"USD\":7.1e-05}}" },
        { "/rates?symbols=USD&date=2019-04-09", 200,
          "{\"date\":\"2019-04-09\",\"base\":\"EUR\",\"rates\":{\"USD\":1.1277}}" },
        { "/rates?symbols=USD&date=2024-02-29", 200,
          "{\"date\":\"2019-04-09\",\"base\":\"EUR\",\"rates\":{\"USD\":1.1277}}" },
        { "/rates?base=XXX", 400, "{\"detail\":\"Base currency 'XXX' is not supported.\"}" },
        { "/rates?base=", 400, "{\"detail\":\"Base currency '' is not supported.\"}" },
        { "/rates?symbols=USD,12345", 400, "{\"detail\":\"Currency '12345' is not supported.\"}" },
        { "/rates?date=abc", 400, "{\"detail\":\"Invalid date format: 'abc'. Expected format: YYYY-MM-DD\"}" },
        { "/rates?date=2019-04-091", 400,
          "{\"detail\":\"Invalid date format: '2019-04-091'. Expected format: YYYY-MM-DD\"}" },
        { "/rates?date=2019-02-29", 400,
          "{\"detail\":\"Invalid date: '2019-02-29'. Expected a valid date in YYYY-MM-DD format.\"}" },
        { "/rates?date=2019-13-01", 400,
          "{\"detail\":\"Invalid date: '2019-13-01'. Expected a valid date in YYYY-MM-DD format.\"}" },
        { "/rates?date=2019-04-08", 404, "{\"detail\":\"No rate data available for the specified date.\"}" },
    };
    check_answers(expected);
}

static void v1_latest_answers_as_frankfurter(void **state)
{
    (void)state;
    static const struct expected expected[] = {
        { "/v1/latest?base=USD&symbols=ZAR,EUR,XXX,USD", 200,
          "{\"amount\":1.0,\"base\":\"USD\",\"date\":\"2019-04-09\",\"rates\":{\"EUR\":0.88676,\"ZAR\":14.0299}}" },
        { "/v1/current?from=usd&to=huf,jpy,krw,idr", 200,
          "{\"amount\":1.0,\"base\":\"USD\",\"date\":\"2019-04-09\",\"rates\":"
          "{\"HUF\":285.09,\"IDR\":14133,\"JPY\":111.3,\"KRW\":1139.45}}" },
        { "/v1/latest?from=USD&base=CHF&to=EUR&symbols=PLN", 200,
          "{\"amount\":1.0,\"base\":\"USD\",\"date\":\"2019-04-09\",\"rates\":{\"EUR\":0.88676}}" },
        { "/v1/latest?symbols=IDR,RUB,CZK,USD,", 200,
          "{\"amount\":1.0,\"base\":\"EUR\",\"date\":\"2019-04-09\",\"rates\":"
          "{\"CZK\":25.618,\"IDR\":15937.78,\"RUB\":73.0029,\"USD\":1.1277}}" },
        { "/v1/latest?amount=10&symbols=IDR,RUB,GBP", 200,
          "{\"amount\":10.0,\"base\":\"EUR\",\"date\":\"2019-04-09\",\"rates\":{\"GBP\":8.6335,\"IDR\":159378,\"RUB\":730.03}}" },
        { "/v1/latest?base=IDR&symbols=USD,EUR", 200,
          "{\"amount\":1.0,\"base\":\"IDR\",\"date\":\"2019-04-09\",\"rates\":{\"EUR\":6.3e-05,\"USD\":7.1e-05}}" },
        { "/v1/latest?amount=2.5x&from=USD&to=EUR", 200,
          "{\"amount\":2.5,\"base\":\"USD\",\"date\":\"2019-04-09\",\"rates\":{\"EUR\":2.2169}}" },
        { "/v1/latest?amount=5000&from=EUR&to=USD", 200,
          "{\"amount\":5000.0,\"base\":\"EUR\",\"date\":\"2019-04-09\",\"rates\":{\"USD\":5639}}" },
        { "/v1/latest?base=XXX", 404, "{\"message\":\"not found\"}" },
        { "/v1/latest?base=", 404, "{\"message\":\"not found\"}" },
        { "/v1/latest?symbols=XXX", 404, "{\"message\":\"not found\"}" },
        { "/v1/latest?symbols=EUR", 404, "{\"message\":\"not found\"}" },
        { "/v1/latest?symbols=", 404, "{\"message\":\"not found\"}" },
        { "/v1/latest?base=usd&symbols=USD", 422, "{\"message\":\"bad currency pair\"}" },
        { "/v1/latest?from=eur&to=EUR", 422, "{\"message\":\"bad currency pair\"}" },
        { "/v1/latest?amount=abc", 422, "{\"message\":\"invalid amount\"}" },
        { "/v1/latest?amount=0", 422, "{\"message\":\"invalid amount\"}" },
        { "/v1/latest?amount=-1", 422, "{\"message\":\"invalid amount\"}" },
        { "/v1/latest?amount=", 422, "{\"message\":\"invalid amount\"}" },
        { "/v1/latest?amount=0x10", 422, "{\"message\":\"invalid amount\"}" },
        { "/v1/latest?amount=inf", 422, "{\"message\":\"invalid amount\"}" },
        { "/v1/latest?amount=nan", 422, "{\"message\":\"invalid amount\"}" },
        { "/v1/latest?amount=1e999", 422, "{\"message\":\"invalid amount\"}" },
    };
    check_answers(expected);
    (void)ask("/v1/latest");
    check_string(answer.content_type, "application/json; charset=utf-8");
    check_string(header("Cache-Control"), "public, max-age=86400");
    check_string(header("Access-Control-Allow-Origin"), "*");
    check(strlen(header("ETag")) == 34);
    check_contains(ask("/v1/currencies"), "{\"AUD\":\"Australian Dollar\",\"BGN\":");
    check_contains(ask("/v1/currencies"), "\"EUR\":\"Euro\"");
    check_number(answer.status, 200);
}

static void keys_are_sorted(void **state)
{
    (void)state;
    for (int i = 1; i < RATES_2019_04_09_COUNT; i++)
        check(strcmp(rates_2019_04_09[i - 1].code, rates_2019_04_09[i].code) < 0);
}

static void failures_are_not_to_be_kept(void **state)
{
    (void)state;
    static const char *const targets[] = { "/latest?base=XXX",    "/rates?base=XXX", "/v1/latest?base=XXX",
                                           "/v1/latest?amount=0", "/nothing",        "/healthz" };
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        (void)ask(targets[i]);
        check_string(header("Cache-Control"), "no-store");
        check_string(header("ETag"), "");
    }
}

static void what_is_unchanged_is_not_sent_again(void **state)
{
    (void)state;
    (void)ask("/v1/latest");
    char tag[64], list[256];
    snprintf(tag, sizeof tag, "%s", header("ETag"));
    snprintf(list, sizeof list, "\"other\", W/%s", tag);
    const char *same[] = { tag, list, "*" };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        check_string(ask_as("GET", "/v1/latest", same[i]), "");
        check_number(answer.status, 304);
        check_string(header("ETag"), tag);
    }
    check(strlen(ask_as("GET", "/v1/latest", "\"other\"")) > 100);
    check_number(answer.status, 200);
    (void)ask_as("GET", "/v1/latest?base=XXX", tag);
    check_number(answer.status, 404);
}

static void paths_and_methods(void **state)
{
    (void)state;
    static const char *const unknown[] = { "/", "/v1", "/v1/", "/latest/", "/LATEST", "/v2/rates", "/v1/2019-04-09" };
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        check_string(ask(unknown[i]), "{\"message\":\"not found\"}");
        check_number(answer.status, 404);
        (void)ask_as("POST", unknown[i], NULL);
        check_number(answer.status, 404);
    }
    static const char *const known[] = {
        "/latest", "/rates", "/v1/latest", "/v1/current", "/v1/currencies", "/healthz"
    };
    static const char *const methods[] = { "POST", "PUT", "DELETE", "OPTIONS", "get" };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        for (size_t j = 0; j < sizeof methods / sizeof *methods; j++) {
            (void)ask_as(methods[j], known[i], NULL);
            check_number(answer.status, 405);
            check_string(header("Allow"), "GET, HEAD");
        }
        char body[8192];
        snprintf(body, sizeof body, "%s", ask(known[i]));
        check_number(answer.status, 200);
        check_string(ask_as("HEAD", known[i], NULL), body);
        check_number(answer.status, 200);
        check(rates_path_is_api(known[i]) == (strcmp(known[i], "/healthz") != 0));
    }
    check(!rates_path_is_api("/"));
    check_string(ask("/healthz"), "ok\n");
    check_string(answer.content_type, "text/plain; charset=utf-8");
}

static int clear(void **state)
{
    (void)state;
    plait_bytes_clear(&answer.body);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latest_answers_as_exchangeratesapi),
        cmocka_unit_test(the_base_is_among_the_rates_as_each_api_has_it),
        cmocka_unit_test(the_quotients_for_the_dollar_are_those_known),
        cmocka_unit_test(quotients_are_not_rounded),
        cmocka_unit_test(rates_answers_as_vatcomply),
        cmocka_unit_test(v1_latest_answers_as_frankfurter),
        cmocka_unit_test(keys_are_sorted),
        cmocka_unit_test(failures_are_not_to_be_kept),
        cmocka_unit_test(what_is_unchanged_is_not_sent_again),
        cmocka_unit_test(paths_and_methods),
    };
    return cmocka_run_group_tests(tests, NULL, clear);
}
