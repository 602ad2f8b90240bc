/* client.c: plait_http_get and plait_http_request: a call is checked, given a carrier, run hop by hop, and turned into
   a response or into one line about what failed. A thread's request is carried out by a session of its own, a coroutine's
   by what its loop shares.

   What must hold: whatever happens, the transfer goes back to its carrier, and an error leaves the response empty. */
#include "http/client_failure.h"
#include "http/client_pool.h"
#include "http/client_url.h"

static int hop(plait_http_call *call, plait_http_transfer *transfer, plait_http_answer *answer, bool *sound)
{
    int err = plait_http_call_prepare(call, transfer, answer);
    if (err) return plait_http_fail_system(call, err, PLAIT_HTTP_SEND);
    err = transfer->carrier->run(transfer, call->options.deadline);
    *sound = err == 0 || err == PLAIT_ETIMEDOUT || err == PLAIT_ECANCELED;
    if (err) return plait_http_fail_wait(call, err, transfer);
    if (transfer->result != CURLE_OK && !answer->enough) return plait_http_fail_transfer(call, transfer, answer);
    return 0;
}

static int exchange(plait_http_call *call, plait_http_answer *answer)
{
    plait_loop *loop = plait_loop_of_coroutine();
    plait_http_transfer *transfer;
    bool sound = true;
    int err = loop ? plait_http_hub_take(loop, &transfer) : plait_http_session_take(call->origin, &transfer);
    if (err) return plait_http_fail_system(call, err, PLAIT_HTTP_CONNECT);
    do err = hop(call, transfer, answer, &sound);
    while (!err && answer->redirects && !(err = plait_http_call_follow(call, answer)));
    if (err != PLAIT_EFORKED) transfer->carrier->give(transfer, sound);
    return err;
}

static int finish(plait_http_call *call, plait_http_answer *answer, plait_http_response *response)
{
    char *url = plait_http_url_plain(call->at);
    int err = url ? plait_http_answer_move(answer, url, response) : PLAIT_ENOMEM;
    return err ? plait_http_fail(call, err, PLAIT_HTTP_RECEIVE, "no memory for the response") : 0;
}

static int perform(const char *url, const void *options, size_t options_size, plait_http_response *response,
                   bool only_get)
{
    plait_http_call call;
    plait_http_answer answer = { 0 };
    if (!response) return plait_fail(PLAIT_EINVAL, "plait_http_request: there is no place for the response");
    *response = (plait_http_response){ 0 };
    int err = plait_http_start();
    if (err) return plait_fail(err, "plait_http_request: libcurl cannot be made ready");
    err = plait_http_call_begin(&call, url, options, options_size, only_get);
    if (!err) {
        answer.body_limit = call.options.body_limit;
        answer.follows = call.options.redirects >= 0;
        err = exchange(&call, &answer);
    }
    if (!err) err = finish(&call, &answer, response);
    plait_http_answer_clear(&answer);
    plait_http_call_end(&call);
    return err;
}

int plait_http_get_sized(const char *url, const plait_http_options *options, size_t options_size,
                         plait_http_response *response)
{
    return perform(url, options, options_size, response, true);
}

int plait_http_request_sized(const char *url, const plait_http_options *options, size_t options_size,
                             plait_http_response *response)
{
    return perform(url, options, options_size, response, false);
}
