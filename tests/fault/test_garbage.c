/* test_garbage.c: a worker that runs wild: before it dies, or goes on, it writes over what it shares with its pool. The tasks
   that were with it may fail as they will; they have an outcome, the parent lives, and the next tasks run as if nothing had
   been.

   What it writes over is its own: the shared memory's own book-keeping is not guarded (<plait/shared.h>). */
#include "plan.h"
#include "sanitizers.h"
#include "executor/process_pool.h"
#include <plait/map.h>
#include <plait/report.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#if defined ASAN || defined TSAN
enum { USUAL = 30 };
#else
enum { USUAL = 150 };
#endif
enum { BESIDE = 6 };

struct scrawl {
    void *at;
    size_t size;
    uint64_t seed; /* 0 to 255: that byte all over; above: at random, as many words as its lowest bits say */
    bool goes_on;
};

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13, *seed ^= *seed >> 7, *seed ^= *seed << 17;
    return *seed;
}

/* What a wild write may well write: small numbers, addresses of here and of there. */
static uint64_t garbage(uint64_t *seed, const struct scrawl *s)
{
    switch (next_random(seed) % 8) {
    case 0: return 0;
    case 1: return 1;
    case 2: return (uint64_t)-1;
    case 3: return next_random(seed) % 300;
    case 4: return (uintptr_t)s->at + next_random(seed) % s->size / 8 * 8;
    case 5: return (uintptr_t)environ;
    case 6: return (uint64_t) - (int64_t)(next_random(seed) % 6000);
    }
    return next_random(seed);
}

static int write_all_over(const struct scrawl *s)
{
    uint64_t seed = s->seed;
    if (s->seed < 256) memset(s->at, (int)s->seed, s->size);
    else
        for (uint64_t words = 1 + s->seed % 16; words; words--) {
            uint64_t *to = (uint64_t *)s->at + next_random(&seed) % (s->size / 8);
            *to = garbage(&seed, s);
        }
    if (!s->goes_on) raise(SIGKILL);
    return 0;
}
PLAIT_TASK(write_all_over, struct scrawl, void);

static int end_the_worker(void) { return raise(SIGKILL); }
PLAIT_TASK(end_the_worker, void, void);

static int add_one(const int *n, int *out) { return *out = *n + 1, 0; }
PLAIT_TASK(add_one, int, int);
static int turn(const plait_bytes *in, plait_bytes *out)
{
    int err = plait_bytes_copy(out, in->data, in->size);
    if (!err && in->size) *(char *)out->data ^= 1;
    return err;
}
PLAIT_TASK(turn, plait_bytes, plait_bytes);

static plait_executor *ex;

static void works(void)
{
    static char text[50000];
    for (int i = 0; i < 3; i++) {
        int n = 0;
        plait_bytes out;
        check_code(plait_await(plait_submit(ex, add_one, &i), &n), 0);
        check_number(n, i + 1);
        text[0] = 'b';
        check_code(plait_await(plait_submit(ex, turn, &(plait_bytes){ text, sizeof text }), &out), 0);
        check(out.size == sizeof text && *(char *)out.data == 'c');
        plait_bytes_clear(&out);
    }
}

/* With others before it and behind it, which the same worker may have in its hands. One that goes on is ended by limits. */
static void suffers(const struct scrawl *s)
{
    static char text[50000];
    plait_submit_options o = { .limit = s->goes_on ? 30 * PLAIT_MILLISECOND : 0 };
    plait_future *f[2 * BESIDE + 1];
    for (int i = 0; i < 2 * BESIDE + 1; i++)
        if (i == BESIDE) f[i] = plait_submit_with(ex, &o, write_all_over, s);
        else if (i % 2) f[i] = plait_submit_with(ex, &o, add_one, &i);
        else f[i] = plait_submit_with(ex, &o, turn, (&(plait_bytes){ text, sizeof text }));
    for (int i = 0; i < 2 * BESIDE + 1; i++) (void)!plait_await(f[i], NULL);
    if (s->goes_on) (void)!plait_await(plait_submit_with(ex, &o, end_the_worker, NULL), NULL);
    works();
}

static struct plait_process_pool *begin(void)
{
    ex = plait_process_executor_new(&(plait_process_options){ .workers = 1, .grace = PLAIT_MILLISECOND });
    check(ex != NULL);
    works();
    struct plait_process_pool *p = (struct plait_process_pool *)ex;
    check(p->workers != NULL); /* it has one, and gets no other */
    return p;
}

static void garbage_of_any_byte_all_over_its_channel(void **unused)
{
    (void)unused;
    static const unsigned char bytes[] = { 0, 1, 2, 3, 4, 0x7f, 0x80, 0xff, 'A' };
    struct plait_channel *c = begin()->workers->channel;
    for (int goes_on = 0; goes_on < 2; goes_on++)
        for (size_t i = 0; i < sizeof bytes; i++) suffers(&(struct scrawl){ c, sizeof *c, bytes[i], goes_on });
    plait_executor_free(ex);
}

static void garbage_in_each_line_of_its_channel(void **unused)
{
    (void)unused;
    struct plait_channel *c = begin()->workers->channel;
    for (size_t at = 0; at < sizeof *c; at += 64 * (at < 2048 ? 1 : 7))
        suffers(&(struct scrawl){ (char *)c + at, 64, at % 3 ? 0xff : 0x81, false });
    plait_executor_free(ex);
}

static void garbage_at_random(void **unused)
{
    (void)unused;
    const char *which = getenv("PLAIT_FAULTS"), *chosen = getenv("PLAIT_STRESS_SEED");
    bool all = which && strcmp(which, "all") == 0; /* else it is the same garbage each time */
    int many = all ? 3000 : USUAL;
    uint64_t seed = chosen ? strtoull(chosen, NULL, 0) : all ? (uint64_t)plait_time() | 256 : 20261;
    print_message("    PLAIT_STRESS_SEED=%llu\n", (unsigned long long)seed);
    struct plait_channel *c = begin()->workers->channel;
    for (int i = 0; i < many; i++) {
        bool head = next_random(&seed) % 2;
        size_t size = head ? offsetof(struct plait_channel, cells) + 2 * sizeof c->cells[0] : sizeof *c;
        suffers(&(struct scrawl){ c, size, next_random(&seed) | 256, false });
    }
    plait_executor_free(ex);
}

static void garbage_on_the_board(void **unused)
{
    (void)unused;
    static const unsigned char bytes[] = { 0, 1, 0x7f, 0xff };
    for (size_t i = 0; i < sizeof bytes; i++) {
        struct plait_process_pool *p = begin();
        struct plait_pool_board *b = p->board;
        plait_future *f = plait_submit(ex, write_all_over, &((struct scrawl){ b, sizeof *b, bytes[i], false }));
        (void)!plait_await(f, NULL);
        plait_executor_free(ex); /* nobody can run any more; but it ends */
    }
}

/* The third value of a slice writes over what lies at the slice's head. */
enum { WAYS = 6, VALUES = 8 };
struct in_slice {
    int index, way;
};
static int scrawl_on_the_slice(const struct in_slice *v, int *out)
{
    static struct plait_packed *p;
    *out = v->index;
    if (v->index == 0) p = (void *)((uintptr_t)v - (sizeof *p + 63) / 64 * 64);
    if (v->index < 2) return plait_fail(-EDOM, "no luck");
    if (v->index > 2) return 0;
    struct plait_packed_words *w = atomic_load(&p->words);
    switch (v->way % (WAYS / 2)) {
    case 0: atomic_store(&p->words, (void *)(uintptr_t)64); break;
    case 1: atomic_store(&w->next, w); break;
    case 2: memset((void *)w, 0xff, sizeof *w); break;
    }
    p->count = UINT32_MAX;
    return v->way < WAYS / 2 ? raise(SIGKILL) : 0;
}
PLAIT_TASK(scrawl_on_the_slice, struct in_slice, int);

static void garbage_at_the_head_of_a_slice(void **unused)
{
    (void)unused;
    begin();
    for (int way = 0; way < WAYS; way++) {
        struct in_slice in[VALUES];
        int out[VALUES], codes[VALUES];
        for (int i = 0; i < VALUES; i++) in[i] = (struct in_slice){ i, way };
        check_code(plait_map(ex, scrawl_on_the_slice, in, VALUES, out,
                             &((plait_map_options){ .chunk = VALUES, .errors = codes })),
                   0);
        for (int i = 0; i < VALUES; i++) {
            check_code(codes[i], i < 2 ? -EDOM : i == 2 && way < WAYS / 2 ? PLAIT_EWORKER : 0);
            check(codes[i] || out[i] == i);
        }
        works();
    }
    plait_executor_free(ex);
}

static int keep_quiet(const plait_report_info *info, void *unused) { return (void)info, (void)unused, 0; }

int main(void)
{
    static const plait_report_hook quiet = { keep_quiet, NULL };
    plan_look();
    plait_init();
    plan_begin();
    plait_report_hook_set(&quiet);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(garbage_of_any_byte_all_over_its_channel),
        cmocka_unit_test(garbage_in_each_line_of_its_channel),
        cmocka_unit_test(garbage_at_random),
        cmocka_unit_test(garbage_on_the_board),
        cmocka_unit_test(garbage_at_the_head_of_a_slice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
