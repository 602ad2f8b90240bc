/* client_failure.h: every failure of the client is told as one line, "URL: phase: cause". */
#ifndef PLAIT_HTTP_CLIENT_FAILURE_H
#define PLAIT_HTTP_CLIENT_FAILURE_H
#include "http/client_call.h"

/* Makes that line the record's message, and returns `code`. */
int plait_http_fail(const plait_http_call *call, int code, enum plait_http_phase phase, const char *format, ...)
    PLAIT_PRINTF_(4, 5);

/* The same for what the system refused: memory is PLAIT_ENOMEM, everything else means that there is no connection. */
int plait_http_fail_system(const plait_http_call *call, int code, enum plait_http_phase phase);

/* The same for a wait that gave `code`: a deadline, a cancel, or the system's no. */
int plait_http_fail_wait(const plait_http_call *call, int code, const plait_http_transfer *transfer);

/* The same for a transfer that libcurl has ended with transfer->result, or a callback of ours through it. */
int plait_http_fail_transfer(const plait_http_call *call, plait_http_transfer *transfer,
                             const plait_http_answer *answer);

#endif
