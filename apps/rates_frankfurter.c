/* rates_frankfurter.c: /v1/latest and /v1/currencies as Frankfurter answers them: codes in any case, from and to as other
   names of base and symbols, symbols that it does not know left out, the base never among the rates, rates rounded by
   their size, except that the euro as base with amount 1 keeps the ECB's digits. */
#include "apps/json_text.h"
#include "apps/rates_2019_04_09.h"
#include "apps/rates_api.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The MD5 of the date, in quotes. */
#define ETAG "\"bbcd148d76668ae0e2a2dda94c9f09a0\""

#define AMOUNT_LIMIT 1e300 /* times any rate it is still a number */

static void begin(struct rates_answer *answer)
{
    answer->content_type = "application/json; charset=utf-8";
    rates_answer_add(answer, "Access-Control-Allow-Origin", "*");
}

static void may_be_kept(struct rates_answer *answer)
{
    rates_answer_add(answer, "Cache-Control", "public, max-age=86400");
    rates_answer_add(answer, "ETag", ETAG);
}

/* The fewer places the larger the rate: whole from 5000 on, six below 0.0001. */
static void print_rounded(FILE *body, double value)
{
    static const struct {
        double above;
        int places;
    } rules[] = { { 5000, 0 }, { 80, 2 }, { 20, 3 }, { 1, 4 }, { 0.0001, 5 }, { -1, 6 } };
    char text[400];
    int rule = 0;
    while (value <= rules[rule].above) rule++;
    if (rules[rule].places == 0) {
        fprintf(body, "%.0f", value < 1e15 ? (double)(int64_t)(value + 0.5) : value); /* a half goes up */
        return;
    }
    snprintf(text, sizeof text, "%.*f", rules[rule].places, value);
    json_text_number(body, strtod(text, NULL));
}

/* The number that `text` begins with, 0 if it begins with none: "10abc" is 10, "abc" is 0. */
static double leading_number(const char *text)
{
    const char *digits = text + strspn(text, " \t\n");
    if (*digits == '-' || *digits == '+') digits++;
    bool hexadecimal = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    return (isdigit((unsigned char)*digits) || *digits == '.') && !hexadecimal ? strtod(text, NULL) : 0;
}

static char *upper(const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    for (char *c = copy; c && *c; c++) *c = (char)toupper((unsigned char)*c);
    return copy;
}

static void print_rates(FILE *body, const struct ecb_rate *base, const char *symbols, double amount)
{
    bool digits_of_the_ecb = strcmp(base->code, "EUR") == 0 && amount == 1;
    const char *comma = "";
    for (const struct ecb_rate *rate = rates_2019_04_09; rate < rates_2019_04_09 + RATES_2019_04_09_COUNT; rate++) {
        if (rate == base || (symbols && !rates_listed(symbols, rate->code))) continue;
        fprintf(body, "%s\"%s\":", comma, rate->code);
        if (digits_of_the_ecb) fputs(rate->rate, body);
        else print_rounded(body, amount * rates_value(rate) / rates_value(base));
        comma = ",";
    }
}

static bool any_rate(const struct ecb_rate *base, const char *symbols)
{
    for (const struct ecb_rate *rate = rates_2019_04_09; rate < rates_2019_04_09 + RATES_2019_04_09_COUNT; rate++)
        if (rate != base && (!symbols || rates_listed(symbols, rate->code))) return true;
    return false;
}

static void latest(const char *base_code, const char *symbols, const char *amount_text, FILE *body,
                   struct rates_answer *answer)
{
    double amount = amount_text ? leading_number(amount_text) : 1;
    if (!(amount > 0 && amount < AMOUNT_LIMIT)) {
        rates_refuse(answer, body, 422, "message", "invalid amount");
        return;
    }
    if (base_code && symbols && strcmp(base_code, symbols) == 0) {
        rates_refuse(answer, body, 422, "message", "bad currency pair");
        return;
    }
    const struct ecb_rate *base = rates_find(base_code ? base_code : "EUR", base_code ? strlen(base_code) : 3);
    if (!base || !any_rate(base, symbols)) {
        rates_refuse(answer, body, 404, "message", "not found");
        return;
    }
    may_be_kept(answer);
    fputs("{\"amount\":", body);
    json_text_number(body, amount);
    fprintf(body, ",\"base\":\"%s\",\"date\":\"%s\",\"rates\":{", base->code, RATES_2019_04_09_DATE);
    print_rates(body, base, symbols, amount);
    fputs("}}", body);
}

void rates_frankfurter(const struct rates_parameters *parameters, FILE *body, struct rates_answer *answer)
{
    begin(answer);
    char *base = upper(parameters->from ? parameters->from : parameters->base);
    char *symbols = upper(parameters->to ? parameters->to : parameters->symbols);
    for (size_t end = symbols ? strlen(symbols) : 0; end > 0 && symbols[end - 1] == ','; end--) symbols[end - 1] = 0;
    latest(base, symbols, parameters->amount, body, answer);
    free(base);
    free(symbols);
}

void rates_frankfurter_currencies(const struct rates_parameters *parameters, FILE *body, struct rates_answer *answer)
{
    (void)parameters;
    begin(answer);
    may_be_kept(answer);
    for (int i = 0; i < RATES_2019_04_09_COUNT; i++)
        fprintf(body, "%s\"%s\":\"%s\"", i ? "," : "{", rates_2019_04_09[i].code, rates_2019_04_09[i].name);
    fputc('}', body);
}
