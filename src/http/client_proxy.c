/* client_proxy.c: see client_proxy.h. It is decided here and not by libcurl, which takes proxies for 127.0.0.1 too and
   does not tell which one it took. */
#include "http/client_proxy.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NAME_SIZE = 256 }; /* more than a host's name can have */

/* The first of the variables that is set and not empty, or NULL. */
static const char *variable(const char *const *names)
{
    for (; *names; names++) {
        const char *value = getenv(*names);
        if (value && *value) return value;
    }
    return NULL;
}

/* The bytes of the numeric address `text`: 4 or 16, 0 when it is none. */
static size_t address_of(const char *text, unsigned char *bytes)
{
    return inet_pton(AF_INET, text, bytes) == 1 ? 4 : inet_pton(AF_INET6, text, bytes) == 1 ? 16 : 0;
}

/* `entry` is an address, with or without "/BITS" after it, and the first bits of both are the same. */
static bool address_matches(char *entry, const unsigned char *bytes, size_t size)
{
    unsigned char other[16];
    char *slash = strchr(entry, '/'), *end = NULL;
    if (slash) *slash = 0;
    if (address_of(entry, other) != size) return false;
    unsigned long bits = slash ? strtoul(slash + 1, &end, 10) : size * 8;
    if (slash && (end == slash + 1 || *end || bits > size * 8)) return false;
    size_t whole = bits / 8, rest = bits % 8;
    return memcmp(bytes, other, whole) == 0 && (!rest || (bytes[whole] ^ other[whole]) >> (8 - rest) == 0);
}

/* `entry` is the name, or a domain that it is in. */
static bool name_matches(const char *entry, const char *name)
{
    entry += *entry == '.';
    size_t entry_size = strlen(entry), size = strlen(name);
    if (!entry_size || entry_size > size || strcasecmp(name + size - entry_size, entry) != 0) return false;
    return size == entry_size || name[size - entry_size - 1] == '.';
}

/* Takes brackets, an interface and the dot of a full name off. False when it is too long to be a name. */
static bool plain(char *to, const char *from, size_t length)
{
    if (length >= NAME_SIZE) return false;
    memcpy(to, from, length);
    to[length] = 0;
    if (*to == '[') {
        memmove(to, to + 1, length);
        to[strcspn(to, "]%")] = 0;
    } else if (length > 0 && to[length - 1] == '.') {
        to[length - 1] = 0;
    }
    return true;
}

bool plait_http_proxy_excepts(const char *list, const char *host)
{
    char name[NAME_SIZE], entry[NAME_SIZE];
    unsigned char bytes[16];
    if (!plain(name, host, strlen(host))) return strcmp(list, "*") == 0;
    size_t size = address_of(name, bytes);
    for (size_t length; *list; list += length) {
        length = strcspn(list, ", \t");
        if (length == 0) {
            length = 1;
            continue;
        }
        if (!plain(entry, list, length)) continue;
        if (strcmp(entry, "*") == 0) return true;
        if (size ? address_matches(entry, bytes, size) : name_matches(entry, name)) return true;
    }
    return false;
}

const char *plait_http_proxy_of(CURLU *at, bool secure)
{
    static const char *const plainly[] = { "http_proxy", "all_proxy", "ALL_PROXY", NULL };
    static const char *const securely[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL };
    static const char *const without[] = { "no_proxy", "NO_PROXY", NULL };
    char *host = NULL;
    const char *proxy = variable(secure ? securely : plainly), *exceptions = variable(without);
    if (!proxy) return "";
    if (curl_url_get(at, CURLUPART_HOST, &host, 0) != CURLUE_OK) return NULL;
    if (plait_http_proxy_excepts("localhost,127.0.0.0/8,::1", host) ||
        (exceptions && plait_http_proxy_excepts(exceptions, host)))
        proxy = "";
    curl_free(host);
    return proxy;
}
