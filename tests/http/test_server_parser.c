/* From bytes to requests: however the bytes are cut, whatever they are, and what two programs could read in two ways. */
#include "check.h"
#include "fault.h"
#include "http/server_parser.h"

/* What a stream of bytes, given in parts, was understood to be: one line for each request. */
struct reader {
    struct plait_http_parser parser;
    char log[8192];
    size_t length;
    bool over;
};

static void note(struct reader *r, const char *format, ...) PLAIT_PRINTF_(2, 3);
static void note(struct reader *r, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(r->log + r->length, sizeof r->log - r->length, format, arguments);
    va_end(arguments);
    check(length >= 0 && (size_t)length < sizeof r->log - r->length);
    r->length += (size_t)length;
}

static void begin(struct reader *r, size_t header_limit, size_t body_limit)
{
    r->length = 0;
    r->log[0] = 0;
    r->over = false;
    plait_http_parser_prepare(&r->parser, header_limit, body_limit);
}

static void look(struct reader *r)
{
    struct plait_http_parser *p = &r->parser;
    while (!r->over && plait_http_parser_begun(p)) {
        enum plait_http_step step = plait_http_parser_step(p);
        if (step == PLAIT_HTTP_MORE || step == PLAIT_HTTP_CONTINUE) return;
        r->over = step == PLAIT_HTTP_REFUSED;
        if (r->over) {
            note(r, "%d", p->status);
            check(p->reason && *p->reason);
            return;
        }
        note(r, "%s %s (%s|%s) %d", p->request.method, p->request.target, p->request.path, p->request.query, p->keep);
        for (size_t i = 0; i < p->request.header_count; i++)
            note(r, " %s=%s", p->request.headers[i].name, p->request.headers[i].value);
        note(r, " [%.*s]\n", (int)p->request.body.size, p->request.body.size ? (char *)p->request.body.data : "");
        plait_http_parser_next(p);
    }
}

static void give(struct reader *r, const char *bytes, size_t size)
{
    while (size && !r->over) {
        size_t room;
        char *space = plait_http_parser_space(&r->parser, &room);
        check(space && room);
        if (room > size) room = size;
        memcpy(space, bytes, room);
        r->parser.used += room;
        bytes += room;
        size -= room;
        look(r);
    }
}

static const char *read_whole(struct reader *r, const char *bytes, size_t size)
{
    begin(r, 16384, 1 << 20);
    give(r, bytes, size);
    plait_http_parser_clear(&r->parser);
    return r->log;
}

#define HOST "Host: x\r\n"
#define POST "POST / HTTP/1.1\r\n" HOST
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static void any_cut_gives_the_same_requests(void **state)
{
    static const char stream[] =
        "GET /1?a=b HTTP/1.1\r\n" HOST "A: 1\r\nB:\r\n\r\n"
        "\r\n" POST "Content-Length: 11\r\nX-Long: yyyyyyyyyyyyyyy yyyyyyyyyyyyyyyyyyyy\r\n\r\nhello\r\n\r\nGE" CHUNKED
        "5;ext=\"q\"\r\nhello\r\n1\r\n \r\n00000A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
        "GET /h2 HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n" POST
        "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc"
        "HEAD http://h/last HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    static const char expected[] = "GET /1?a=b (/1|a=b) 1 Host=x A=1 B= []\n"
                                   "POST / (/|) 1 Host=x Content-Length=11 X-Long=yyyyyyyyyyyyyyy yyyyyyyyyyyyyyyyyyyy "
                                   "[hello\r\n\r\nGE]\n"
                                   "POST / (/|) 1 Host=x Transfer-Encoding=chunked [hello 0123456789]\n"
                                   "GET /h2 (/h2|) 1 Host=x Connection=Upgrade Upgrade=h2c []\n"
                                   "POST / (/|) 1 Host=x Connection=Upgrade Upgrade=h2c Content-Length=3 [abc]\n"
                                   "HEAD http://h/last (/last|) 1 Connection=keep-alive []\n";
    static struct reader r;
    size_t size = sizeof stream - 1;
    check_string(read_whole(&r, stream, size), expected);
    for (size_t first = 0; first <= size; first++)
        for (size_t second = first; second <= size; second += 1 + (second - first) / 4) {
            begin(&r, 16384, 1 << 20);
            give(&r, stream, first);
            give(&r, stream + first, second - first);
            give(&r, stream + second, size - second);
            check_string(r.log, expected);
            plait_http_parser_clear(&r.parser);
        }
    for (size_t step = 1; step < 9; step++) {
        begin(&r, 16384, 1 << 20);
        for (size_t at = 0; at < size; at += step) give(&r, stream + at, at + step < size ? step : size - at);
        check_string(r.log, expected);
        plait_http_parser_clear(&r.parser);
    }
    (void)state;
}

static void what_could_be_read_in_two_ways_is_refused(void **state)
{
    static const struct {
        const char *text, *result;
    } cases[] = {
        /* where the body ends */
        { POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400" },
        { POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "400" },
        { POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "400" },
        { POST "Content-Length: 5, 5\r\n\r\nhello", "400" },
        { POST "Content-Length: +5\r\n\r\nhello", "400" },
        { POST "Content-Length: 0x5\r\n\r\nhello", "400" },
        { POST "Content-Length: -5\r\n\r\nhello", "400" },
        { POST "Content-Length: 5 5\r\n\r\nhello", "400" },
        { POST "Content-Length:\r\n\r\nhello", "400" },
        { POST "Content-Length: 99999999999999999999\r\n\r\n", "400" },
        { POST "Content-Length : 5\r\n\r\nhello", "400" },
        { POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501" },
        { POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "400" },
        { POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "400" },
        { POST "Transfer-Encoding: identity\r\n\r\n", "400" },
        { POST "Transfer-Encoding: \x0b"
               "chunked\r\n\r\n0\r\n\r\n",
          "400" },
        { POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400" },
        { "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400" },
        /* where a line ends */
        { "GET / HTTP/1.1\nHost: x\n\n", "400" },
        { "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\nHost: x\rA: b\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\nHost: x\r\n\n", "400" },
        { "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\n Host: x\r\n\r\n", "400" },
        /* where a chunk ends */
        { CHUNKED "5\nhello\r\n0\r\n\r\n", "400" },
        { CHUNKED "5\rXhello\r\n0\r\n\r\n", "400" },
        { CHUNKED "5;a=b\nhello\r\n0\r\n\r\n", "400" },
        { CHUNKED "5;a=b\rXhello\r\n0\r\n\r\n", "400" },
        { CHUNKED "5\r\nhello\n0\r\n\r\n", "400" },
        { CHUNKED "5\r\nhelloXX0\r\n\r\n", "400" },
        { CHUNKED "5\r\nhello0\r\n\r\n", "400" },
        { CHUNKED "5\r\nhello\r\n0\r\n\nGET", "400" },
        { CHUNKED "5\r\nhello\r\n0\n\nGET", "400" },
        { CHUNKED "5\r\nhello\r\n0\r\n\rXGET", "400" },
        { CHUNKED "5\r\nhello\r\n0\r\nA: b\n\nGET", "400" },
        { CHUNKED "5\r\nhello\r\n0\r\nA: b\r\n\nGET", "400" },
        { CHUNKED "0x5\r\nhello\r\n0\r\n\r\n", "400" },
        { CHUNKED "5 \r\nhello\r\n0\r\n\r\n", "400" },
        { CHUNKED "-5\r\nhello\r\n0\r\n\r\n", "400" },
        { CHUNKED "\r\nhello\r\n0\r\n\r\n", "400" },
        { CHUNKED "FFFFFFFFFFFFFFFFF\r\n", "400" },
        /* whom it is for */
        { "GET / HTTP/1.1\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\n" HOST HOST "\r\n", "400" },
        { "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "400" },
        /* the first line */
        { "GET /\r\n", "400" },
        { "GET  / HTTP/1.1\r\n", "400" },
        { "GET / HTTP/1.1 \r\n", "400" },
        { "GET /  HTTP/1.1\r\n", "400" },
        { " GET / HTTP/1.1\r\n", "400" },
        { "GET\t/\tHTTP/1.1\r\n", "400" },
        { "GET / http/1.1\r\n", "400" },
        { "GET / HTTP/1.1x\r\n", "400" },
        { "GET / HTTP/11\r\n", "400" },
        { "GET / HTTP/1.2\r\n", "505" },
        { "GET / HTTP/0.9\r\n", "505" },
        { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505" },
        { "get / HTTP/1.1\r\n" HOST "\r\n", "501" },
        { "BREW / HTTP/1.1\r\n" HOST "\r\n", "501" },
        { "CONNECT a:80 HTTP/1.1\r\n" HOST "\r\n", "501" },
        { "G(T / HTTP/1.1\r\n", "400" },
        { "GET /a#b HTTP/1.1\r\n", "400" },
        { "GET /\xc3\xa4 HTTP/1.1\r\n", "400" },
        { "GET /%00 HTTP/1.1\r\n" HOST "\r\n", "400" },
        { "GET /%4 HTTP/1.1\r\n" HOST "\r\n", "400" },
        { "GET /%zz HTTP/1.1\r\n" HOST "\r\n", "400" },
        { "GET a HTTP/1.1\r\n" HOST "\r\n", "400" },
        { "GET ftp://a/ HTTP/1.1\r\n" HOST "\r\n", "400" },
        /* a header */
        { "GET / HTTP/1.1\r\n" HOST "A\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\n" HOST "a b: c\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\n" HOST "a(b: c\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\n" HOST "a: \x01\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\n" HOST "a: \x7f\r\n\r\n", "400" },
        { POST "Expect: 200-ok\r\nContent-Length: 1\r\n\r\n", "417" },
    };
    static struct reader r;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *result = read_whole(&r, cases[i].text, strlen(cases[i].text));
        if (strcmp(result, cases[i].result) != 0)
            fail_msg("%s\ngave '%s', not %s", cases[i].text, result, cases[i].result);
        begin(&r, 16384, 1 << 20); /* nor does it depend on how it comes */
        for (const char *b = cases[i].text; *b; b++) give(&r, b, 1);
        if (strcmp(r.log, cases[i].result) != 0)
            fail_msg("%s\nby bytes gave '%s', not %s", cases[i].text, r.log, cases[i].result);
        plait_http_parser_clear(&r.parser);
    }
    check_string(read_whole(&r, "GET /\0 HTTP/1.1\r\n", 17), "400");
    (void)state;
}

static void no_more_is_kept_than_the_limits_allow(void **state)
{
    static struct reader r;
    static char much[8192];
    begin(&r, 100, 50); /* a header without an end */
    memset(much, 'a', sizeof much);
    give(&r, "GET / HTTP/1.1\r\n", 16);
    give(&r, much, sizeof much);
    check_string(r.log, "431");
    check(r.parser.room <= 8192);
    plait_http_parser_clear(&r.parser);

    begin(&r, 100, 50); /* a body in chunks */
    give(&r, CHUNKED, strlen(CHUNKED));
    for (int i = 0; i < 51 && !r.over; i++) give(&r, "1\r\nx\r\n", 6);
    check_string(r.log, "413");
    check_number(r.parser.request.body.size, 50);
    plait_http_parser_clear(&r.parser);

    begin(&r, 100, 50); /* a coding that is far longer than what it codes */
    give(&r, CHUNKED, strlen(CHUNKED));
    give(&r, "1;", 2);
    for (int i = 0; i < 1000 && !r.over; i++) give(&r, "e=x;", 4);
    check_string(r.log, "400");
    plait_http_parser_clear(&r.parser);

    begin(&r, 100, 50); /* a trailer without an end */
    give(&r, CHUNKED, strlen(CHUNKED));
    give(&r, "0\r\n", 3);
    for (int i = 0; i < 1000 && !r.over; i++) give(&r, "A: b\r\n", 6);
    check_string(r.log, "400");
    plait_http_parser_clear(&r.parser);

    begin(&r, 16384, 1 << 20); /* a fine coding of a large body is still one */
    give(&r, CHUNKED, strlen(CHUNKED));
    for (int i = 0; i < 20000; i++) give(&r, "1\r\nx\r\n", 6);
    check(!r.over);
    check_number(r.parser.request.body.size, 20000);
    plait_http_parser_clear(&r.parser);
    (void)state;
}

/* Good requests with a few bytes of each replaced: nothing is written beyond its place (the sanitizers see that), and
   what is taken for a request keeps to the rules. */
static uint32_t random_state = 1;
static uint32_t next_random(void) { return random_state = random_state * 1664525 + 1013904223; }

static void damaged_requests_do_no_harm(void **state)
{
    static const char good[] =
        "POST /path?query=%41 HTTP/1.1\r\n" HOST "A: b\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5;e=x\r\nhello\r\nA\r\n0123456789\r\n0\r\nT: x\r\n\r\n" POST "Content-Length: 4\r\n\r\nbody";
    static const char dangerous[] = "\r\n\r\n \t:;,0123456789AFx%?/\x00\x7f\x80\xff";
    static struct reader r;
    for (int turn = 0; turn < 20000; turn++) {
        char bytes[sizeof good];
        memcpy(bytes, good, sizeof good);
        for (uint32_t i = 0; i <= next_random() % 4; i++)
            bytes[(next_random() >> 8) % (sizeof good - 1)] = dangerous[(next_random() >> 8) % (sizeof dangerous - 1)];
        begin(&r, 16384, 1 << 20);
        for (size_t at = 0, part; at < sizeof good - 1; at += part) {
            part = 1 + (next_random() >> 8) % 60;
            if (part > sizeof good - 1 - at) part = sizeof good - 1 - at;
            give(&r, bytes + at, part);
        }
        plait_http_parser_clear(&r.parser);
    }
    (void)state;
}

static void want_of_memory_is_a_503(void **state)
{
    static const char text[] =
        "POST /path HTTP/1.1\r\n" HOST
        "1:\r\n2:\r\n3:\r\n4:\r\n5:\r\n6:\r\n7:\r\n8:\r\n9:\r\n10:\r\n11:\r\n12:\r\n13:\r\n14:\r\n15:\r\n16:\r\n"
        "Content-Length: 5\r\n\r\nhello";
    static struct reader r;
    size_t refused = 0;
    for (size_t nth = 1; nth < 20; nth++) {
        size_t room, size = sizeof text - 1;
        begin(&r, 16384, 1 << 20);
        fault_nth("memory", nth);
        char *space = plait_http_parser_space(&r.parser, &room);
        if (space) {
            memcpy(space, text, size);
            r.parser.used += size;
            look(&r);
            refused += strcmp(r.log, "503") == 0;
            if (strcmp(r.log, "503") != 0) check(strncmp(r.log, "POST /path", 10) == 0);
        }
        fault_off();
        plait_http_parser_clear(&r.parser);
    }
    check_number(refused, 5); /* room to go on, the headers twice, the path, the body */
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cut_gives_the_same_requests),
        cmocka_unit_test(what_could_be_read_in_two_ways_is_refused),
        cmocka_unit_test(no_more_is_kept_than_the_limits_allow),
        cmocka_unit_test(damaged_requests_do_no_harm),
        cmocka_unit_test(want_of_memory_is_a_503),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
