/* server_parser.c: see server_parser.h. The header is first collected whole and checked for what all lines must keep to;
   then llhttp takes it apart; then the body's bytes go through llhttp as they come. */
#include "http/server_parser.h"
#include "base/memory.h"
#include "http/percent.h"
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_ROOM = 4096,
    WINDOW = 16384,       /* for the bytes of a body on their way to llhttp */
    KEPT_BODY = 65536,    /* a body of up to so many bytes leaves its memory to the next one */
    FRAMING_PER_BYTE = 8, /* "1\r\nx\r\n": a chunk for each byte costs 5 */
};

void plait_http_parser_prepare(struct plait_http_parser *p, size_t header_limit, size_t body_limit)
{
    *p = (struct plait_http_parser){ .header_limit = header_limit, .body_limit = body_limit };
}

void plait_http_parser_clear(struct plait_http_parser *p)
{
    free(p->bytes);
    free(p->headers);
    free(p->path);
    free(p->body);
    *p = (struct plait_http_parser){ 0 };
}

enum plait_http_step plait_http_parser_refuse(struct plait_http_parser *p, int status, const char *reason)
{
    p->status = status;
    p->reason = reason;
    p->keep = false;
    return PLAIT_HTTP_REFUSED;
}

static int refuse(struct plait_http_parser *p, int status, const char *reason)
{
    plait_http_parser_refuse(p, status, reason);
    return -1;
}

static int no_memory(struct plait_http_parser *p) { return refuse(p, 503, "there is no memory for the request"); }

static bool reserve(char **block, size_t *room, size_t needed)
{
    if (needed <= *room) return true;
    size_t more = *room * 2 > needed ? *room * 2 : needed;
    char *grown = plait_reallocate(*block, more);
    if (!grown) return false;
    *block = grown;
    *room = more;
    return true;
}

/* ---- the header as lines ---- */

char *plait_http_parser_space(struct plait_http_parser *p, size_t *size)
{
    if (!p->header_end && p->used == p->room && !reserve(&p->bytes, &p->room, p->room ? p->room + 1 : FIRST_ROOM))
        return NULL;
    *size = p->room - p->used;
    return p->bytes + p->used;
}

bool plait_http_parser_begun(struct plait_http_parser *p)
{
    size_t empty = 0;
    if (p->scanned) return true;
    while (empty < p->used && (p->bytes[empty] == '\r' || p->bytes[empty] == '\n')) empty++;
    if (empty) memmove(p->bytes, p->bytes + empty, p->used - empty);
    p->used -= empty;
    return p->used > 0;
}

/* Looks for the header's end in what has come since the last look, and for bytes that no line may have. */
static int scan(struct plait_http_parser *p)
{
    for (; p->scanned < p->used && !p->header_end; p->scanned++) {
        size_t i = p->scanned;
        unsigned char b = (unsigned char)p->bytes[i], before = i ? (unsigned char)p->bytes[i - 1] : 0;
        if (b == '\n') {
            if (before != '\r') return refuse(p, 400, "a line does not end in CR and LF");
            if (i > 2 && p->bytes[i - 2] == '\n') p->header_end = i + 1;
        } else if (before == '\r') {
            return refuse(p, 400, "a line does not end in CR and LF");
        } else if ((b == ' ' || b == '\t') && before == '\n') {
            return refuse(p, 400, "a header is folded over two lines");
        } else if ((b < ' ' && b != '\t' && b != '\r') || b == 0x7f) {
            return refuse(p, 400, "the header has a control character");
        }
    }
    size_t length = p->header_end ? p->header_end : p->used;
    return length > p->header_limit ? refuse(p, 431, "the header has more bytes than the server takes") : 0;
}

static bool is_token(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (!c || !strchr("!#$%&'*+-.^_`|~", c))) return false;
    }
    return size > 0;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* METHOD SP TARGET SP HTTP/1.x CR LF, once that line is there. The version is looked at here: llhttp lets others pass. */
static int check_request_line(struct plait_http_parser *p)
{
    static const char bad[] = "the first line is not METHOD TARGET HTTP/1.1";
    char *end = p->scanned ? memchr(p->bytes, '\r', p->scanned) : NULL;
    if (p->line_seen || !end) return 0;
    p->line_seen = true;
    char *target = memchr(p->bytes, ' ', (size_t)(end - p->bytes));
    char *version = target ? memchr(target + 1, ' ', (size_t)(end - target - 1)) : NULL;
    if (!version || version == target + 1 || !is_token(p->bytes, (size_t)(target - p->bytes)))
        return refuse(p, 400, bad);
    for (char *c = target + 1; c < version; c++)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c > '~' || *c == '#')
            return refuse(p, 400, "the target has a character that must be escaped");
    version++;
    if (end - version != 8 || memcmp(version, "HTTP/", 5) != 0 || !is_digit(version[5]) || version[6] != '.' ||
        !is_digit(version[7]))
        return refuse(p, 400, bad);
    if (version[5] != '1' || version[7] > '1') return refuse(p, 505, "the version is neither HTTP/1.1 nor HTTP/1.0");
    p->old = version[7] == '0';
    p->is_head = memcmp(p->bytes, "HEAD ", 5) == 0;
    return 0;
}

/* The target's path, decoded, and its query. http://HOST/PATH is as good as /PATH. */
static int split_target(struct plait_http_parser *p, char *target)
{
    char *path = target, *query = strchr(target, '?'), *end = query ? query : target + strlen(target);
    bool whole;
    if (strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0) {
        path = strchr(target, ':') + 3;
        path += strcspn(path, "/?");
    } else if (*target != '/' && strcmp(target, "*") != 0) {
        return refuse(p, 400, "the target does not begin with /");
    }
    size_t size = (size_t)(end - path);
    if (!reserve(&p->path, &p->path_room, size + 2)) return no_memory(p);
    size_t length = plait_percent_decode(p->path, path, size, false, &whole);
    if (!whole || memchr(p->path, 0, length)) return refuse(p, 400, "the target has an escape that means no character");
    if (!length) p->path[length++] = '/';
    p->path[length] = 0;
    p->request.target = target;
    p->request.path = p->path;
    p->request.query = query ? query + 1 : "";
    return 0;
}

static int add_header(struct plait_http_parser *p, char *name, char *value)
{
    if (p->request.header_count == p->header_room) {
        size_t room = p->header_room ? p->header_room * 2 : 16;
        plait_http_header *grown = plait_reallocate(p->headers, room * sizeof *grown);
        if (!grown) return no_memory(p);
        p->headers = grown;
        p->header_room = room;
    }
    p->headers[p->request.header_count++] = (plait_http_header){ name, value };
    p->request.headers = p->headers;
    return 0;
}

/* Makes strings of the header's parts, in place. */
static int split_header(struct plait_http_parser *p)
{
    char *line = p->bytes, *end = strchr(line, '\r'), *target = strchr(line, ' ') + 1;
    target[-1] = 0;
    *strchr(target, ' ') = 0;
    p->request.method = line;
    if (strcmp(line, "CONNECT") == 0) return refuse(p, 501, "this is no proxy");
    if (split_target(p, target)) return -1;
    for (line = end + 2; *line != '\r'; line = end + 2) {
        end = strchr(line, '\r');
        char *colon = memchr(line, ':', (size_t)(end - line)), *last = end;
        if (!colon || !is_token(line, (size_t)(colon - line))) return refuse(p, 400, "a header is not NAME: VALUE");
        char *value = colon + 1;
        while (*value == ' ' || *value == '\t') value++;
        while (last > value && (last[-1] == ' ' || last[-1] == '\t')) last--;
        *colon = 0;
        *last = 0;
        if (add_header(p, line, value)) return -1;
    }
    return 0;
}

/* What says where the request ends must say it once and clearly. */
static int check_headers(struct plait_http_parser *p, bool *expects)
{
    int hosts = 0, lengths = 0, codings = 0;
    for (size_t i = 0; i < p->request.header_count; i++) {
        const char *name = p->headers[i].name, *value = p->headers[i].value;
        if (strcasecmp(name, "Host") == 0) {
            hosts++;
            if (strpbrk(value, " \t,/@")) return refuse(p, 400, "the Host header is not HOST:PORT");
        } else if (strcasecmp(name, "Content-Length") == 0) {
            lengths++;
            if (!*value || value[strspn(value, "0123456789")]) return refuse(p, 400, "Content-Length is no number");
        } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
            codings++;
            if (strcasecmp(value, "chunked") != 0) return refuse(p, 501, "Transfer-Encoding is not chunked");
        } else if (strcasecmp(name, "Expect") == 0 && !p->old) {
            if (strcasecmp(value, "100-continue") != 0) return refuse(p, 417, "Expect is not 100-continue");
            *expects = true;
        }
    }
    if (hosts > 1 || (hosts == 0 && !p->old)) return refuse(p, 400, "there is not exactly one Host header");
    if (codings + lengths > 1) return refuse(p, 400, "the length of the body is said more than once");
    if (codings && p->old) return refuse(p, 400, "HTTP/1.0 has no Transfer-Encoding");
    return 0;
}

/* ---- llhttp ---- */

static int on_headers_complete(llhttp_t *machine)
{
    struct plait_http_parser *p = machine->data;
    p->keep = llhttp_should_keep_alive(machine);
    p->chunked = machine->flags & F_CHUNKED;
    p->headers_done = true;
    return 0;
}

static int on_body(llhttp_t *machine, const char *at, size_t size)
{
    struct plait_http_parser *p = machine->data;
    plait_bytes *body = &p->request.body;
    if (size > p->body_limit - body->size) return refuse(p, 413, "the body has more bytes than the server takes");
    if (!reserve(&p->body, &p->body_room, body->size + size + 1)) return no_memory(p);
    memcpy(p->body + body->size, at, size);
    body->data = p->body;
    body->size += size;
    p->body[body->size] = 0;
    return 0;
}

static int on_message_complete(llhttp_t *machine)
{
    ((struct plait_http_parser *)machine->data)->complete = true;
    return HPE_PAUSED; /* what follows is the next request's */
}

static const llhttp_settings_t settings = { .on_headers_complete = on_headers_complete,
                                            .on_body = on_body,
                                            .on_message_complete = on_message_complete };

/* Gives the bytes from `from` to `to` to llhttp. Returns how many it took, less than all only at the message's end. */
static ptrdiff_t feed(struct plait_http_parser *p, size_t from, size_t to)
{
    llhttp_errno_t said = llhttp_execute(&p->machine, p->bytes + from, to - from);
    if (p->status) return -1; /* by one of the calls */
    if (p->complete)
        return said == HPE_OK ? (ptrdiff_t)(to - from) : llhttp_get_error_pos(&p->machine) - (p->bytes + from);
    if (said == HPE_OK) return (ptrdiff_t)(to - from);
    if (said == HPE_INVALID_METHOD) return refuse(p, 501, "the method is not known");
    const char *reason = llhttp_get_error_reason(&p->machine);
    return refuse(p, 400, reason && *reason ? reason : "the request cannot be understood");
}

static enum plait_http_step take_header(struct plait_http_parser *p)
{
    bool expects = false;
    if (!reserve(&p->bytes, &p->room, p->header_end + WINDOW)) return no_memory(p), PLAIT_HTTP_REFUSED;
    llhttp_init(&p->machine, HTTP_REQUEST, &settings);
    p->machine.data = p;
    if (feed(p, 0, p->header_end) < 0 || split_header(p) || check_headers(p, &expects)) return PLAIT_HTTP_REFUSED;
    if (!p->headers_done) return plait_http_parser_refuse(p, 400, "the header cannot be understood");
    p->rest = p->header_end;
    if (p->complete) return PLAIT_HTTP_COMPLETE;
    if (!p->chunked && p->machine.content_length > p->body_limit)
        return plait_http_parser_refuse(p, 413, "the body has more bytes than the server takes");
    return expects && p->used == p->header_end ? PLAIT_HTTP_CONTINUE : PLAIT_HTTP_MORE;
}

static enum plait_http_step take_body(struct plait_http_parser *p)
{
    size_t before = p->request.body.size;
    ptrdiff_t taken = p->used > p->header_end ? feed(p, p->header_end, p->used) : 0;
    if (taken < 0) return PLAIT_HTTP_REFUSED;
    for (ptrdiff_t i = taken > 4 ? taken - 4 : 0; i < taken; i++)
        p->tail = p->tail << 8 | (unsigned char)p->bytes[p->header_end + (size_t)i];
    if (p->complete && p->chunked && p->tail != 0x0d0a0d0a)
        return plait_http_parser_refuse(p, 400, "a line does not end in CR and LF");
    p->framing += (size_t)taken - (p->request.body.size - before);
    if (p->framing > p->header_limit + FRAMING_PER_BYTE * p->request.body.size)
        return plait_http_parser_refuse(p, 400, "the body is chunked too finely");
    p->rest = p->header_end + (size_t)taken;
    if (p->complete) return PLAIT_HTTP_COMPLETE;
    p->used = p->header_end; /* all was taken: the window is free */
    return PLAIT_HTTP_MORE;
}

enum plait_http_step plait_http_parser_step(struct plait_http_parser *p)
{
    if (!p->headers_done) {
        if (!plait_http_parser_begun(p)) return PLAIT_HTTP_MORE;
        int err = scan(p);
        if (err || check_request_line(p)) return PLAIT_HTTP_REFUSED;
        if (!p->header_end) return PLAIT_HTTP_MORE;
        enum plait_http_step step = take_header(p);
        if (step != PLAIT_HTTP_MORE) return step;
    }
    return take_body(p);
}

void plait_http_parser_next(struct plait_http_parser *p)
{
    size_t left = p->used - p->rest;
    memmove(p->bytes, p->bytes + p->rest, left);
    if (p->body_room > KEPT_BODY) {
        free(p->body);
        p->body = NULL;
        p->body_room = 0;
    }
    p->request = (plait_http_server_request){ 0 };
    p->used = left;
    p->scanned = p->header_end = p->rest = p->framing = 0;
    p->tail = 0;
    p->line_seen = p->headers_done = p->chunked = p->complete = p->keep = p->old = p->is_head = false;
}
