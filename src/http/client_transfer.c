/* client_transfer.c: see client_transfer.h. libcurl's own times tell what is not told by a callback; the kernel knows
   whether a socket is connected, which libcurl 7.88 says only once TLS is done as well. */
#include "http/client_transfer.h"
#include <errno.h>
#include <plait/error.h>

void plait_http_transfer_begin(plait_http_transfer *t)
{
    t->told = t->phase = PLAIT_HTTP_RESOLVE;
    t->result = CURLE_OK;
    t->begun = t->opened = t->requested = t->held_back = false;
    t->system_error = 0;
    t->queued = 0;
}

/* What libcurl tells us, and asks of us. */

static void told(plait_http_transfer *t, enum plait_http_phase phase)
{
    t->told = t->phase = phase;
    t->begun = true;
}

/* libcurl sends a request again, over another connection, when a kept one turns out to be closed before a byte of an
   answer came. Not good for a request that may have been carried out, if twice is not as good as once. */
static bool hold_back(plait_http_transfer *t)
{
    if (!t->requested || !t->once) return false;
    t->held_back = true;
    return true;
}

static curl_socket_t asked_to_open(void *transfer, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    plait_http_transfer *t = transfer;
    if (hold_back(t)) return CURL_SOCKET_BAD;
    int fd = t->carrier->open(t, address->family, address->socktype, address->protocol);
    if (fd < 0) {
        t->system_error = -fd;
        return CURL_SOCKET_BAD;
    }
    t->opened = true;
    told(t, PLAIT_HTTP_CONNECT);
    return fd;
}

static int told_resolve(void *resolver, void *reserved, void *transfer)
{
    (void)resolver, (void)reserved;
    told(transfer, PLAIT_HTTP_RESOLVE);
    return 0;
}

/* Connected, TLS done: the request goes out next. */
static int told_request(void *transfer, char *peer, char *local, int peer_port, int local_port)
{
    (void)peer, (void)local, (void)peer_port, (void)local_port;
    plait_http_transfer *t = transfer;
    if (hold_back(t)) return CURL_PREREQFUNC_ABORT;
    t->requested = true;
    told(t, PLAIT_HTTP_SEND);
    return CURL_PREREQFUNC_OK;
}

CURLcode plait_http_transfer_prepare(plait_http_transfer *t)
{
    CURLcode code = CURLE_OK;
#define SET(option, value)                                                                                             \
    if (code == CURLE_OK) code = curl_easy_setopt(t->easy, (option), (value))
    SET(CURLOPT_PRIVATE, t);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_OPENSOCKETFUNCTION, asked_to_open);
    SET(CURLOPT_OPENSOCKETDATA, t);
    SET(CURLOPT_CLOSESOCKETFUNCTION, t->carrier->close);
    SET(CURLOPT_CLOSESOCKETDATA, t->connections);
    SET(CURLOPT_RESOLVER_START_FUNCTION, told_resolve);
    SET(CURLOPT_RESOLVER_START_DATA, t);
    SET(CURLOPT_PREREQFUNCTION, told_request);
    SET(CURLOPT_PREREQDATA, t);
#undef SET
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A look-up that is given up is left to its thread; otherwise libcurl would wait for the name server. */
    curl_easy_setopt(t->easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    return code;
}

/* Where we are. */

static curl_off_t figure(plait_http_transfer *t, CURLINFO which)
{
    curl_off_t value = 0;
    return curl_easy_getinfo(t->easy, which, &value) == CURLE_OK ? value : 0;
}

static long count(plait_http_transfer *t, CURLINFO which)
{
    long value = 0;
    return curl_easy_getinfo(t->easy, which, &value) == CURLE_OK ? value : 0;
}

static enum plait_http_phase phase_of(plait_http_transfer *t)
{
    if (t->told == PLAIT_HTTP_CONNECT && t->carrier->connected(t)) return t->secure ? PLAIT_HTTP_TLS : PLAIT_HTTP_SEND;
    if (t->told != PLAIT_HTTP_SEND) return t->told;
    if (count(t, CURLINFO_RESPONSE_CODE) > 0) return PLAIT_HTTP_RECEIVE;
    /* The first byte of an answer; or of a body that is sent, so it is not asked then. */
    if (!t->to_send && figure(t, CURLINFO_STARTTRANSFER_TIME_T) > 0) return PLAIT_HTTP_RECEIVE;
    if (count(t, CURLINFO_REQUEST_SIZE) == 0) return PLAIT_HTTP_SEND;
    return (uint64_t)figure(t, CURLINFO_SIZE_UPLOAD_T) < t->to_send ? PLAIT_HTTP_SEND : PLAIT_HTTP_WAIT;
}

void plait_http_transfer_look(plait_http_transfer *t)
{
    enum plait_http_phase phase = phase_of(t);
    if (phase > t->phase) t->phase = phase;
}

int plait_http_multi_failed(const plait_http_transfer *t, CURLMcode code)
{
    if (code == CURLM_OK) return 0;
    return t->system_error ? -t->system_error : code == CURLM_OUT_OF_MEMORY ? PLAIT_ENOMEM : -EIO;
}
