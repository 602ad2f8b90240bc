/* client_call.c: see client_call.h. Redirects are followed here and not by libcurl, so that each hop is a transfer of
   its own with phases of its own, and so that what is allowed is plait's to say. */
#include "http/client_call.h"
#include "base/memory.h"
#include "base/options.h"
#include "http/client_failure.h"
#include "http/client_proxy.h"
#include "http/client_url.h"
#include <plait/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_token(const char *text)
{
    size_t length = strspn(text, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return length > 0 && text[length] == 0;
}

static bool is_value(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f) return false;
    return true;
}

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcasecmp(name, *names) == 0) return true;
    return false;
}

static int check_header(plait_http_call *c, const plait_http_header *h)
{
    static const char *const ours[] = { "Content-Length", "Transfer-Encoding", NULL };
    if (!h->name || !is_token(h->name))
        return plait_http_fail(c, PLAIT_EINVAL, PLAIT_HTTP_SEND,
                               "a header's name is empty or has a character that none can have");
    if (!h->value || !is_value(h->value))
        return plait_http_fail(c, PLAIT_EINVAL, PLAIT_HTTP_SEND,
                               "the value of the header %.60s has a line break or another control character in it",
                               h->name);
    if (is_one_of(h->name, ours))
        return plait_http_fail(c, PLAIT_EINVAL, PLAIT_HTTP_SEND,
                               "the header %s follows from options.body and is not given", h->name);
    return 0;
}

static int check_options(plait_http_call *c, bool only_get)
{
    plait_http_options *o = &c->options;
    bool body = o->body.size > 0;
    if (only_get && o->method && strcmp(o->method, "GET") != 0)
        return plait_http_fail(c, PLAIT_EINVAL, PLAIT_HTTP_SEND,
                               "plait_http_get sends GET alone: use plait_http_request");
    if (!o->method && body)
        return plait_http_fail(c, PLAIT_EINVAL, PLAIT_HTTP_SEND,
                               "options.body is set, but no options.method that it goes with");
    if (!o->method) o->method = "GET";
    if (!is_token(o->method))
        return plait_http_fail(c, PLAIT_EINVAL, PLAIT_HTTP_SEND, "options.method is not the name of a method");
    if (strcmp(o->method, "CONNECT") == 0 || (body && strcmp(o->method, "HEAD") == 0))
        return plait_http_fail(c, PLAIT_EINVAL, PLAIT_HTTP_SEND, "a request of the method %s%s cannot be sent",
                               o->method, body ? " with a body" : "");
    if (body && !o->body.data)
        return plait_http_fail(c, PLAIT_EINVAL, PLAIT_HTTP_SEND, "options.body has a size but no data");
    if (o->redirects < -1)
        return plait_http_fail(c, PLAIT_EINVAL, PLAIT_HTTP_REDIRECT, "options.redirects is %d, less than -1",
                               o->redirects);
    if (o->header_count && !o->headers)
        return plait_http_fail(c, PLAIT_EINVAL, PLAIT_HTTP_SEND,
                               "options.header_count is %zu, but there are no headers", o->header_count);
    if (o->user_agent && !is_value(o->user_agent))
        return plait_http_fail(c, PLAIT_EINVAL, PLAIT_HTTP_SEND, "options.user_agent has a control character in it");
    for (size_t i = 0; i < o->header_count; i++) {
        int err = check_header(c, &o->headers[i]);
        if (err) return err;
    }
    if (!o->redirects) o->redirects = PLAIT_HTTP_REDIRECTS;
    if (!o->body_limit) o->body_limit = PLAIT_HTTP_BODY_MOST;
    if (!o->user_agent) {
        snprintf(c->agent, sizeof c->agent, "plait/%s", plait_version());
        o->user_agent = c->agent;
    }
    return 0;
}

int plait_http_call_begin(plait_http_call *c, const char *url, const void *options, size_t options_size, bool only_get)
{
    *c = (plait_http_call){ .url = url ? url : "", .started = plait_time() };
    int err = plait_options_read(&c->options, sizeof c->options, options, options_size);
    if (err) return err;
    err = check_options(c, only_get);
    if (err) return err;
    c->method = c->options.method;
    c->sends_body = c->options.body.size > 0 || strcmp(c->method, "POST") == 0 || strcmp(c->method, "PUT") == 0 ||
                    strcmp(c->method, "PATCH") == 0;
    if (!*c->url) return plait_http_fail(c, PLAIT_EADDRESS, PLAIT_HTTP_URL, "there is none");
    c->at = curl_url();
    const char *cause = c->at ? plait_http_url_set(c->at, c->url) : "";
    if (cause && *cause) return plait_http_fail(c, PLAIT_EADDRESS, PLAIT_HTTP_URL, "%s", cause);
    c->first = cause ? NULL : curl_url_dup(c->at);
    if (!c->first || !plait_http_url_origin(c->at, &c->origin, &c->secure))
        return plait_http_fail(c, PLAIT_ENOMEM, PLAIT_HTTP_URL, "no memory");
    c->first_origin = c->origin;
    return 0;
}

void plait_http_call_end(plait_http_call *c)
{
    curl_slist_free_all(c->headers);
    free(c->proxy);
    curl_url_cleanup(c->first);
    curl_url_cleanup(c->at);
}

/* The headers of a hop. */

static bool add_line(plait_http_call *c, const char *name, const char *separator, const char *value)
{
    plait_bytes line;
    if (plait_bytes_format(&line, "%s%s%s", name, separator, value) != 0) return false;
    struct curl_slist *list = curl_slist_append(c->headers, line.data);
    plait_bytes_clear(&line);
    if (list) c->headers = list;
    return list != NULL;
}

static bool add_headers(plait_http_call *c)
{
    static const char *const secrets[] = { "Authorization", "Cookie", "Proxy-Authorization", "Host", NULL };
    static const char *const of_body[] = { "Content-Type", "Content-Encoding", "Content-Language", "Content-Location",
                                           NULL };
    bool type = false, expect = false, added = true;
    curl_slist_free_all(c->headers);
    c->headers = NULL;
    for (size_t i = 0; i < c->options.header_count && added; i++) {
        const plait_http_header *h = &c->options.headers[i];
        if (c->origin != c->first_origin && is_one_of(h->name, secrets)) continue;
        if (c->options.body.size > 0 && !c->sends_body && is_one_of(h->name, of_body)) continue;
        type |= strcasecmp(h->name, "Content-Type") == 0;
        expect |= strcasecmp(h->name, "Expect") == 0;
        bool empty = h->value[strspn(h->value, " \t")] == 0;
        added = add_line(c, h->name, empty ? ";" : ": ", empty ? "" : h->value); /* "Name:" would take it out */
    }
    /* No 100-continue, which costs a second with servers that do not know it, and no type that the caller did not give.
       */
    if (added && !expect) added = add_line(c, "Expect", ":", "");
    if (added && !type && c->sends_body) added = add_line(c, "Content-Type", ":", "");
    return added;
}

static CURLcode set_method(plait_http_call *c, CURL *easy)
{
    CURLcode code = CURLE_OK;
#define SET(option, value)                                                                                             \
    if (code == CURLE_OK) code = curl_easy_setopt(easy, (option), (value))
    if (strcmp(c->method, "HEAD") == 0) {
        SET(CURLOPT_NOBODY, 1L);
        return code;
    }
    SET(CURLOPT_HTTPGET, 1L);
    if (c->sends_body) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->options.body.size);
        SET(CURLOPT_POSTFIELDS, c->options.body.size ? c->options.body.data : "");
    }
    if (strcmp(c->method, c->sends_body ? "POST" : "GET") != 0) SET(CURLOPT_CUSTOMREQUEST, c->method);
    return code;
}

/* A copy: the environment may change while the request is under way. */
static bool choose_proxy(plait_http_call *c)
{
    const char *proxy = plait_http_proxy_of(c->at, c->secure);
    free(c->proxy);
    c->proxy = proxy ? plait_copy_string(proxy) : NULL;
    return c->proxy != NULL;
}

/* Carried out twice, such a request does what it does once. */
static bool is_idempotent(const char *method)
{
    static const char *const methods[] = { "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", NULL };
    return is_one_of(method, methods);
}

int plait_http_call_prepare(plait_http_call *c, plait_http_transfer *t, plait_http_answer *a)
{
    CURL *easy = t->easy;
    curl_easy_reset(easy);
    plait_http_answer_begin(a, easy, strcmp(c->method, "HEAD") == 0);
    t->origin = c->origin;
    t->secure = c->secure;
    t->once = !is_idempotent(c->method);
    t->to_send = c->sends_body ? c->options.body.size : 0;
    c->words[0] = 0;
    if (!add_headers(c) || !choose_proxy(c)) return PLAIT_ENOMEM;

    CURLcode code = plait_http_transfer_prepare(t);
    if (code == CURLE_OK) code = plait_http_answer_prepare(a);
    if (code == CURLE_OK) code = set_method(c, easy);
    SET(CURLOPT_CURLU, c->at);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_ERRORBUFFER, c->words);
    SET(CURLOPT_PROXY, c->proxy); /* an empty one is none, whatever the environment says */
    SET(CURLOPT_NOPROXY, "");
    SET(CURLOPT_HTTPHEADER, c->headers);
    SET(CURLOPT_USERAGENT, c->options.user_agent);
    SET(CURLOPT_ACCEPT_ENCODING, "");
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    if (c->options.ca_file) {
        SET(CURLOPT_CAINFO, c->options.ca_file);
        SET(CURLOPT_CAPATH, (char *)NULL);
    }
#undef SET
    return code == CURLE_OK ? 0 : PLAIT_ENOMEM;
}

/* Redirects. */

/* A user named in the first URL stays the user of its origin. */
static bool keep_user(plait_http_call *c)
{
    static const CURLUPart parts[] = { CURLUPART_USER, CURLUPART_PASSWORD };
    char *text = NULL;
    if (c->origin != c->first_origin) return true;
    if (curl_url_get(c->at, CURLUPART_USER, &text, 0) == CURLUE_OK) {
        curl_free(text);
        return true;
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (curl_url_get(c->first, parts[i], &text, 0) != CURLUE_OK) continue;
        CURLUcode code = curl_url_set(c->at, parts[i], text, 0);
        curl_free(text);
        if (code != CURLUE_OK) return false;
    }
    return true;
}

int plait_http_call_follow(plait_http_call *c, const plait_http_answer *a)
{
    const char *location = plait_http_answer_header(a, "Location");
    bool was_secure = c->secure;
    char shown[PLAIT_HTTP_SHOWN];
    plait_http_url_show(location, shown, sizeof shown);
    if (c->options.redirects == c->hops)
        return plait_http_fail(c, PLAIT_EREDIRECT, PLAIT_HTTP_REDIRECT, "more than %d redirects", c->options.redirects);
    const char *cause = plait_http_url_follow(c->at, location);
    if (cause && *cause)
        return plait_http_fail(c, PLAIT_EREDIRECT, PLAIT_HTTP_REDIRECT, "to '%s', but %s", shown, cause);
    if (!cause && !plait_http_url_is_http(c->at))
        return plait_http_fail(c, PLAIT_EREDIRECT, PLAIT_HTTP_REDIRECT, "to '%s', which is neither http nor https",
                               shown);
    if (cause || !plait_http_url_origin(c->at, &c->origin, &c->secure) || !keep_user(c))
        return plait_http_fail(c, PLAIT_ENOMEM, PLAIT_HTTP_REDIRECT, "no memory");
    if (was_secure && !c->secure)
        return plait_http_fail(c, PLAIT_EREDIRECT, PLAIT_HTTP_REDIRECT, "from https to '%s', which is not secure",
                               shown);
    c->hops++;
    if ((a->status == 303 && strcmp(c->method, "HEAD") != 0) || (a->status <= 302 && strcmp(c->method, "POST") == 0)) {
        c->method = "GET";
        c->sends_body = false;
    }
    return 0;
}
