/* rates_api.h: what `plait serve` answers to a request, as a function of the request alone: no network, no clock.

   Three APIs are spoken, each with its own manners: /latest as exchangeratesapi (the open-source one), /rates as vatcomply,
   /v1/latest and /v1/currencies as Frankfurter. Beside them /healthz. */
#ifndef PLAIT_APPS_RATES_API_H
#define PLAIT_APPS_RATES_API_H

#include <plait/http.h>
#include <stdio.h>

struct rates_question {
    const char *method, *path, *query;
    const char *if_none_match; /* the header's value, or NULL */
};

struct rates_answer {
    int status;
    const char *content_type;
    plait_http_header headers[4];
    size_t header_count;
    plait_bytes body; /* the receiver ends it with plait_bytes_clear */
};

/* Answers. For HEAD the body is that of GET; whoever sends it leaves it out. 0; PLAIT_ENOMEM. */
int rates_answer(const struct rates_question *question, struct rates_answer *answer);

/* Whether the path belongs to one of the APIs, so that its answer may be made to take time. */
bool rates_path_is_api(const char *path);

/* For the files of the three APIs. The parameters of a query, decoded; NULL for one that is not there. */
struct rates_parameters {
    const char *base, *from, *symbols, *to, *amount, *date;
};
typedef void rates_speaker(const struct rates_parameters *parameters, FILE *body, struct rates_answer *answer);
rates_speaker rates_exchangeratesapi, rates_vatcomply, rates_frankfurter, rates_frankfurter_currencies;

/* Makes the answer a failure that no cache may keep: {"name":"…"}, with the text that printf would give. */
void rates_refuse(struct rates_answer *answer, FILE *body, int status, const char *name, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Adds a header; both texts are literals. */
void rates_answer_add(struct rates_answer *answer, const char *name, const char *value);

struct ecb_rate;

/* The rate of that code (case counts; `length` letters), or NULL. The number that its digits mean. */
const struct ecb_rate *rates_find(const char *code, size_t length);
double rates_value(const struct ecb_rate *rate);

/* Goes through the items of a list with commas: `rest` begins as the list (NULL: no items) and becomes NULL at its end.
   Returns the next item, which is not terminated, with its length; or NULL. */
const char *rates_next_item(const char **rest, size_t *length);

/* Whether `list` has the code as one of its items. */
bool rates_listed(const char *list, const char *code);

#endif
