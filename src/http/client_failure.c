/* client_failure.c: see client_failure.h. The phase is the one that was really reached, except where libcurl's code
   says it better; the cause is in plain words, with the system's reason where there is one. */
#include "http/client_failure.h"
#include "base/memory.h"
#include "http/client_url.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROXY_SHOWN = PLAIT_HTTP_SHOWN / 2 + 16 };

/* What cannot be connected to is the proxy, where there is one: "to proxy URL: ". */
static void name_proxy(const plait_http_call *c, char text[static PROXY_SHOWN])
{
    static const char to[] = "to proxy ", scheme[] = "http://";
    if (!c->proxy || !*c->proxy) return;
    size_t length =
        (size_t)snprintf(text, sizeof to + sizeof scheme, "%s%s", to, strstr(c->proxy, "://") ? "" : scheme);
    plait_http_url_show(c->proxy, text + length, PROXY_SHOWN - length - 2);
    strcat(text, ": ");
}

int plait_http_fail(const plait_http_call *c, int code, enum plait_http_phase phase, const char *format, ...)
{
    static const char *const names[] = { "url", "resolve", "connect", "tls", "send", "wait", "receive", "redirect" };
    char url[PLAIT_HTTP_SHOWN], cause[200], where[PLAIT_HTTP_SHOWN / 2 + 16] = "";
    char proxy[PROXY_SHOWN] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(cause, sizeof cause, format, arguments);
    va_end(arguments);
    plait_http_url_show(c->url, url, sizeof url);
    char *at = NULL;
    if (c->hops > 0 && phase != PLAIT_HTTP_REDIRECT && curl_url_get(c->at, CURLUPART_URL, &at, 0) == CURLUE_OK) {
        static const char led[] = " (led to ";
        memcpy(where, led, sizeof led);
        plait_http_url_show(at, where + sizeof led - 1, PLAIT_HTTP_SHOWN / 2);
        strcat(where, ")");
    }
    curl_free(at);
    if (phase == PLAIT_HTTP_CONNECT) name_proxy(c, proxy);
    return plait_fail(code, "%s: %s: %s%s%s", url, names[phase], proxy, cause, where);
}

/* In lower case too, but for what is a name. */
static const char *begin_low(char *text)
{
    if (isupper((unsigned char)text[0]) && islower((unsigned char)text[1]))
        text[0] = (char)tolower((unsigned char)text[0]);
    return text;
}

static const char *system_words(int error, char *text, size_t size)
{
    const char *words = strerrordesc_np(error);
    snprintf(text, size, "%s", words ? words : "unknown error");
    return begin_low(text);
}

int plait_http_fail_system(const plait_http_call *c, int code, enum plait_http_phase phase)
{
    char text[CURL_ERROR_SIZE];
    if (code == PLAIT_ENOMEM) return plait_http_fail(c, code, phase, "no memory");
    if (code <= PLAIT_ETIMEDOUT) return plait_http_fail(c, code, phase, "%s", plait_error_text(code));
    /* What a look-up finds missing, libcurl tells itself: this is about descriptors for the connection. */
    if (phase == PLAIT_HTTP_RESOLVE) phase = PLAIT_HTTP_CONNECT;
    return plait_http_fail(c, PLAIT_ECONNECT, phase, "%s", system_words(-code, text, sizeof text));
}

int plait_http_fail_wait(const plait_http_call *c, int code, const plait_http_transfer *t)
{
    plait_deadline deadline = c->options.deadline;
    char queued[80] = "";
    if (t->queued) snprintf(queued, sizeof queued, ": no connection became free (at most %ld)", t->queued);
    if (code == PLAIT_ECANCELED) return plait_http_fail(c, code, t->phase, "cancelled%s", queued);
    if (code != PLAIT_ETIMEDOUT) return plait_http_fail_system(c, code, t->phase);
    if (deadline.at <= c->started)
        return plait_http_fail(c, code, t->phase, "the deadline had passed before the request began");
    double seconds = (double)(deadline.at - c->started) / (double)PLAIT_SECOND;
    return plait_http_fail(c, code, t->phase,
                           seconds < 10 ? "the deadline of %.2g s has passed%s" : "the deadline of %.0f s has passed%s",
                           seconds, queued);
}

/* libcurl's words without what only repeats ours or is meant for its programmers, beginning in lower case. */

static const char *after(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(text, prefix, length) == 0 ? text + length : text;
}

static const char *tidy(const plait_http_call *c, CURLcode code, char *text, size_t size)
{
    static const char *const prefixes[] = { "SSL certificate problem: ", "SSL: ", "Recv failure: ", "Send failure: " };
    const char *words = c->words[0] ? c->words : curl_easy_strerror(code);
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) words = after(words, prefixes[i]);
    const char *routine = strstr(words, "routines:"); /* OpenSSL: "error:0A00010B:SSL routines::wrong version number" */
    if (routine && (routine = strrchr(routine, ':')) && routine[1]) words = routine + 1;
    snprintf(text, size, "%s", words);
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f) *at = '?';
    return begin_low(text);
}

static int fail_connect(const plait_http_call *c, plait_http_transfer *t)
{
    char text[CURL_ERROR_SIZE];
    long error = t->system_error;
    if (t->opened) curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error); /* else that of an earlier request */
    if (!error && !t->opened && *c->proxy)                                /* libcurl's words hold its password */
        return plait_http_fail(c, PLAIT_ECONNECT, PLAIT_HTTP_CONNECT, "a proxy of this kind is not known");
    return plait_http_fail(c, PLAIT_ECONNECT, PLAIT_HTTP_CONNECT, "%s",
                           error ? system_words((int)error, text, sizeof text)
                                 : tidy(c, CURLE_COULDNT_CONNECT, text, sizeof text));
}

static int fail_tls(const plait_http_call *c, CURLcode code)
{
    char text[CURL_ERROR_SIZE];
    const char *cause = tidy(c, code, text, sizeof text);
    if (code == CURLE_SSL_CACERT_BADFILE)
        return plait_http_fail(c, PLAIT_ETLS, PLAIT_HTTP_TLS, "no certificates could be read from %.80s",
                               c->options.ca_file ? c->options.ca_file : "the system's store");
    if (code == CURLE_PEER_FAILED_VERIFICATION && strstr(cause, "match"))
        cause = "the server's certificate is for another host";
    else if (code == CURLE_SSL_CONNECT_ERROR && strstr(cause, "wrong version number"))
        cause = "the server does not speak TLS";
    else if (code == CURLE_SSL_CONNECT_ERROR && (strstr(cause, "SYSCALL") || strstr(cause, "unexpected eof")))
        cause = "the server closed the connection during the handshake";
    else if (code == CURLE_SSL_CONNECT_ERROR && strstr(cause, "reset by peer")) cause = "connection reset by peer";
    return plait_http_fail(c, PLAIT_ETLS, PLAIT_HTTP_TLS, "%s", cause);
}

static int fail_partial(const plait_http_call *c, plait_http_transfer *t)
{
    curl_off_t whole = -1, got = 0;
    curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &whole);
    curl_easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &got);
    if (whole < 0)
        return plait_http_fail(c, PLAIT_EPROTOCOL, PLAIT_HTTP_RECEIVE, "the body ended before its last chunk");
    return plait_http_fail(c, PLAIT_EPROTOCOL, PLAIT_HTTP_RECEIVE, "the body ended after %lld of %lld bytes",
                           (long long)got, (long long)whole);
}

/* libcurl calls a line that it finds too long a lack of memory. */
static int fail_memory(const plait_http_call *c, const plait_http_transfer *t, const plait_http_answer *a)
{
    if (t->phase == PLAIT_HTTP_RECEIVE && a->place != PLAIT_HTTP_HEADERS_DONE) {
        void *enough = plait_allocate(PLAIT_HTTP_HEADERS_MOST);
        free(enough);
        if (enough) return plait_http_fail(c, PLAIT_ETOOLARGE, PLAIT_HTTP_RECEIVE, "a header is longer than 100 KiB");
    }
    return plait_http_fail(c, PLAIT_ENOMEM, t->phase, "no memory");
}

static int fail_time(const plait_http_call *c, plait_http_transfer *t)
{
    static const int codes[] = {
        [PLAIT_HTTP_RESOLVE] = PLAIT_ERESOLVE, [PLAIT_HTTP_CONNECT] = PLAIT_ECONNECT, [PLAIT_HTTP_TLS] = PLAIT_ETLS
    };
    int code = t->phase >= PLAIT_HTTP_RESOLVE && t->phase <= PLAIT_HTTP_TLS ? codes[t->phase] : PLAIT_EPROTOCOL;
    return plait_http_fail(c, code, t->phase, "no answer for too long a time");
}

int plait_http_fail_transfer(const plait_http_call *c, plait_http_transfer *t, const plait_http_answer *a)
{
    char text[CURL_ERROR_SIZE], proxy[PLAIT_HTTP_SHOWN];
    CURLcode code = t->result;
    if (a->error && !a->cause)
        return plait_http_fail(c, a->error, PLAIT_HTTP_RECEIVE, "the body is larger than %zu bytes",
                               c->options.body_limit);
    if (a->error) return plait_http_fail(c, a->error, PLAIT_HTTP_RECEIVE, "%s", a->cause);
    if (t->held_back)
        return plait_http_fail(c, PLAIT_EPROTOCOL, PLAIT_HTTP_WAIT,
                               "the server closed the kept connection without an answer (%.20s is not sent twice)",
                               c->method);
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return plait_http_fail(c, PLAIT_ERESOLVE, PLAIT_HTTP_RESOLVE, "no such host, or no name server that answers");
    case CURLE_COULDNT_RESOLVE_PROXY:
        plait_http_url_show(c->proxy, proxy, sizeof proxy);
        return plait_http_fail(c, PLAIT_ERESOLVE, PLAIT_HTTP_RESOLVE, "the proxy's name is not known: %s", proxy);
    case CURLE_COULDNT_CONNECT: return fail_connect(c, t);
    case CURLE_PROXY:
    case CURLE_NO_CONNECTION_AVAILABLE:
        return plait_http_fail(c, PLAIT_ECONNECT, PLAIT_HTTP_CONNECT, "%s", tidy(c, code, text, sizeof text));
    case CURLE_OPERATION_TIMEDOUT: return t->phase == PLAIT_HTTP_CONNECT ? fail_connect(c, t) : fail_time(c, t);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT: return fail_tls(c, code);
    case CURLE_GOT_NOTHING:
        return plait_http_fail(c, PLAIT_EPROTOCOL, PLAIT_HTTP_WAIT,
                               "the server closed the connection without an answer");
    case CURLE_PARTIAL_FILE: return fail_partial(c, t);
    case CURLE_UNSUPPORTED_PROTOCOL:
        return plait_http_fail(c, PLAIT_EPROTOCOL, PLAIT_HTTP_RECEIVE, "the answer is not HTTP");
    case CURLE_BAD_CONTENT_ENCODING:
        return plait_http_fail(c, PLAIT_EPROTOCOL, PLAIT_HTTP_RECEIVE, "the body's content encoding is broken");
    case CURLE_URL_MALFORMAT:
        return plait_http_fail(c, PLAIT_EADDRESS, PLAIT_HTTP_URL, "%s", tidy(c, code, text, sizeof text));
    case CURLE_OUT_OF_MEMORY:
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE:
#endif
        return fail_memory(c, t, a);
    default: return plait_http_fail(c, PLAIT_EPROTOCOL, t->phase, "%s", tidy(c, code, text, sizeof text));
    }
}
