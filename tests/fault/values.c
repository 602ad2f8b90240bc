/* values.c: see values.h. */
#include "values.h"
#include "plan.h"
#include <stdlib.h>

/* Every other one is too large for the place of a small one. */
static size_t size_for(int n) { return n % 2 ? 40 : 40000; }

/* Plain. */

struct number {
    int n;
    unsigned char more[MOST_OF_A_VALUE - sizeof(int)];
};

static int turn_plain(const struct number *in, struct number *out)
{
    plan->runs++;
    for (size_t i = 0; i < sizeof in->more; i++) out->more[i] = (unsigned char)(in->more[i] + 1);
    out->n = -in->n;
    return 0;
}
static int victim_plain(const struct number *in, struct number *out)
{
    int err = turn_plain(in, out);
    plan_come_to(AT_RUNNING);
    return err;
}
PLAIT_TASK(turn_plain, struct number, struct number);
PLAIT_TASK(victim_plain, struct number, struct number);

static void make_plain(int n, void *argument)
{
    struct number *a = argument;
    a->n = n;
    memset(a->more, n, sizeof a->more);
}
static void clear_plain(void *argument) { (void)argument; }
static bool right_plain(int n, void *result)
{
    const struct number *r = result;
    for (size_t i = 0; i < sizeof r->more; i++)
        if (r->more[i] != (unsigned char)(n + 1)) return false;
    return r->n == -n;
}

/* Bytes. */

static int turn(const plait_bytes *in, plait_bytes *out)
{
    int err = plait_bytes_copy(out, NULL, in->size);
    if (err) return err;
    for (size_t i = 0; i < in->size; i++) ((char *)out->data)[i] = (char)(((char *)in->data)[i] + 1);
    return 0;
}
static int turn_bytes(const plait_bytes *in, plait_bytes *out)
{
    plan->runs++;
    return turn(in, out);
}
static int victim_bytes(const plait_bytes *in, plait_bytes *out)
{
    int err = turn_bytes(in, out);
    plan_come_to(AT_RUNNING);
    return err;
}
PLAIT_TASK(turn_bytes, plait_bytes, plait_bytes);
PLAIT_TASK(victim_bytes, plait_bytes, plait_bytes);

static void make_bytes(int n, void *argument)
{
    plait_bytes *a = argument;
    check_code(plait_bytes_copy(a, NULL, size_for(n)), 0);
    memset(a->data, n, a->size);
}
static void clear_bytes(void *argument) { plait_bytes_clear(argument); }
static bool right_bytes(int n, void *result)
{
    plait_bytes *r = result;
    bool right = r->size == size_for(n);
    for (size_t i = 0; right && i < r->size; i++) right = ((char *)r->data)[i] == (char)(n + 1);
    plait_bytes_clear(r);
    return right;
}

/* A struct that owns. */

struct page {
    int n;
    char *title;
    plait_bytes text;
};
PLAIT_TYPE(page_type, struct page, PLAIT_FIELD(struct page, n), PLAIT_FIELD(struct page, title),
           PLAIT_FIELD(struct page, text));

static int turn_struct(const struct page *in, struct page *out)
{
    plan->runs++;
    out->n = -in->n;
    out->title = strdup(in->title);
    return out->title ? turn(&in->text, &out->text) : PLAIT_ENOMEM;
}
static int victim_struct(const struct page *in, struct page *out)
{
    int err = turn_struct(in, out);
    plan_come_to(AT_RUNNING);
    return err;
}
PLAIT_TASK_TYPED(turn_struct, struct page, struct page, page_type);
PLAIT_TASK_TYPED(victim_struct, struct page, struct page, page_type);

static void make_struct(int n, void *argument)
{
    struct page *a = argument;
    a->n = n;
    a->title = strdup("page");
    check(a->title != NULL);
    make_bytes(n, &a->text);
}
static void clear_struct(void *argument) { plait_type_clear(page_type, (struct page *)argument); }
static bool right_struct(int n, void *result)
{
    struct page *r = result;
    bool right = r->n == -n && r->title && strcmp(r->title, "page") == 0 && right_bytes(n, &r->text);
    plait_type_clear(page_type, r);
    return right;
}

const struct kind kinds[KINDS] = {
    { "plain", &victim_plain_plait_task, &turn_plain_plait_task, make_plain, clear_plain, right_plain },
    { "bytes", &victim_bytes_plait_task, &turn_bytes_plait_task, make_bytes, clear_bytes, right_bytes },
    { "struct", &victim_struct_plait_task, &turn_struct_plait_task, make_struct, clear_struct, right_struct },
};
