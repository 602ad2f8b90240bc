/* address.c: reads addresses. See address.h. */
#include "io/address.h"
#include "base/hooks.h"
#include <plait/error.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>

struct plait_address plait_address_v4(uint32_t host, uint16_t port)
{
    struct plait_address a = { .size = sizeof a.name.v4 };
    a.name.v4.sin_family = AF_INET;
    a.name.v4.sin_addr.s_addr = htonl(host);
    a.name.v4.sin_port = htons(port);
    return a;
}

struct plait_address plait_address_v6(struct in6_addr host, uint16_t port)
{
    struct plait_address a = { .size = sizeof a.name.v6 };
    a.name.v6.sin6_family = AF_INET6;
    a.name.v6.sin6_addr = host;
    a.name.v6.sin6_port = htons(port);
    return a;
}

int plait_stream_socket(const struct plait_address *address)
{
    if (plait_refused("descriptor")) return -EMFILE;
    int fd = socket(address->name.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
}

static int parse_path(struct plait_endpoint *e, const char *text, const char *path)
{
    struct sockaddr_un *local = &e->address.name.local;
    size_t length = strlen(path);
    if (length == 0) return plait_fail(PLAIT_EADDRESS, "'%s' is not an address: there is no path after 'unix:'", text);
    if (length >= sizeof local->sun_path)
        return plait_fail(PLAIT_EADDRESS, "'%s' is not an address: its path has %zu bytes, %zu are the most", text,
                          length, sizeof local->sun_path - 1);
    local->sun_family = AF_UNIX;
    memcpy(local->sun_path, path, length + 1);
    e->kind = PLAIT_HOST_PATH;
    e->address.size = sizeof *local;
    return 0;
}

static bool parse_port(const char *digits, uint16_t *port)
{
    unsigned value = 0;
    size_t length = strspn(digits, "0123456789");
    if (length == 0 || length > 5 || digits[length]) return false;
    for (; *digits; digits++) value = value * 10 + (unsigned)(*digits - '0');
    *port = (uint16_t)value;
    return value <= UINT16_MAX;
}

/* "fe80::1" or "fe80::1%eth0". */
static bool parse_v6(struct plait_endpoint *e)
{
    struct in6_addr host;
    uint32_t scope = 0;
    char *zone = strchr(e->host, '%');
    if (zone) {
        *zone = 0;
        scope = if_nametoindex(zone + 1);
        if (!scope) return false;
    }
    if (inet_pton(AF_INET6, e->host, &host) != 1) return false;
    e->kind = PLAIT_HOST_NUMBER;
    e->address = plait_address_v6(host, e->port);
    e->address.name.v6.sin6_scope_id = scope;
    return true;
}

static bool is_name(const char *host)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    size_t length = strlen(host);
    return length <= 253 && strspn(host, allowed) == length && host[0] != '.' && host[0] != '-';
}

int plait_endpoint_parse(struct plait_endpoint *e, const char *text)
{
    *e = (struct plait_endpoint){ 0 };
    if (!text) return plait_fail(PLAIT_EADDRESS, "there is no address");
    if (strncmp(text, "unix:", 5) == 0) return parse_path(e, text, text + 5);

    const char *colon = strrchr(text, ':'), *host = text, *bracket = strrchr(text, ']');
    if (!colon || (bracket && bracket > colon))
        return plait_fail(PLAIT_EADDRESS, "'%s' is not an address: it has no port, as in HOST:PORT", text);
    size_t length = (size_t)(colon - text);
    if (!parse_port(colon + 1, &e->port))
        return plait_fail(PLAIT_EADDRESS, "'%s' is not an address: '%s' is no port from 0 to 65535", text, colon + 1);
    bool v6 = length >= 2 && host[0] == '[' && host[length - 1] == ']';
    if (v6) {
        host++;
        length -= 2;
    } else if (memchr(host, ':', length)) {
        return plait_fail(PLAIT_EADDRESS, "'%s' is not an address: write an IPv6 one as [HOST]:PORT", text);
    }
    if (length >= sizeof e->host)
        return plait_fail(PLAIT_EADDRESS, "'%.64s…' is not an address: its host has %zu bytes", text, length);
    memcpy(e->host, host, length);

    struct in_addr v4;
    if (v6) {
        if (!parse_v6(e))
            return plait_fail(PLAIT_EADDRESS, "'%s' is not an address: '%.*s' is no IPv6 one", text, (int)length, host);
    } else if (!length) {
        e->kind = PLAIT_HOST_NONE;
    } else if (strcasecmp(e->host, "localhost") == 0) {
        e->kind = PLAIT_HOST_LOCAL;
    } else if (inet_pton(AF_INET, e->host, &v4) == 1) {
        e->kind = PLAIT_HOST_NUMBER;
        e->address = plait_address_v4(ntohl(v4.s_addr), e->port);
    } else if (is_name(e->host)) {
        e->kind = PLAIT_HOST_NAME;
    } else {
        return plait_fail(PLAIT_EADDRESS, "'%s' is not an address: '%s' is no host", text, e->host);
    }
    return 0;
}
