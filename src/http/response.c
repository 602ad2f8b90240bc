/* response.c: what the caller does with a response. Its headers are one array over one block of text, which
   `reserved[0]` holds; body, url and the two are allocated apart. */
#include <plait/http.h>
#include <stdlib.h>
#include <strings.h>

const char *plait_http_response_header(const plait_http_response *response, const char *name)
{
    if (!response || !name) return NULL;
    for (size_t i = 0; i < response->header_count; i++)
        if (strcasecmp(response->headers[i].name, name) == 0) return response->headers[i].value;
    return NULL;
}

void plait_http_response_clear(plait_http_response *response)
{
    if (!response) return;
    plait_bytes_clear(&response->body);
    free(response->url);
    free(response->headers);
    free(response->reserved[0]);
    *response = (plait_http_response){ 0 };
}
