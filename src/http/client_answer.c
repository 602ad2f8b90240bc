/* client_answer.c: see client_answer.h. */
#include "http/client_answer.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SKIP_MOST = 64 << 10 }; /* of a redirect's body: beyond it a new connection is cheaper */

void plait_http_answer_begin(plait_http_answer *a, CURL *easy, bool bodiless)
{
    a->easy = easy;
    a->bodiless = bodiless;
    a->place = PLAIT_HTTP_STATUS_NEXT;
    a->status = 0;
    a->header_bytes = a->header_count = a->headers.size = a->body.size = a->skipped = 0;
    a->redirects = a->enough = false;
    a->error = 0;
    a->cause = NULL;
}

void plait_http_answer_clear(plait_http_answer *a)
{
    free(a->headers.data);
    free(a->body.data);
    a->headers = a->body = (struct plait_http_block){ 0 };
}

/* Room for `more` bytes and a NUL. The limits keep sizes far from overflow, whatever the peer sends. */
static bool reserve(struct plait_http_block *b, size_t more)
{
    if (b->room - b->size > more) return true;
    size_t room = b->room ? b->room : 2048;
    while (room - b->size <= more)
        if (__builtin_mul_overflow(room, (size_t)2, &room)) return false;
    char *data = plait_reallocate(b->data, room);
    if (!data) return false;
    b->data = data;
    b->room = room;
    return true;
}

static bool append(struct plait_http_block *b, const char *data, size_t size)
{
    if (!reserve(b, size)) return false;
    if (size) memcpy(b->data + b->size, data, size);
    b->size += size;
    b->data[b->size] = 0;
    return true;
}

/* Ends the transfer: a callback that takes nothing of what it was given does that. */
static size_t stop(plait_http_answer *a, int error, const char *cause)
{
    a->error = error;
    a->cause = cause;
    return 0;
}

static bool blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static void trim(const char **text, size_t *length)
{
    while (*length && blank((*text)[*length - 1])) --*length;
    while (*length && blank(**text)) ++*text, --*length;
}

/* A header whose value goes on in a line of its own: that is one space more. */
static bool add_to_last(plait_http_answer *a, const char *text, size_t length)
{
    if (!a->header_count || !length) return true;
    a->headers.size--; /* the NUL of the value so far */
    return append(&a->headers, " ", 1) && append(&a->headers, text, length) && append(&a->headers, "", 1);
}

static bool add_header(plait_http_answer *a, const char *line, size_t length)
{
    bool continues = blank(line[0]);
    const char *colon = continues ? NULL : memchr(line, ':', length);
    const char *name = line, *value = colon ? colon + 1 : line;
    size_t name_length = colon ? (size_t)(colon - line) : 0, value_length = length - (size_t)(value - line);
    trim(&name, &name_length);
    trim(&value, &value_length);
    if (continues) return add_to_last(a, value, value_length);
    if (!name_length) return true;
    a->header_count++;
    return append(&a->headers, name, name_length) && append(&a->headers, "", 1) &&
           append(&a->headers, value, value_length) && append(&a->headers, "", 1);
}

const char *plait_http_answer_header(const plait_http_answer *a, const char *name)
{
    const char *at = a->headers.data;
    for (size_t i = 0; i < a->header_count; i++) {
        const char *value = at + strlen(at) + 1;
        if (strcasecmp(at, name) == 0) return value;
        at = value + strlen(value) + 1;
    }
    return NULL;
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* The final response's headers are complete. A length that is announced counts for the body as it is sent, which is not
   the decoded one when there is an encoding. */
static bool judge(plait_http_answer *a)
{
    a->place = PLAIT_HTTP_HEADERS_DONE;
    const char *location = plait_http_answer_header(a, "Location");
    a->redirects = a->follows && is_redirect(a->status) && location && *location;
    const char *length = plait_http_answer_header(a, "Content-Length");
    if (!length || *length < '0' || *length > '9' || a->redirects || a->bodiless || a->status == 204 ||
        a->status == 304)
        return true;
    if (plait_http_answer_header(a, "Content-Encoding") || plait_http_answer_header(a, "Transfer-Encoding"))
        return true;
    return strtoull(length, NULL, 10) <= a->body_limit;
}

static size_t take_header(char *line, size_t one, size_t length, void *answer)
{
    (void)one;
    plait_http_answer *a = answer;
    a->header_bytes += length;
    if (a->header_bytes > PLAIT_HTTP_HEADERS_MOST)
        return stop(a, PLAIT_ETOOLARGE, "the headers are larger than 256 KiB");
    if (a->place == PLAIT_HTTP_HEADERS_DONE) return length;
    if (memchr(line, 0, length)) return stop(a, PLAIT_EPROTOCOL, "a header has a NUL byte in it");
    if (a->place == PLAIT_HTTP_STATUS_NEXT) {
        a->headers.size = a->header_count = 0;
        a->place = PLAIT_HTTP_IN_HEADERS;
    } else if (line[0] == '\r' || line[0] == '\n') {
        long status = 0;
        curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &status);
        a->status = (int)status;
        if (status >= 100 && status < 200 && status != 101) a->place = PLAIT_HTTP_STATUS_NEXT;
        else if (!judge(a)) return stop(a, PLAIT_ETOOLARGE, NULL);
    } else if (!add_header(a, line, length)) {
        return stop(a, PLAIT_ENOMEM, "no memory for the headers");
    }
    return length;
}

static size_t take_body(char *data, size_t one, size_t length, void *answer)
{
    (void)one;
    plait_http_answer *a = answer;
    if (a->redirects) {
        a->skipped += length;
        a->enough = a->skipped > SKIP_MOST;
        return a->enough ? 0 : length;
    }
    if (length > a->body_limit - a->body.size) return stop(a, PLAIT_ETOOLARGE, NULL);
    return append(&a->body, data, length) ? length : stop(a, PLAIT_ENOMEM, "no memory for the body");
}

CURLcode plait_http_answer_prepare(plait_http_answer *a)
{
    CURLcode code = CURLE_OK;
#define SET(option, value)                                                                                             \
    if (code == CURLE_OK) code = curl_easy_setopt(a->easy, (option), (value))
    SET(CURLOPT_HEADERFUNCTION, take_header);
    SET(CURLOPT_HEADERDATA, a);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, a);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
#undef SET
    return code;
}

int plait_http_answer_move(plait_http_answer *a, char *url, plait_http_response *response)
{
    plait_http_header *headers = plait_allocate((a->header_count + 1) * sizeof *headers);
    if (!headers || !append(&a->headers, "", 0) || !append(&a->body, "", 0)) {
        free(headers);
        free(url);
        return PLAIT_ENOMEM;
    }
    char *at = a->headers.data;
    for (size_t i = 0; i < a->header_count; i++) {
        headers[i].name = at;
        at += strlen(at) + 1;
        headers[i].value = at;
        at += strlen(at) + 1;
    }
    char *tight = plait_reallocate(a->body.data, a->body.size + 1); /* room to grow is of no use to the caller */
    *response = (plait_http_response){ .status = a->status,
                                       .body = { tight ? tight : a->body.data, a->body.size },
                                       .url = url,
                                       .headers = headers,
                                       .header_count = a->header_count,
                                       .reserved = { a->headers.data } };
    a->headers = a->body = (struct plait_http_block){ 0 };
    return 0;
}
