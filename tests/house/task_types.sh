#!/bin/sh
# What the compiler refuses, and what it must not: tasks, arguments, results and deadlines of a wrong type do not compile;
# the right ones do without a warning.
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cat >"$directory/program.c" <<'END'
#include <plait.h>

struct pair { int a, b; };
struct gate { int open; };
static int square(const int *n, int *out) { *out = *n * *n; return 0; }
PLAIT_TASK(square, int, int);
static int add(const struct pair *p, long *sum) { *sum = (long)p->a + p->b; return 0; }
PLAIT_TASK(add, struct pair, long);
static int nothing(void) { return 0; }
PLAIT_TASK(nothing, void, void);
static int consume(const struct pair *p) { return p->a; }
PLAIT_TASK(consume, struct pair, void);
static int produce(struct pair *p) { p->a = 1; p->b = 2; return 0; }
PLAIT_TASK(produce, void, struct pair);
static int look(struct gate *const *g, const char **text) { *text = (*g)->open ? "open" : "closed"; return 0; }
PLAIT_LOCAL_TASK(look, struct gate *, const char *);
static int text(const plait_bytes *in, plait_bytes *out) { return plait_bytes_copy(out, in->data, in->size); }
PLAIT_TASK(text, plait_bytes, plait_bytes);

PLAIT_TASK_DECLARE(elsewhere, struct pair, long);
PLAIT_TASK_DECLARE(produce_elsewhere, void, struct pair);
PLAIT_TASK_DECLARE(consume_elsewhere, struct pair, void);
PLAIT_TASK_DECLARE(nothing_elsewhere, void, void);

#ifdef BAD_POINTER
static int follow(int *const *p) { return **p; }
PLAIT_TASK(follow, int *, void);
#endif
#ifdef BAD_POINTER_RESULT
static int lead(const int *n, const char **s) { *s = *n ? "" : "0"; return 0; }
PLAIT_TASK(lead, int, const char *);
#endif

static plait_map_options endless;
int use(plait_executor *ex);
int use(plait_executor *ex)
{
    int n = 4, square_of = 0, many[2] = { 1, 2 }, results[2];
    long sum = 0;
    struct pair p = { 1, 2 };
    struct gate gate = { 1 }, *at = &gate;
    const char *words = NULL;
    const int constant = 5;
    plait_bytes block = { NULL, 0 }, back;
    plait_deadline soon = plait_after(PLAIT_SECOND);
    plait_future *f = plait_submit(ex, square, &n);
#ifndef __cplusplus
    int err = plait_await(plait_submit(ex, add, &(struct pair){ 1, 2 }), &sum); /* a literal with a comma */
    err |= plait_await(plait_submit_with(ex, (&(plait_submit_options){ .name = "big" }), square, &n), NULL);
#else
    int err = 0;
    try {
        err = plait_await(plait_submit(ex, nothing, nullptr), nullptr);
    } catch (...) {
    }
#endif
    err |= plait_await_until(f, &square_of, soon);
    err |= plait_await(plait_submit(ex, square, &constant), &square_of);
    err |= plait_await(plait_submit(ex, add, &p), &sum);
    err |= plait_await(plait_submit(ex, nothing, NULL), NULL);
    err |= plait_await(plait_submit(ex, consume, &p), NULL);
    err |= plait_await(plait_submit(ex, produce, NULL), &p);
    err |= plait_await(plait_submit(ex, look, &at), &words);
    err |= plait_await(plait_submit(ex, text, plait_bytes_take(&block)), &back);
    err |= plait_take(square, plait_submit(ex, square, &n), &square_of);
    err |= plait_take(square, plait_submit(ex, square, &n), NULL);
    err |= plait_take(nothing, plait_submit(ex, nothing, NULL), NULL);
    err |= plait_take(produce, plait_submit(ex, produce, NULL), &p);
    err |= plait_take(look, plait_submit(ex, look, &at), &words);
    err |= plait_map(ex, square, many, 2, results, NULL);
    err |= plait_map(ex, square, many, 2, NULL, NULL);
    err |= plait_map(ex, consume, &p, 1, NULL, NULL);
    err |= plait_map(ex, square, &constant, 1, results, NULL);
    err |= plait_map(ex, square, NULL, 0, NULL, &endless);
    err |= plait_map(ex, produce, NULL, 1, &p, NULL);
    err |= plait_await(plait_submit(ex, elsewhere, &p), &sum);
    err |= plait_await(plait_submit(ex, produce_elsewhere, NULL), &p);
    err |= plait_await(plait_submit(ex, consume_elsewhere, &p), NULL);
    err |= plait_await(plait_submit(ex, nothing_elsewhere, NULL), NULL);
    plait_future *both[2] = { plait_submit(ex, square, &n), plait_submit(ex, square, &n) };
    err |= plait_gather(both, 2, results, NULL);
    err |= plait_gather(both, 0, NULL, many);
    {
        PLAIT_GROUP(group, ex);
        plait_group_submit(&group, consume, &p);
        plait_group_submit(&group, nothing, NULL);
        err |= plait_group_wait(&group);
    }
#ifdef BAD_ARGUMENT
    err |= plait_await(plait_submit(ex, square, &sum), NULL);
#endif
#ifdef BAD_ARGUMENT_VALUE
    err |= plait_await(plait_submit(ex, square, n), NULL);
#endif
#ifdef BAD_VOID
    err |= plait_await(plait_submit(ex, square, (void *)&n), NULL);
#endif
#ifdef BAD_TAKE
    err |= plait_take(square, plait_submit(ex, square, &n), &sum);
#endif
#ifdef BAD_TAKE_VOID_POINTER
    void *anywhere = &n;
    err |= plait_take(square, plait_submit(ex, square, &n), anywhere);
#endif
#ifdef BAD_TAKE_OF_VOID
    err |= plait_take(nothing, plait_submit(ex, nothing, NULL), &n);
#endif
#ifdef BAD_GROUP_ARGUMENT
    PLAIT_GROUP(other, ex);
    plait_group_submit(&other, square, &p);
#endif
#ifdef BAD_MAP_INPUT
    err |= plait_map(ex, square, &p, 2, results, NULL);
#endif
#ifdef BAD_MAP_INPUT_VOID
    void *values = many;
    err |= plait_map(ex, square, values, 2, results, NULL);
#endif
#ifdef BAD_MAP_OUTPUT
    err |= plait_map(ex, square, many, 2, &sum, NULL);
#endif
#ifdef BAD_MAP_OUTPUT_VOID
    void *anything = results;
    err |= plait_map(ex, square, many, 2, anything, NULL);
#endif
#ifdef BAD_DEADLINE
    err |= plait_await_until(f, NULL, PLAIT_SECOND);
#endif
#ifdef BAD_DEADLINE_ZERO
    err |= plait_future_wait(f, 0);
#endif
#ifdef BAD_RUN_OF_NO_TASK
    err |= plait_run(use, &n, NULL);
#endif
#ifdef BAD_RUN_ARGUMENT
    err |= plait_run(square, &p, NULL);
#endif
#ifdef BAD_RUN_RESULT
    err |= plait_run_with(NULL, square, &n, &sum);
#endif
#ifdef BAD_TASK
    err |= plait_await(plait_submit(ex, use, &n), NULL); /* no PLAIT_TASK */
#endif
    return err;
}
END
sed 's/struct gate \*const \*g/gate *const *g/' "$directory/program.c" >"$directory/program.cpp"
sh "$PLAIT_SOURCE_DIR/tests/house/refusals" "$directory/program.c" "$directory/program.cpp"
