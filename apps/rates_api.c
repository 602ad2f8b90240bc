/* rates_api.c: finds who answers a request, and what the three APIs share. What must hold: a path that exists answers GET
   and HEAD; any other method on it is a 405, any other path a 404. */
#include "apps/rates_api.h"
#include "apps/json_text.h"
#include "apps/rates_2019_04_09.h"
#include <stdlib.h>
#include <string.h>

void rates_answer_add(struct rates_answer *answer, const char *name, const char *value)
{
    answer->headers[answer->header_count++] = (plait_http_header){ name, value };
}

void rates_refuse(struct rates_answer *answer, FILE *body, int status, const char *name, const char *format, ...)
{
    answer->status = status;
    rates_answer_add(answer, "Cache-Control", "no-store");
    va_list arguments;
    va_start(arguments, format);
    json_text_message(body, name, format, arguments);
    va_end(arguments);
}

const struct ecb_rate *rates_find(const char *code, size_t length)
{
    for (int i = 0; i < RATES_2019_04_09_COUNT; i++)
        if (length == 3 && memcmp(rates_2019_04_09[i].code, code, 3) == 0) return &rates_2019_04_09[i];
    return NULL;
}

double rates_value(const struct ecb_rate *rate) { return strtod(rate->rate, NULL); }

const char *rates_next_item(const char **rest, size_t *length)
{
    const char *item = *rest;
    if (!item) return NULL;
    *length = strcspn(item, ",");
    *rest = item[*length] ? item + *length + 1 : NULL;
    return item;
}

bool rates_listed(const char *list, const char *code)
{
    size_t length;
    for (const char *item; (item = rates_next_item(&list, &length));)
        if (length == strlen(code) && memcmp(item, code, length) == 0) return true;
    return false;
}

static void healthz(const struct rates_parameters *parameters, FILE *body, struct rates_answer *answer)
{
    (void)parameters;
    answer->content_type = "text/plain; charset=utf-8";
    rates_answer_add(answer, "Cache-Control", "no-store");
    fputs("ok\n", body);
}

static const struct route {
    const char *path;
    rates_speaker *speaker;
} routes[] = {
    { "/healthz", healthz }, /* first: the one that is not of an API */
    { "/latest", rates_exchangeratesapi },
    { "/rates", rates_vatcomply },
    { "/v1/latest", rates_frankfurter },
    { "/v1/current", rates_frankfurter },
    { "/v1/currencies", rates_frankfurter_currencies },
};

static const struct route *find_route(const char *path)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (strcmp(path, routes[i].path) == 0) return &routes[i];
    return NULL;
}

bool rates_path_is_api(const char *path)
{
    const struct route *route = find_route(path);
    return route && route != &routes[0];
}

/* An ETag of ours matches "*", and itself wherever it stands in a list, weak or not. */
static void forget_unchanged(const struct rates_question *question, FILE *body, struct rates_answer *answer)
{
    if (!question->if_none_match || answer->status != 200) return;
    for (size_t i = 0; i < answer->header_count; i++)
        if (strcmp(answer->headers[i].name, "ETag") == 0 &&
            (strcmp(question->if_none_match, "*") == 0 || strstr(question->if_none_match, answer->headers[i].value))) {
            answer->status = 304;
            rewind(body);
        }
}

static void speak(const struct rates_question *question, const struct rates_parameters *parameters, FILE *body,
                  struct rates_answer *answer)
{
    const struct route *route = find_route(question->path);
    bool reading = strcmp(question->method, "GET") == 0 || strcmp(question->method, "HEAD") == 0;
    if (!route) {
        rates_refuse(answer, body, 404, "message", "not found");
    } else if (!reading) {
        rates_refuse(answer, body, 405, "message", "only GET and HEAD are answered here");
        rates_answer_add(answer, "Allow", "GET, HEAD");
    } else {
        route->speaker(parameters, body, answer);
        forget_unchanged(question, body, answer);
    }
}

enum { PARAMETERS = 6 };

static int read_parameters(const char *query, plait_bytes values[PARAMETERS], struct rates_parameters *parameters)
{
    static const char *const names[PARAMETERS] = { "base", "from", "symbols", "to", "amount", "date" };
    const char **places[PARAMETERS] = { &parameters->base, &parameters->from,   &parameters->symbols,
                                        &parameters->to,   &parameters->amount, &parameters->date };
    for (int i = 0; i < PARAMETERS && *query; i++) {
        int error = plait_http_query(query, names[i], &values[i]);
        if (error == PLAIT_EDONE) continue;
        if (error) return error;
        *places[i] = values[i].data ? values[i].data : "";
    }
    return 0;
}

int rates_answer(const struct rates_question *question, struct rates_answer *answer)
{
    *answer = (struct rates_answer){ .status = 200, .content_type = "application/json" };
    plait_bytes values[PARAMETERS] = { { NULL, 0 } };
    struct rates_parameters parameters = { .base = NULL };
    char *text = NULL;
    size_t size = 0;
    FILE *body = open_memstream(&text, &size);
    int error = body ? read_parameters(question->query, values, &parameters) : PLAIT_ENOMEM;
    if (!error) speak(question, &parameters, body, answer);
    if (body && fclose(body) != 0) error = PLAIT_ENOMEM;
    if (!error) error = plait_bytes_copy(&answer->body, text, answer->status == 304 ? 0 : size);
    free(text);
    for (int i = 0; i < PARAMETERS; i++) plait_bytes_clear(&values[i]);
    return error;
}
