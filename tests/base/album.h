/* album.h: a described struct with a field of every kind, and a value of it in which all is there. */
#ifndef PLAIT_TEST_ALBUM_H
#define PLAIT_TEST_ALBUM_H
#include "check.h"
#include <plait/type.h>

enum colour { RED, GREEN };
struct place {
    double north, east;
};
struct note {
    char *text;
    uint8_t weight;
};
PLAIT_TYPE(note_type, struct note, PLAIT_FIELD(struct note, text), PLAIT_FIELD(struct note, weight));

struct album {
    char *title;
    const char *author;
    char code[4];
    int32_t year;
    enum colour colour;
    struct place place;
    plait_bytes cover;
    char *names[3];
    size_t tag_count;
    char **tags;
    struct note first, margin[2];
    int8_t note_count;
    struct note *notes;
    uint16_t page_count;
    uint64_t *pages;
    plait_bytes *scans;
    int left_out;
};
PLAIT_TYPE(album_type, struct album, PLAIT_FIELD(struct album, title), PLAIT_FIELD(struct album, author),
           PLAIT_FIELD(struct album, code), PLAIT_FIELD(struct album, year), PLAIT_FIELD(struct album, colour),
           PLAIT_FIELD(struct album, place), PLAIT_FIELD(struct album, cover), PLAIT_FIELD(struct album, names),
           PLAIT_FIELD_ARRAY(struct album, tags, tag_count), PLAIT_FIELD_STRUCT(struct album, first, note_type),
           PLAIT_FIELD_STRUCT(struct album, margin, note_type),
           PLAIT_FIELD_STRUCT_ARRAY(struct album, notes, note_count, note_type),
           PLAIT_FIELD_ARRAY(struct album, pages, page_count), PLAIT_FIELD_ARRAY(struct album, scans, page_count));

struct tree {
    char *name;
    unsigned count;
    struct tree *children;
};
PLAIT_TYPE(tree_type, struct tree, PLAIT_FIELD(struct tree, name),
           PLAIT_FIELD_STRUCT_ARRAY(struct tree, children, count, tree_type));

/* One in which all is there, of texts that lie elsewhere. */
static struct note notes[2] = { { (char *)"one", 1 }, { NULL, 2 } };
static char *tags[3] = { (char *)"sea", NULL, (char *)"" };
static uint64_t pages[2] = { 1, UINT64_MAX };
static plait_bytes scans[2] = { { (char *)"scan", 2 }, { NULL, 0 } };
static const struct album full = { .title = (char *)"Views",
                                   .author = "Anna",
                                   .code = "abc",
                                   .year = -1850,
                                   .colour = GREEN,
                                   .place = { 1.5, -2 },
                                   .cover = { (char *)"picture", 3 },
                                   .names = { (char *)"a", NULL, (char *)"c" },
                                   .tag_count = 3,
                                   .tags = tags,
                                   .first = { (char *)"first", 7 },
                                   .margin = { { (char *)"left", 1 }, { (char *)"right", 2 } },
                                   .note_count = 2,
                                   .notes = notes,
                                   .page_count = 2,
                                   .pages = pages,
                                   .scans = scans,
                                   .left_out = 9 };

static inline void check_same_text(const char *text, const char *of)
{
    check(text != of || !of);
    if (of) check_string(text, of);
}

/* Equal, and nothing in common. */
static inline void check_copy(const struct album *a, const struct album *of)
{
    check_same_text(a->title, of->title);
    check_same_text(a->author, of->author);
    check_string(a->code, of->code);
    check(a->year == of->year && a->colour == of->colour && a->left_out == of->left_out);
    check(a->place.north == of->place.north && a->place.east == of->place.east);
    check(a->cover.data != of->cover.data && a->cover.size == of->cover.size);
    check_string(a->cover.data, "pic"); /* the NUL stands behind the size */
    for (int i = 0; i < 3; i++) check_same_text(a->names[i], of->names[i]);
    check(a->tags != of->tags && a->tag_count == of->tag_count);
    for (size_t i = 0; i < a->tag_count; i++) check_same_text(a->tags[i], of->tags[i]);
    check_same_text(a->first.text, of->first.text);
    check_same_text(a->margin[0].text, of->margin[0].text);
    check_same_text(a->margin[1].text, of->margin[1].text);
    check(a->notes != of->notes && a->notes[1].weight == 2 && !a->notes[1].text);
    check_same_text(a->notes[0].text, of->notes[0].text);
    check(a->pages != of->pages && a->pages[0] == 1 && a->pages[1] == UINT64_MAX);
    check(a->scans != of->scans && a->scans[0].size == 2 && !a->scans[1].data);
    check_string(a->scans[0].data, "sc");
}

static inline void check_zero(const void *value, size_t size)
{
    for (size_t i = 0; i < size; i++) check_number(((const unsigned char *)value)[i], 0);
}

#endif
