/* test_memory.c: what streams through in pieces takes memory for the pieces in flight, however many come: maps and sets of
   completions, whose tasks own memory. Counted by the allocator: what is in use, not what the system has lent. */
#include "future/tasks.h"
#include "sanitizers.h"
#include <malloc.h>
#if (defined ASAN || defined TSAN) && __has_include(<sanitizer/allocator_interface.h>)
#include <sanitizer/allocator_interface.h>
#endif

enum { PIECE = 4096, IN_FLIGHT = 16, WARM = 500, MANY = 5000, SLACK = 64 * PIECE };

static int64_t in_use(void)
{
#if (defined ASAN || defined TSAN) && __has_include(<sanitizer/allocator_interface.h>)
    return (int64_t)__sanitizer_get_current_allocated_bytes();
#elif defined __GLIBC__ && __GLIBC_PREREQ(2, 33)
    return (int64_t)mallinfo2().uordblks;
#else
    return 0; /* a C library that does not tell: what is left of the tests is that they end well */
#endif
}

/* Once all is warm, no more may be in use than then and a little. */
struct measure {
    size_t seen;
    int64_t at_first, most;
};

static void measure(struct measure *m)
{
    if (++m->seen < WARM) return;
    int64_t now = in_use();
    if (m->seen == WARM) m->at_first = m->most = now;
    if (m->most < now) m->most = now;
}

static void check_constant(const struct measure *m, size_t seen)
{
    check_number(m->seen, seen);
    check(m->most - m->at_first < SLACK);
}

static int piece(uint64_t number, plait_bytes *bytes) { return plait_bytes_format(bytes, "%0*d", PIECE, (int)number); }

static int double_it(const plait_bytes *in, plait_bytes *out)
{
    return plait_bytes_format(out, "%s%s", (char *)in->data, (char *)in->data);
}
PLAIT_TASK(double_it, plait_bytes, plait_bytes);

static int give(void *value, void *given) { return piece((*(uint64_t *)given)++, value); }

struct stream {
    uint64_t given; /* first: give's */
    struct measure measure;
};

static int take(const plait_map_item *item, void *stream)
{
    struct stream *s = stream;
    check_code(item->error, 0);
    check_number(((const plait_bytes *)item->result)->size, 2 * PIECE);
    measure(&s->measure);
    return s->measure.seen == MANY ? PLAIT_EUSER : 0;
}

/* 60 megabytes in all. */
TEST_IN_EACH_KIND(M31_an_endless_map_of_blocks_takes_constant_memory)
{
    plait_executor *executors[] = { pool_of(2), plait_inline_executor() };
    for (int e = 0; e < 2; e++) {
        struct stream s = { 0 };
        plait_map_options o = { .window = IN_FLIGHT, .next = give, .each = take, .context = &s };
        check_code(plait_map(executors[e], double_it, NULL, 0, NULL, &o), PLAIT_EUSER);
        check_constant(&s.measure, s.measure.seen);
        check(s.measure.seen >= MANY && s.measure.seen <= MANY + IN_FLIGHT);
        check(s.given <= MANY + IN_FLIGHT);
    }
    plait_executor_free(executors[0]);
}

TEST_IN_EACH_KIND(M32_M33_completions_that_are_refilled_take_constant_memory)
{
    plait_executor *pool = pool_of(2);
    plait_completions *c = plait_completions_new();
    struct measure m = { 0 };
    uint64_t given = 0;
    plait_future *f;
    int err;
    for (;;) {
        for (; given < MANY && plait_completions_pending(c) < IN_FLIGHT; given++) {
            plait_bytes block = { 0 };
            check_code(piece(given, &block), 0);
            plait_completions_add(c, plait_submit(pool, double_it, plait_bytes_take(&block)));
        }
        if ((err = plait_completions_next(c, &f, PLAIT_FOREVER))) break;
        plait_bytes twice;
        check_code(plait_await(f, &twice), 0);
        check_number(twice.size, 2 * PIECE);
        plait_bytes_clear(&twice);
        measure(&m);
    }
    check_code(err, PLAIT_EDONE);
    check_constant(&m, MANY);
    plait_completions_free(c);
    plait_executor_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(M31_an_endless_map_of_blocks_takes_constant_memory),
        cmocka_unit_test(M32_M33_completions_that_are_refilled_take_constant_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
