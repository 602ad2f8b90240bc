/* server_response.c: see server_response.h. What must hold: the length that is said is the length that is sent, also where
   a status forbids a body; nothing that a handler or the request says can begin a line of its own. */
#include "http/server_response.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The headers that were added, as they are sent; "" for none. */
static const char *added(const plait_http_server_response *r)
{
    return r->reserved[0] ? (const char *)r->reserved[0] : "";
}

const char *plait_http_status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } table[] = {
        { 200, "OK" },
        { 201, "Created" },
        { 202, "Accepted" },
        { 203, "Non-Authoritative Information" },
        { 204, "No Content" },
        { 205, "Reset Content" },
        { 206, "Partial Content" },
        { 207, "Multi-Status" },
        { 300, "Multiple Choices" },
        { 301, "Moved Permanently" },
        { 302, "Found" },
        { 303, "See Other" },
        { 304, "Not Modified" },
        { 307, "Temporary Redirect" },
        { 308, "Permanent Redirect" },
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 402, "Payment Required" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 406, "Not Acceptable" },
        { 407, "Proxy Authentication Required" },
        { 408, "Request Timeout" },
        { 409, "Conflict" },
        { 410, "Gone" },
        { 411, "Length Required" },
        { 412, "Precondition Failed" },
        { 413, "Content Too Large" },
        { 414, "URI Too Long" },
        { 415, "Unsupported Media Type" },
        { 416, "Range Not Satisfiable" },
        { 417, "Expectation Failed" },
        { 418, "I'm a teapot" },
        { 421, "Misdirected Request" },
        { 422, "Unprocessable Content" },
        { 423, "Locked" },
        { 424, "Failed Dependency" },
        { 425, "Too Early" },
        { 426, "Upgrade Required" },
        { 428, "Precondition Required" },
        { 429, "Too Many Requests" },
        { 431, "Request Header Fields Too Large" },
        { 451, "Unavailable For Legal Reasons" },
        { 500, "Internal Server Error" },
        { 501, "Not Implemented" },
        { 502, "Bad Gateway" },
        { 503, "Service Unavailable" },
        { 504, "Gateway Timeout" },
        { 505, "HTTP Version Not Supported" },
        { 507, "Insufficient Storage" },
        { 511, "Network Authentication Required" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].status == status) return table[i].text;
    return "";
}

static bool is_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
    return *name && name[strspn(name, allowed)] == 0;
}

static bool is_value(const char *value)
{
    for (; *value; value++)
        if (((unsigned char)*value < ' ' && *value != '\t') || *value == 0x7f) return false;
    return true;
}

int plait_http_server_response_add(plait_http_server_response *response, const char *name, const char *value)
{
    static const char *const managed[] = { "Content-Length", "Connection", "Transfer-Encoding", "Date" };
    if (!name || !is_name(name)) return plait_fail(PLAIT_EINVAL, "'%s' is no name of a header", name ? name : "NULL");
    if (!value || !is_value(value))
        return plait_fail(PLAIT_EINVAL, "the value of the header %s has a control character", name);
    if (strcasecmp(name, "Content-Type") == 0)
        return plait_fail(PLAIT_EINVAL, "Content-Type is set in the response's content_type");
    for (size_t i = 0; i < sizeof managed / sizeof *managed; i++)
        if (strcasecmp(name, managed[i]) == 0)
            return plait_fail(PLAIT_EINVAL, "the header %s is the server's own", name);
    size_t before = strlen(added(response)), size = strlen(name) + strlen(value) + sizeof ": \r\n";
    char *text = plait_reallocate(response->reserved[0], before + size);
    if (!text) return plait_fail(PLAIT_ENOMEM, "no memory for the header %s", name);
    snprintf(text + before, size, "%s: %s\r\n", name, value);
    response->reserved[0] = text;
    return 0;
}

void plait_http_server_response_clear(plait_http_server_response *response)
{
    free(response->reserved[0]);
    plait_bytes_clear(&response->body);
    *response = (plait_http_server_response){ 0 };
}

const char *plait_http_response_fault(const plait_http_server_response *response)
{
    if (response->status < 200 || response->status > 599) return "a status that is not from 200 to 599";
    if (response->content_type && !is_value(response->content_type)) return "a content type with a control character";
    return NULL;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", in English whatever the locale is. Each thread keeps that of the present second. */
static const char *date_now(void)
{
    static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    static _Thread_local time_t second;
    static _Thread_local char text[64];
    time_t now = time(NULL);
    if (now == second) return text;
    struct tm t;
    gmtime_r(&now, &t);
    snprintf(text, sizeof text, "%s, %02d %s %d %02d:%02d:%02d GMT", days[t.tm_wday], t.tm_mday, months[t.tm_mon],
             t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
    second = now;
    return text;
}

static char *append_number(char *at, size_t number)
{
    char digits[24], *first = digits + sizeof digits;
    *--first = 0;
    do *--first = (char)('0' + number % 10);
    while (number /= 10);
    return stpcpy(at, first);
}

int plait_http_head_write(struct plait_http_head *head, const plait_http_server_response *response,
                          enum plait_http_end end, bool *with_body)
{
    static const char *const connection[] = { "", "Connection: keep-alive\r\n", "Connection: close\r\n" };
    const char *type = response->content_type ? response->content_type : "text/plain; charset=utf-8";
    int status = response->status;
    *with_body = status != 204 && status != 205 && status != 304;
    size_t needed = 320 + strlen(type) + strlen(added(response)); /* all other parts together have less than 320 */
    if (needed > head->room) {
        char *text = plait_reallocate(head->text, needed * 2);
        if (!text) return PLAIT_ENOMEM;
        head->text = text;
        head->room = needed * 2;
    }
    char *at = append_number(stpcpy(head->text, "HTTP/1.1 "), (size_t)status); /* from 200 to 599 */
    at = stpcpy(stpcpy(stpcpy(at, " "), plait_http_status_text(status)), "\r\n");
    if (*with_body) {
        at = stpcpy(stpcpy(stpcpy(at, "Content-Type: "), type), "\r\nContent-Length: ");
        at = stpcpy(append_number(at, response->body.size), "\r\n");
    } else if (status == 205) { /* the others say by themselves that there is none */
        at = stpcpy(at, "Content-Length: 0\r\n");
    }
    at = stpcpy(stpcpy(stpcpy(at, "Date: "), date_now()), "\r\n");
    at = stpcpy(stpcpy(stpcpy(at, connection[end]), added(response)), "\r\n");
    head->size = (size_t)(at - head->text);
    return 0;
}
