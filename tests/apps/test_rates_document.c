/* test_rates_document.c: answers of rates APIs as they come, good and bad. */
#include "apps/rates_document.h"
#include "check.h"

#define URL "http://host/latest?base=USD"

static struct rates rates;

static int read_as(const char *base, const char *wanted, int status, const char *body)
{
    static struct currencies symbols;
    check(currencies_read(wanted, &symbols));
    struct rates_reply reply = { URL, status, body, strlen(body) };
    memset(&rates, 0, sizeof rates);
    return rates_document_read(&reply, base, &symbols, &rates);
}

static void check_read(const char *body, double first, double second)
{
    check_code(read_as("USD", "EUR,USD", 200, body), 0);
    check(rates.values[0] == first && rates.values[1] == second);
}

static void the_shapes_of_the_apis_are_read(void **state)
{
    (void)state;
    check_read("{\"base\":\"USD\",\"date\":\"2019-04-09\",\"rates\":{\"EUR\":0.8867606633004035,\"USD\":1.0}}",
               0.8867606633004035, 1);
    check_read("{\"amount\":1.0,\"base\":\"USD\",\"date\":\"2019-04-09\",\"rates\":{\"EUR\":0.88676}}", 0.88676, 1);
    check_read("{\"amount\":10.0,\"base\":\"USD\",\"rates\":{\"EUR\":8.75}}", 0.875, 1);
    check_read("{\"result\":\"success\",\"base_code\":\"USD\",\"rates\":{\"USD\":1,\"EUR\":2}}", 2, 1);
    check_read("{\"result\":\"success\",\"base_code\":\"USD\",\"conversion_rates\":{\"USD\":1,\"EUR\":0.5}}", 0.5, 1);
    check_read("{\"success\":true,\"source\":\"USD\",\"quotes\":{\"USDEUR\":0.5}}", 0.5, 1);
    check_read("[{\"date\":\"2019-04-09\",\"base\":\"USD\",\"quote\":\"EUR\",\"rate\":0.5},"
               "{\"date\":\"2019-04-09\",\"base\":\"USD\",\"quote\":\"USD\",\"rate\":1.0}]",
               0.5, 1);
    check_read("{\"motd\":{\"msg\":\"hello\"},\"success\":true,\"base\":\"usd\",\"rates\":{\"EUR\":3}}", 3, 1);
    check_read("{\"rates\":{\"EUR\":1e-5}}", 1e-5, 1);
    check_read("\n {\"message\":\"new!\",\"error\":null,\"rates\":{\"EUR\":1}}\n", 1, 1);
}

static void what_no_answer_may_be_is_one_sentence(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body, *words;
    } bad[] = {
        { 404, "{\"message\":\"not found\"}", "response: status 404: not found" },
        { 400, "{\"error\":\"Base 'XXX' is not supported.\"}", "response: status 400: Base 'XXX' is not supported." },
        { 400, "{\"detail\":\"no\"}", "response: status 400: no" },
        { 500, "<html>", "response: status 500" },
        { 503, "", "response: status 503" },
        { 204, "", "response: status 204" },
        { 304, "{\"rates\":{\"EUR\":1,\"USD\":1}}", "response: status 304" },
        { 404, "{\"message\":\"red \x1b[31m\nline\"}", "response: status 404" },
        { 200, "", "json: the answer is empty" },
        { 200, "<!DOCTYPE html><html></html>", "json: the answer is HTML or XML, not JSON" },
        { 200, "{\"rates\":{\"EUR\":0.88", "json: line 1, column " },
        { 200, "{\"rates\":{\"EUR\":NaN}}", "json: line 1, column " },
        { 200, "{\"rates\":{\"EUR\":1e400}}", "json: line 1, column " },
        { 200, "{\"rates\":{\"EUR\":1}} more", "json: line 1, column " },
        { 200, "no rates today", "json: line 1, column " },
        { 200, "{\"success\":false,\"error\":{\"code\":104,\"type\":\"quota\",\"info\":\"used up\"}}",
          "rates: the server says: used up" },
        { 200, "{\"success\":false,\"error\":{\"code\":104,\"type\":\"quota\"}}", "rates: the server says: quota" },
        { 200, "{\"result\":\"error\",\"error-type\":\"quota-reached\"}", "rates: the server says: quota-reached" },
        { 200, "{\"error\":\"Rate limit exceeded\"}", "rates: the server says: Rate limit exceeded" },
        { 200, "{\"success\":false,\"rates\":{\"EUR\":1,\"USD\":1}}", "rates: the server says: error" },
        { 200, "{\"message\":\"moved\"}", "rates: the server says: moved" },
        { 200, "{}", "rates: there are none in the answer" },
        { 200, "{\"rates\":null}", "rates: there are none in the answer" },
        { 200, "{\"rates\":[1,2]}", "rates: there are none in the answer" },
        { 200, "[]", "rates: none for EUR in the answer" },
        { 200, "[1,\"x\",null]", "rates: none for EUR in the answer" },
        { 200, "{\"base\":\"EUR\",\"rates\":{\"EUR\":1,\"USD\":1.1}}", "rates: the answer is for EUR instead of USD" },
        { 200, "{\"rates\":{\"USD\":1}}", "rates: none for EUR in the answer" },
        { 200, "{\"rates\":{\"EUR\":0}}", "rates: the rate for EUR is 0, which no rate can be" },
        { 200, "{\"rates\":{\"EUR\":-0.5}}", "rates: the rate for EUR is -0.5, which no rate can be" },
        { 200, "{\"rates\":{\"EUR\":\"0.88\"}}", "rates: the rate for EUR is the text \"0.88\", not a number" },
        { 200, "{\"rates\":{\"EUR\":null}}", "rates: the rate for EUR is not a number" },
        { 200, "{\"rates\":{\"EUR\":[1]}}", "rates: the rate for EUR is not a number" },
        { 200, "{\"rates\":{\"EUR\":1e300}}", "rates: the rate for EUR is 1e+300, out of all proportion" },
        { 200, "{\"rates\":{\"EUR\":1e-300}}", "rates: the rate for EUR is 1e-300, out of all proportion" },
        { 200, "{\"amount\":0,\"rates\":{\"EUR\":1}}", "rates: the amount is no positive number" },
        { 200, "{\"amount\":\"1\",\"rates\":{\"EUR\":1}}", "rates: the amount is no positive number" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char expected[512];
        check_code(read_as("USD", "EUR,USD", bad[i].status, bad[i].body), PLAIT_EPROTOCOL);
        snprintf(expected, sizeof expected, "%s: %s", URL, bad[i].words);
        check_number(strncmp(plait_error()->message, expected, strlen(expected)), 0);
        if (expected[strlen(expected) - 1] != ' ') check_string(plait_error()->message, expected);
    }
}

static void what_a_server_says_cannot_reach_the_terminal_raw(void **state)
{
    (void)state;
    check_code(read_as("USD", "EUR", 500, "{\"message\":\"a\\u001b[31mb\\nc\\u007fd\"}"), PLAIT_EPROTOCOL);
    check_string(plait_error()->message, URL ": response: status 500: a [31mb c d");
    char body[400], long_words[300];
    memset(long_words, 'x', sizeof long_words - 1);
    long_words[sizeof long_words - 1] = 0;
    snprintf(body, sizeof body, "{\"message\":\"%s\"}", long_words);
    check_code(read_as("USD", "EUR", 500, body), PLAIT_EPROTOCOL);
    check(strlen(plait_error()->message) < 150);
    check_contains(plait_error()->message, "xxx...");
}

static void a_long_url_leaves_room_for_the_cause(void **state)
{
    (void)state;
    char url[1000];
    struct currencies symbols = { 1, { "EUR" } };
    memset(url, 'u', sizeof url - 1);
    url[sizeof url - 1] = 0;
    struct rates_reply reply = { url, 404, "", 0 };
    check_code(rates_document_read(&reply, "USD", &symbols, &rates), PLAIT_EPROTOCOL);
    check_contains(plait_error()->message, "uuu...: response: status 404");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shapes_of_the_apis_are_read),
        cmocka_unit_test(what_no_answer_may_be_is_one_sentence),
        cmocka_unit_test(what_a_server_says_cannot_reach_the_terminal_raw),
        cmocka_unit_test(a_long_url_leaves_room_for_the_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
