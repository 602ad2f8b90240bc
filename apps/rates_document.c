/* rates_document.c: reads the answer of a rates API. What must hold: no answer, however odd, gives a rate that is not a
   positive number of sensible size; each failure is one line that names the URL and the cause. */
#include "apps/rates_document.h"
#include <jansson.h>
#include <plait/error.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* No exchange rate has ever been further from 1. */
#define RATE_MOST 1e18

enum { URL_SHOWN = 100, WORDS_SHOWN = 80 };

/* Text from elsewhere as it may be shown: cut, without control characters. */
static const char *shown(char to[WORDS_SHOWN + 4], const char *text)
{
    size_t length = strnlen(text, WORDS_SHOWN);
    for (size_t i = 0; i < length; i++) to[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i];
    strcpy(to + length, text[length] ? "..." : "");
    return to;
}

static int __attribute__((format(printf, 3, 4)))
fail(const struct rates_reply *reply, const char *phase, const char *format, ...)
{
    char cause[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(cause, sizeof cause, format, arguments);
    va_end(arguments);
    bool cut = strlen(reply->url) > URL_SHOWN;
    return plait_fail(PLAIT_EPROTOCOL, "%.*s%s: %s: %s", URL_SHOWN, reply->url, cut ? "..." : "", phase, cause);
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* What an answer says went wrong, or NULL: {"error": "…"}, {"error": {"info": "…"}}, {"message": "…"} and the like. */
static const char *complaint(const json_t *answer)
{
    static const char *const keys[] = { "info", "message", "detail", "description", "error-type", "type", "error" };
    const json_t *inner = json_object_get(answer, "error");
    if (!json_is_object(inner)) inner = answer;
    for (const json_t *where = inner; where; where = where == answer ? NULL : answer)
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
            if (text_of(where, keys[i])) return text_of(where, keys[i]);
    return NULL;
}

static bool is_an_error(const json_t *answer)
{
    const json_t *error = json_object_get(answer, "error");
    const char *result = text_of(answer, "result");
    return json_is_false(json_object_get(answer, "success")) || (result && strcmp(result, "error") == 0) ||
           json_is_string(error) || json_is_object(error) || json_is_true(error);
}

/* The rate of `symbol` in an array of pairs. */
static const json_t *find_pair(const json_t *pairs, const char *symbol)
{
    for (size_t i = 0; i < json_array_size(pairs); i++) {
        const json_t *pair = json_array_get(pairs, i);
        const char *quote = text_of(pair, "quote");
        if (quote && strcmp(quote, symbol) == 0) return json_object_get(pair, "rate");
    }
    return NULL;
}

static const json_t *find_rate(const json_t *answer, const char *base, const char *symbol)
{
    if (json_is_array(answer)) return find_pair(answer, symbol);
    char both[8];
    snprintf(both, sizeof both, "%s%s", base, symbol);
    const json_t *rate = json_object_get(json_object_get(answer, "rates"), symbol);
    if (!rate) rate = json_object_get(json_object_get(answer, "conversion_rates"), symbol);
    return rate ? rate : json_object_get(json_object_get(answer, "quotes"), both);
}

static bool has_rates(const json_t *answer)
{
    return json_is_array(answer) || json_is_object(json_object_get(answer, "rates")) ||
           json_is_object(json_object_get(answer, "conversion_rates")) ||
           json_is_object(json_object_get(answer, "quotes"));
}

/* The base that the answer says it is for, or NULL. */
static const char *base_of(const json_t *answer)
{
    if (json_is_array(answer)) return text_of(json_array_get(answer, 0), "base");
    const char *base = text_of(answer, "base");
    if (!base) base = text_of(answer, "base_code");
    return base ? base : text_of(answer, "source");
}

static int read_rate(const struct rates_reply *reply, const char *symbol, const json_t *rate, double amount,
                     double *value)
{
    char words[WORDS_SHOWN + 4];
    if (json_is_string(rate))
        return fail(reply, "rates", "the rate for %s is the text \"%s\", not a number", symbol,
                    shown(words, json_string_value(rate)));
    if (!json_is_number(rate)) return fail(reply, "rates", "the rate for %s is not a number", symbol);
    *value = json_number_value(rate) / amount;
    if (!(*value > 0)) return fail(reply, "rates", "the rate for %s is %g, which no rate can be", symbol, *value);
    if (*value > RATE_MOST || *value < 1 / RATE_MOST)
        return fail(reply, "rates", "the rate for %s is %g, out of all proportion", symbol, *value);
    return 0;
}

static int read_rates(const struct rates_reply *reply, const json_t *answer, const char *base,
                      const struct currencies *symbols, struct rates *rates)
{
    char words[WORDS_SHOWN + 4];
    const char *said = complaint(answer), *of = base_of(answer);
    if (is_an_error(answer) || (said && !has_rates(answer)))
        return fail(reply, "rates", "the server says: %s", said ? shown(words, said) : "error");
    if (!has_rates(answer)) return fail(reply, "rates", "there are none in the answer");
    if (of && strcasecmp(of, base) != 0)
        return fail(reply, "rates", "the answer is for %s instead of %s", shown(words, of), base);
    const json_t *multiple = json_object_get(answer, "amount");
    double amount = multiple ? json_number_value(multiple) : 1;
    if (!(amount > 0)) return fail(reply, "rates", "the amount is no positive number");
    for (size_t i = 0; i < symbols->count; i++) {
        const char *symbol = symbols->codes[i];
        const json_t *rate = find_rate(answer, base, symbol);
        if (!rate && strcmp(symbol, base) != 0) return fail(reply, "rates", "none for %s in the answer", symbol);
        rates->values[i] = 1;
        int error = rate ? read_rate(reply, symbol, rate, amount, &rates->values[i]) : 0;
        if (error) return error;
    }
    return 0;
}

int rates_document_read(const struct rates_reply *reply, const char *base, const struct currencies *symbols,
                        struct rates *rates)
{
    char words[WORDS_SHOWN + 4];
    json_error_t where;
    const char *body = reply->body;
    json_t *answer = reply->size ? json_loadb(body, reply->size, 0, &where) : NULL;
    const char *said = complaint(answer);
    int error;
    if (reply->status != 200)
        error =
            fail(reply, "response", "status %d%s%s", reply->status, said ? ": " : "", said ? shown(words, said) : "");
    else if (answer) error = read_rates(reply, answer, base, symbols, rates);
    else if (reply->size == 0) error = fail(reply, "json", "the answer is empty");
    else if (body[0] == '<') error = fail(reply, "json", "the answer is HTML or XML, not JSON");
    else error = fail(reply, "json", "line %d, column %d: %s", where.line, where.column, shown(words, where.text));
    json_decref(answer);
    return error;
}
