/* client_url.h: URLs as the client needs them: parsed and checked by libcurl, shown to people without their password.

   What must hold: no password of a URL, well-formed or not, ever gets into a message. */
#ifndef PLAIT_HTTP_CLIENT_URL_H
#define PLAIT_HTTP_CLIENT_URL_H
#include <curl/curl.h>
#include <plait/api.h>

enum { PLAIT_HTTP_SHOWN = 112 }; /* bytes that a shown URL takes at most, with its NUL */

/* Makes `url` what `at` holds. NULL, or what is wrong with it; "" without memory. */
const char *plait_http_url_set(CURLU *at, const char *url);

/* The same with the Location of a redirect, which may be relative to what `at` holds, and need not be http. */
const char *plait_http_url_follow(CURLU *at, const char *location);

/* Scheme, host and port as one number, by which connections are chosen and secrets are held back. False without memory.
   */
bool plait_http_url_origin(CURLU *at, uint64_t *origin, bool *secure);

/* The whole URL without user and password, for free(3); NULL without memory. */
char *plait_http_url_plain(CURLU *at);

/* Writes `url` for people: the password as ***, control characters as ?, the middle of a long one as ... */
void plait_http_url_show(const char *url, char *text, size_t size);

/* The scheme of what `at` holds is http or https. */
bool plait_http_url_is_http(CURLU *at);

#endif
