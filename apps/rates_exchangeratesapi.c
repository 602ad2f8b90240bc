/* rates_exchangeratesapi.c: /latest as the open-source exchangeratesapi answers it: quotients are not rounded; the base is
   among the rates unless it is the euro; codes count as they are written; a symbol that is not there fails the request. */
#include "apps/json_text.h"
#include "apps/rates_2019_04_09.h"
#include "apps/rates_api.h"
#include <string.h>

static void print_rate(FILE *body, const struct ecb_rate *rate, const struct ecb_rate *base, bool first)
{
    fprintf(body, "%s\"%s\":", first ? "" : ",", rate->code);
    json_text_number(body, rates_value(rate) / rates_value(base));
}

void rates_exchangeratesapi(const struct rates_parameters *parameters, FILE *body, struct rates_answer *answer)
{
    rates_answer_add(answer, "Access-Control-Allow-Origin", "*");
    const char *base_code = parameters->base && *parameters->base ? parameters->base : "EUR";
    const char *symbols = parameters->symbols && *parameters->symbols ? parameters->symbols : NULL;
    const struct ecb_rate *base = rates_find(base_code, strlen(base_code));
    if (!base) {
        rates_refuse(answer, body, 400, "error", "Base '%s' is not supported.", base_code);
        return;
    }
    bool euro = strcmp(base->code, "EUR") == 0;
    size_t length;
    for (const char *rest = symbols, *item; (item = rates_next_item(&rest, &length));) {
        const struct ecb_rate *rate = rates_find(item, length);
        if (rate && !(euro && rate == base)) continue;
        rates_refuse(answer, body, 400, "error", "Symbols '%s' are invalid for date %s.", symbols,
                     RATES_2019_04_09_DATE);
        return;
    }
    fprintf(body, "{\"base\":\"%s\",\"date\":\"%s\",\"rates\":{", base->code, RATES_2019_04_09_DATE);
    bool first = true;
    for (const struct ecb_rate *rate = rates_2019_04_09; rate < rates_2019_04_09 + RATES_2019_04_09_COUNT; rate++) {
        if ((symbols && !rates_listed(symbols, rate->code)) || (euro && rate == base)) continue;
        print_rate(body, rate, base, first);
        first = false;
    }
    fputs("}}", body);
}
