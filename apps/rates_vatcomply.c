/* rates_vatcomply.c: /rates as vatcomply answers it: the euro and the base are always among the rates, as 1.0; with another
   base than the euro all are rounded to six places; codes count as they are written. There is one day's data: a date
   from that day on gives them, an earlier one gives none. */
#include "apps/json_text.h"
#include "apps/rates_2019_04_09.h"
#include "apps/rates_api.h"
#include <stdlib.h>
#include <string.h>

static double six_places(double value)
{
    char text[400];
    snprintf(text, sizeof text, "%.6f", value);
    return strtod(text, NULL);
}

static bool is_date(const char *text)
{
    static const char form[] = "dddd-dd-dd";
    for (int i = 0; form[i]; i++)
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i]) return false;
    return text[sizeof form - 1] == 0;
}

static bool is_in_calendar(const char *date)
{
    long year = strtol(date, NULL, 10), month = strtol(date + 5, NULL, 10), day = strtol(date + 8, NULL, 10);
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    int days[] = { 31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

void rates_vatcomply(const struct rates_parameters *parameters, FILE *body, struct rates_answer *answer)
{
    const char *base_code = parameters->base ? parameters->base : "EUR", *date = parameters->date;
    const char *symbols = parameters->symbols && *parameters->symbols ? parameters->symbols : NULL;
    const struct ecb_rate *base = rates_find(base_code, strlen(base_code));
    if (!base) {
        rates_refuse(answer, body, 400, "detail", "Base currency '%s' is not supported.", base_code);
        return;
    }
    size_t length;
    for (const char *rest = symbols, *item; (item = rates_next_item(&rest, &length));) {
        if (rates_find(item, length)) continue;
        rates_refuse(answer, body, 400, "detail", "Currency '%.*s' is not supported.", (int)length, item);
        return;
    }
    if (date && *date && !is_date(date)) {
        rates_refuse(answer, body, 400, "detail", "Invalid date format: '%s'. Expected format: YYYY-MM-DD", date);
        return;
    }
    if (date && *date && !is_in_calendar(date)) {
        rates_refuse(answer, body, 400, "detail", "Invalid date: '%s'. Expected a valid date in YYYY-MM-DD format.",
                     date);
        return;
    }
    if (date && *date && strcmp(date, RATES_2019_04_09_DATE) < 0) {
        rates_refuse(answer, body, 404, "detail", "No rate data available for the specified date.");
        return;
    }
    fprintf(body, "{\"date\":\"%s\",\"base\":\"%s\",\"rates\":{", RATES_2019_04_09_DATE, base->code);
    const char *comma = "";
    for (const struct ecb_rate *rate = rates_2019_04_09; rate < rates_2019_04_09 + RATES_2019_04_09_COUNT; rate++) {
        if (symbols && !rates_listed(symbols, rate->code)) continue;
        fprintf(body, "%s\"%s\":", comma, rate->code);
        json_text_number(body, six_places(rates_value(rate) / rates_value(base)));
        comma = ",";
    }
    fputs("}}", body);
}
