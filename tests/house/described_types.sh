#!/bin/sh
# What the compiler refuses, and what it must not, of structs that are described: fields that are not what their
# description says, descriptions that are not of the task, values that are not of the description; and of promises.
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cat >"$directory/program.c" <<'END'
#include <plait.h>

struct pair { int a, b; };
enum colour { RED, GREEN };
struct label { char *text; enum colour colour; };
PLAIT_TYPE(label_type, struct label, PLAIT_FIELD(struct label, text), PLAIT_FIELD(struct label, colour));
struct tree { char *name; int count; struct tree *children; };
PLAIT_TYPE(tree_type, struct tree, PLAIT_FIELD(struct tree, name),
           PLAIT_FIELD_STRUCT_ARRAY(struct tree, children, count, tree_type));
struct photo {
    char *path, *names[3], code[8];
    const char *title;
    int32_t width, crop[4];
    bool raw;
    float scale;
    struct pair place;
    plait_bytes pixels;
    size_t tag_count;
    char **tags;
    struct label label, corners[4], *labels;
    short label_count, *samples;
    int *measures;
};
PLAIT_TYPE(photo_type, struct photo, PLAIT_FIELD(struct photo, path), PLAIT_FIELD(struct photo, names),
           PLAIT_FIELD(struct photo, code), PLAIT_FIELD(struct photo, title), PLAIT_FIELD(struct photo, width),
           PLAIT_FIELD(struct photo, crop), PLAIT_FIELD(struct photo, raw), PLAIT_FIELD(struct photo, scale),
           PLAIT_FIELD(struct photo, place), PLAIT_FIELD(struct photo, pixels),
           PLAIT_FIELD_ARRAY(struct photo, tags, tag_count), PLAIT_FIELD_STRUCT(struct photo, label, label_type),
           PLAIT_FIELD_STRUCT(struct photo, corners, label_type),
           PLAIT_FIELD_STRUCT_ARRAY(struct photo, labels, label_count, label_type),
           PLAIT_FIELD_ARRAY(struct photo, samples, label_count));
#ifdef BAD_FIELD_POINTER
PLAIT_TYPE(bad_type, struct photo, PLAIT_FIELD(struct photo, measures));
#endif
#ifdef BAD_FIELD_ARRAY_IN_PLACE
PLAIT_TYPE(bad_type, struct photo, PLAIT_FIELD_ARRAY(struct photo, crop, tag_count));
#endif
#ifdef BAD_FIELD_ARRAY_OF_NO_POINTER
PLAIT_TYPE(bad_type, struct photo, PLAIT_FIELD_ARRAY(struct photo, width, tag_count));
#endif
#ifdef BAD_FIELD_COUNT
PLAIT_TYPE(bad_type, struct photo, PLAIT_FIELD_ARRAY(struct photo, measures, scale));
#endif
#ifdef BAD_FIELD_COUNT_POINTER
PLAIT_TYPE(bad_type, struct photo, PLAIT_FIELD_ARRAY(struct photo, measures, path));
#endif
#ifdef BAD_FIELD_STRUCT
PLAIT_TYPE(bad_type, struct photo, PLAIT_FIELD_STRUCT(struct photo, place, label_type));
#endif
#ifdef BAD_FIELD_STRUCT_POINTER
PLAIT_TYPE(bad_type, struct photo, PLAIT_FIELD_STRUCT(struct photo, labels, label_type));
#endif
#ifdef BAD_FIELD_STRUCT_ARRAY
PLAIT_TYPE(bad_type, struct photo, PLAIT_FIELD_STRUCT_ARRAY(struct photo, samples, label_count, label_type));
#endif
#ifdef BAD_FIELD_STRUCT_ARRAY_IN_PLACE
PLAIT_TYPE(bad_type, struct photo, PLAIT_FIELD_STRUCT_ARRAY(struct photo, corners, label_count, label_type));
#endif
#ifdef BAD_FIELD_UNKNOWN
PLAIT_TYPE(bad_type, struct photo, PLAIT_FIELD(struct photo, nowhere));
#endif
static int shrink(const struct photo *from, struct photo *to) { return plait_type_copy(photo_type, to, from); }
PLAIT_TASK_TYPED(shrink, struct photo, struct photo, photo_type);
static int weigh(const struct photo *p, size_t *size) { *size = p->pixels.size; return 0; }
PLAIT_TASK_TYPED(weigh, struct photo, size_t, photo_type);
static int caption(const struct photo *p, struct label *l) { l->colour = p->raw ? RED : GREEN; return 0; }
PLAIT_TASK_TYPED(caption, struct photo, struct label, photo_type, label_type);
static int load(struct photo *p) { p->width = 1; return 0; }
PLAIT_TASK_TYPED(load, void, struct photo, photo_type);
static int save(const struct photo *p) { return p->width; }
PLAIT_TASK_TYPED(save, struct photo, void, photo_type);
#ifdef BAD_DESCRIPTION
static int weigh_again(const struct photo *p, size_t *size) { return weigh(p, size); }
PLAIT_TASK_TYPED(weigh_again, struct photo, size_t, label_type);
#endif
#ifdef BAD_SECOND_DESCRIPTION
static int weigh_twice(const struct photo *p, size_t *size) { return weigh(p, size); }
PLAIT_TASK_TYPED(weigh_twice, struct photo, size_t, photo_type, label_type);
#endif

PLAIT_PROMISE(number, int);
PLAIT_PROMISE(done, void);
PLAIT_PROMISE(somewhere, const char *);
PLAIT_PROMISE(text, plait_bytes);
PLAIT_PROMISE_TYPED(picture, struct photo, photo_type);
#ifdef BAD_PROMISE_DESCRIPTION
PLAIT_PROMISE_TYPED(word, struct photo, label_type);
#endif

int use(plait_executor *ex);
int use(plait_executor *ex)
{
    struct photo photo, copy;
    struct label label;
    size_t size;
    int err = 0;
    err |= plait_take(load, plait_submit(ex, load, NULL), &photo);
    err |= plait_take(shrink, plait_submit(ex, shrink, &photo), &copy);
    err |= plait_take(weigh, plait_submit(ex, weigh, &photo), &size);
    err |= plait_take(caption, plait_submit(ex, caption, &photo), &label);
    err |= plait_await(plait_submit(ex, save, &photo), NULL);
    plait_type_clear(label_type, &label);
    plait_type_clear(photo_type, &copy);
    err |= plait_type_copy(photo_type, &copy, (const struct photo *)&photo);
    plait_type_clear(photo_type, NULL);
    plait_future *f;
    plait_promise *p = plait_promise_new(number, &f);
    int n = 1, out;
    const int constant = 2;
    const char *words = "words";
    plait_bytes block = { NULL, 0 };
    err |= plait_promise_set(number, p, &n) | plait_promise_set(number, p, &constant);
    err |= plait_promise_set(number, p, NULL) | plait_promise_set(done, p, NULL);
    err |= plait_promise_set(somewhere, p, &words) | plait_promise_set(text, p, &block);
    err |= plait_promise_set(picture, p, &photo) | plait_take(picture, f, &photo) | plait_take(number, f, &out);
#ifdef BAD_PROMISE_VALUE
    err |= plait_promise_set(number, p, &photo);
#endif
#ifdef BAD_PROMISE_VALUE_VOID
    void *whatever = &n;
    err |= plait_promise_set(number, p, whatever);
#endif
#ifdef BAD_PROMISE_SUBMITTED
    plait_future_detach(plait_submit(ex, done, NULL));
#endif
#ifdef BAD_TYPED_ARGUMENT
    err |= plait_await(plait_submit(ex, shrink, &label), NULL);
#endif
#ifdef BAD_TYPED_RESULT
    err |= plait_take(caption, plait_submit(ex, caption, &photo), &photo);
#endif
#ifdef BAD_CLEAR
    plait_type_clear(photo_type, &label);
#endif
#ifdef BAD_CLEAR_VOID
    void *anybody = &photo;
    plait_type_clear(photo_type, anybody);
#endif
#ifdef BAD_COPY_FROM
    err |= plait_type_copy(photo_type, &copy, &label);
#endif
#ifdef BAD_COPY_TO
    err |= plait_type_copy(photo_type, &label, &photo);
#endif
    return err;
}
END
cp "$directory/program.c" "$directory/program.cpp"
sh "$PLAIT_SOURCE_DIR/tests/house/refusals" "$directory/program.c" "$directory/program.cpp"
