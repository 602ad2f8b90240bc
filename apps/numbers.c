/* numbers.c: digits to numbers. What must hold: a word is taken byte by byte and may lie across reads; of one that does not
   fit, or is no number, all bytes are taken. */
#include "apps/numbers.h"
#include <plait/error.h>
#include <plait/io.h>
#include <string.h>

/* A word in the making. */
struct parse {
    uint64_t number;
    size_t length;
    bool good;
};

static void parse_byte(struct parse *parse, char byte)
{
    unsigned digit = (unsigned)(byte - '0');
    parse->length++;
    if (digit > 9 || parse->number > (UINT64_MAX - digit) / 10) parse->good = false;
    if (parse->good) parse->number = parse->number * 10 + digit;
}

bool number_read(const char *text, uint64_t *number)
{
    struct parse parse = { .good = true };
    for (; *text; text++) parse_byte(&parse, *text);
    if (!parse.length || !parse.good) return false;
    *number = parse.number;
    return true;
}

/* 1 and the next byte, 0 at the end, or the code of a failed read. */
static int next_byte(struct number_reader *r, char *byte)
{
    if (r->at == r->end) {
        ssize_t got = plait_read(r->descriptor, r->buffer, sizeof r->buffer, PLAIT_FOREVER);
        if (got <= 0) return (int)got;
        r->at = 0;
        r->end = (size_t)got;
    }
    *byte = r->buffer[r->at++];
    return 1;
}

static bool is_blank(char byte) { return strchr(" \t\r\n\v\f", byte) && byte; }

int number_reader_next(struct number_reader *r, struct number_word *word)
{
    struct parse parse = { .good = true };
    char byte = 0;
    int got;
    size_t shown = 0;
    while ((got = next_byte(r, &byte)) == 1) {
        if (is_blank(byte)) {
            if (byte == '\n') r->lines_ended++;
            if (parse.length) break;
            continue;
        }
        if (!parse.length) r->line = r->lines_ended + 1;
        parse_byte(&parse, byte);
        if (shown < sizeof word->text - 1) word->text[shown++] = byte > ' ' && byte <= '~' ? byte : '?';
    }
    if (got < 0) return got;
    if (!parse.length) return PLAIT_EDONE;
    word->text[shown] = 0;
    if (parse.length > shown) memcpy(word->text + shown - 3, "...", 3);
    word->good = parse.good;
    word->number = parse.number;
    r->words++;
    return 0;
}
