/* relay_stream.c: what has been read of one stream and waits for its newline, and which was the last line. See relay.h. */
#include "base/memory.h"
#include "process/relay.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Without memory there is no more of it: then lines go in shorter pieces. */
static void make_room(struct plait_stream *s, size_t room)
{
    if (s->room >= room) return;
    char *more = plait_reallocate(s->held == s->small ? NULL : s->held, room);
    if (!more) return;
    if (s->held == s->small) memcpy(more, s->small, s->size);
    s->held = more, s->room = room;
}

void plait_stream_read(struct plait_stream *s, size_t at_most)
{
    if (s->over) return;
    bool ended = atomic_load_explicit(&s->relay->ended, memory_order_acquire);
    if (ended && !s->measured) { /* others may have the pipe, and go on for ever */
        s->measured = true;
        if (ioctl(s->fd, FIONREAD, &s->left) != 0) s->left = 0;
    }
    size_t want = at_most;
    if (ended && want > (size_t)s->left) want = (size_t)s->left;
    if (s->room - s->size < want) make_room(s, s->size + want < 2 * s->room ? 2 * s->room : s->size + want);
    if (want > s->room - s->size) want = s->room - s->size;
    ssize_t got = want ? read(s->fd, s->held + s->size, want) : 0;
    if (got > 0) {
        s->size += (size_t)got;
        s->taken += (uint64_t)got;
        if (ended) s->left -= (int)got;
        if (s->of && s->relay->taken) atomic_store_explicit(s->relay->taken, s->taken, memory_order_release);
    } else if (want && (got == 0 || ended || (errno != EAGAIN && errno != EINTR))) {
        s->over = true;
    }
    if (ended && s->left == 0) s->over = true;
}

size_t plait_stream_ripe(const struct plait_stream *s)
{
    size_t size = s->size < PLAIT_LINE ? s->size : PLAIT_LINE;
    const char *newline = size ? memrchr(s->held, '\n', size) : NULL;
    if (newline) return (size_t)(newline - s->held) + 1;
    return s->over || size == PLAIT_LINE || s->size == s->room ? size : 0;
}

/* The last line that is not empty: its length and where it begins; 0: there is none. */
static size_t find_last_line(const char *text, size_t size, size_t *begin)
{
    while (size && strchr(" \t\r\n", text[size - 1]) && text[size - 1]) size--;
    const char *newline = size ? memrchr(text, '\n', size) : NULL;
    *begin = newline ? (size_t)(newline - text) + 1 : 0;
    while (*begin < size && (text[*begin] == ' ' || text[*begin] == '\t')) ++*begin;
    return size - *begin;
}

void plait_stream_passed(struct plait_stream *s, size_t count)
{
    struct plait_relay *r = s->relay;
    size_t begin, length = s->of ? find_last_line(s->held, count, &begin) : 0;
    if (length) {
        r->last_size = length < sizeof r->last ? length : sizeof r->last;
        memcpy(r->last, s->held + begin, r->last_size);
        r->last_end = s->taken - s->size + begin + length;
    }
    s->size -= count;
    memmove(s->held, s->held + count, s->size);
    if (s->size || s->held == s->small) return;
    free(s->held);
    s->held = s->small, s->room = sizeof s->small;
}

/* As much as there is room for. Bytes above 127 are letters to those who know UTF-8; the control characters among them
   are not. */
static size_t show(const char *line, size_t length, char *text, size_t size)
{
    size_t put = 0;
    for (size_t i = 0; i < length && put + 1 < size; i++) {
        unsigned char c = (unsigned char)line[i], after = i + 1 < length ? (unsigned char)line[i + 1] : 0;
        bool control = c < ' ' || c == 0x7f || (c == 0xc2 && after >= 0x80 && after < 0xa0);
        text[put++] = control ? '?' : line[i];
        if (control && c == 0xc2) i++;
    }
    if (put + 1 == size || length == sizeof((struct plait_relay *)0)->last) /* not in the middle of a letter */
        while (put && ((unsigned char)text[put - 1] & 0xc0) == 0x80) put--;
    if (put && (unsigned char)text[put - 1] >= 0xc0) put--;
    text[put] = 0;
    return put;
}

size_t plait_relay_last_line(struct plait_relay *r, uint64_t since, char *text, size_t size)
{
    struct plait_stream *s = &r->streams[1];
    size_t begin, put = 0;
    pthread_mutex_lock(&r->guard);
    if (s->fd >= 0 && atomic_load_explicit(&r->ended, memory_order_acquire)) {
        uint64_t before;
        do before = s->taken, plait_stream_read(s, PLAIT_LINE);
        while (s->taken != before);
        r->taken = NULL; /* who asked needs it no more */
    }
    size_t length = find_last_line(s->held, s->size, &begin);
    if (length && s->taken - s->size + begin + length > since) put = show(s->held + begin, length, text, size);
    else if (!length && r->last_size && r->last_end > since) put = show(r->last, r->last_size, text, size);
    pthread_mutex_unlock(&r->guard);
    return put;
}
