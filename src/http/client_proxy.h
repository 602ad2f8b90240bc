/* client_proxy.h: which proxy a request goes through: the environment says so, as it does to curl and others.

   What must hold: nothing for this machine itself (localhost, 127.0.0.0/8, ::1) ever goes through a proxy, and
   HTTP_PROXY in capitals does not count: to a CGI program that is a header of whoever asks. */
#ifndef PLAIT_HTTP_CLIENT_PROXY_H
#define PLAIT_HTTP_CLIENT_PROXY_H
#include <curl/curl.h>
#include <plait/api.h>

/* The proxy for what `at` holds: a value of the environment, or "" for none. NULL without memory. */
const char *plait_http_proxy_of(CURLU *at, bool secure);

/* Whether `host`, an address in brackets or not, or a name, is one that `list`, a value of no_proxy, names. */
bool plait_http_proxy_excepts(const char *list, const char *host);

#endif
