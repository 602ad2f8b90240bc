#include <plait.h>
#include <plait/http.h>

int main(void)
{
    plait_http_response response;
    plait_http_options options = { .deadline = plait_after(10 * PLAIT_SECOND) };
    int err = plait_http_get("nonsense://nowhere", &options, &response);
    if (err == 0) plait_http_response_clear(&response);
    return err == PLAIT_EADDRESS ? 0 : 1;
}
