/* rates.h: what the pages about exchange rates have in common: one request, and one row of the
   table that they all print. They ask the server that RATES_URL names, else the one on this
   machine's port 8080, which `plait serve --port 8080` starts. */
#ifndef RATES_H
#define RATES_H

#include <plait.h>
#include <plait/http.h>
#include <stdlib.h>
#include <string.h>

enum { CURRENCIES = 5 };

struct currency {
    char code[4];
};
struct rates {
    struct currency base;
    double values[CURRENCIES]; /* of one unit of the base, in each of them */
};

static struct currency currencies[CURRENCIES] = { { "USD" }, { "EUR" }, { "PLN" }, { "NOK" }, { "CZK" } };

/* {"base":"USD","rates":{"EUR":0.8867606633,…}}. The base itself may be left out: it is worth 1. */
static int read_rates(const char *answer, struct rates *rates)
{
    for (int i = 0; i < CURRENCIES; i++) {
        const char *code = currencies[i].code, *at;
        char key[24];
        snprintf(key, sizeof key, "\"%s\":", code);
        if ((at = strstr(answer, key))) rates->values[i] = strtod(at + strlen(key), NULL);
        else if (strcmp(code, rates->base.code) == 0) rates->values[i] = 1;
        else return plait_fail(PLAIT_EPROTOCOL, "the answer has no rate for %s: %.200s", code, answer);
    }
    return 0;
}

/* Fetches the rates of one base: a task. In a thread it blocks, in a coroutine it yields. */
static int fetch_rates(const struct currency *base, struct rates *rates)
{
    const char *server = getenv("RATES_URL");
    char url[200];
    snprintf(url, sizeof url, "%s/latest?base=%s", server ? server : "http://127.0.0.1:8080", base->code);

    rates->base = *base;
    plait_http_response res = { 0 };
    int err = plait_http_get(url, &(plait_http_options){ .deadline = plait_after(30 * PLAIT_SECOND) }, &res);
    if (!err && res.status != 200) err = plait_fail(PLAIT_EPROTOCOL, "%s: status %d", url, res.status);
    if (!err) err = read_rates(res.body.data, rates);
    plait_http_response_clear(&res);
    return err;
}
PLAIT_TASK(fetch_rates, struct currency, struct rates);

/* Prints "1 USD =     1.0 USD,   0.887 EUR, …" in one write, so that no other row gets in between. */
static void print_row(const struct rates *rates)
{
    char row[200];
    int end = snprintf(row, sizeof row, "1 %s =", rates->base.code);
    for (int i = 0; i < CURRENCIES; i++) {
        char number[20];
        snprintf(number, sizeof number, "%.3g", rates->values[i]);
        if (!strpbrk(number, ".e")) strcat(number, ".0");
        const char *comma = i ? "," : "", *code = currencies[i].code;
        end += snprintf(row + end, sizeof row - (size_t)end, "%s %7s %s", comma, number, code);
    }
    puts(row);
}

static void print_elapsed(int64_t since)
{
    printf("\ntime elapsed: %.2fs\n", (double)(plait_time() - since) / PLAIT_SECOND);
}

#endif
