/* client_url.c: see client_url.h. */
#include "http/client_url.h"
#include "base/memory.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *cause_of(CURLUcode code)
{
    switch (code) {
    case CURLUE_OK: return NULL;
    case CURLUE_OUT_OF_MEMORY: return "";
    case CURLUE_NO_HOST: return "it names no host";
    case CURLUE_BAD_PORT_NUMBER: return "its port is not a number from 0 to 65535";
    case CURLUE_BAD_HOSTNAME: return "its host name has a character that no host name can have";
    case CURLUE_BAD_IPV6: return "its IPv6 address is none";
    case CURLUE_MALFORMED_INPUT: return "it is malformed";
    default: return curl_url_strerror(code);
    }
}

const char *plait_http_url_set(CURLU *at, const char *url)
{
    for (const char *c = url; *c; c++) {
        if (*c == ' ') return "it has a space in it (write %20)";
        if ((unsigned char)*c < ' ' || *c == 0x7f) return "it has a control character in it";
    }
    if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
        return "it does not begin with http:// or https://";
    if (strchr("/?#", strchr(url, ':')[3])) return "it names no host"; /* libcurl would take a third slash for a slip */
    return cause_of(curl_url_set(at, CURLUPART_URL, url, CURLU_URLENCODE));
}

const char *plait_http_url_follow(CURLU *at, const char *location)
{
    unsigned lenient = CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE | CURLU_ALLOW_SPACE;
    return cause_of(curl_url_set(at, CURLUPART_URL, location, lenient));
}

bool plait_http_url_is_http(CURLU *at)
{
    char *scheme = NULL;
    if (curl_url_get(at, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK) return false;
    bool is = strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0;
    curl_free(scheme);
    return is;
}

/* FNV-1a, in lower case, each part with its end. Two origins of one number would only share a preference. */
static uint64_t hash(uint64_t sum, const char *text)
{
    do sum = (sum ^ (unsigned char)tolower((unsigned char)*text)) * 0x100000001b3;
    while (*text++);
    return sum;
}

bool plait_http_url_origin(CURLU *at, uint64_t *origin, bool *secure)
{
    static const CURLUPart parts[] = { CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT };
    uint64_t sum = 0xcbf29ce484222325;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *text = NULL;
        if (curl_url_get(at, parts[i], &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return false;
        if (parts[i] == CURLUPART_SCHEME) *secure = strcasecmp(text, "https") == 0;
        sum = hash(sum, text);
        curl_free(text);
    }
    *origin = sum;
    return true;
}

char *plait_http_url_plain(CURLU *at)
{
    CURLU *plain = curl_url_dup(at);
    char *text = NULL, *copy = NULL;
    if (plain && curl_url_set(plain, CURLUPART_USER, NULL, 0) == CURLUE_OK &&
        curl_url_set(plain, CURLUPART_PASSWORD, NULL, 0) == CURLUE_OK &&
        curl_url_get(plain, CURLUPART_URL, &text, 0) == CURLUE_OK)
        copy = plait_copy_string(text);
    curl_free(text);
    curl_url_cleanup(plain);
    return copy;
}

/* Where the password lies in `url`, as [*from, *to): after the first ':' and before the last '@' of the authority. What
   a '/' in a bad password would cut off is found too: an '@' further on counts when no port number explains the ':'. */
static bool find_password(const char *url, const char **from, const char **to)
{
    const char *authority = strstr(url, "://");
    authority = authority ? authority + 3 : url;
    const char *end = authority + strcspn(authority, "/?#");
    const char *colon = memchr(authority, ':', (size_t)(end - authority));
    if (!colon) return false;
    const char *at = memrchr(authority, '@', (size_t)(end - authority));
    size_t digits = strspn(colon + 1, "0123456789");
    bool port = digits > 0 && colon + 1 + digits == end;
    if (!at && *authority != '[' && !port) at = strrchr(end, '@');
    if (!at || at < colon) return false;
    *from = colon + 1;
    *to = at;
    return true;
}

static size_t show(char *text, size_t length, size_t size, const char *from, const char *to)
{
    for (; from < to && length < size - 1; from++) {
        bool control = (unsigned char)*from < ' ' || *from == 0x7f;
        text[length++] = control ? '?' : *from;
    }
    return length;
}

void plait_http_url_show(const char *url, char *text, size_t size)
{
    static const char stars[] = "***", dots[] = "...";
    const char *end = url + strlen(url), *from = end, *to = end;
    size_t masked = find_password(url, &from, &to) ? 3 : 0;
    bool whole = (size_t)(from - url) + masked + (size_t)(end - to) < size;
    size_t tail = whole ? 0 : (size - 4) / 4; /* three quarters from the beginning, one from the end */
    size_t room = whole ? size : size - tail - 3;

    size_t length = show(text, 0, room, url, from);
    length = show(text, length, room, stars, stars + masked);
    length = show(text, length, room, to, end);
    if (!whole) {
        while (length && (text[length - 1] & 0x80)) length--; /* no half of a character */
        const char *rest = end - tail > to || !masked ? end - tail : to;
        while (((unsigned char)*rest & 0xc0) == 0x80) rest++;
        length = show(text, length, size, dots, dots + 3);
        length = show(text, length, size, rest, end);
    }
    text[length] = 0;
}
