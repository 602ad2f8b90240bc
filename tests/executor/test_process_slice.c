/* test_process_slice.c: a map over worker processes: several values go to a worker at once, and what becomes of one of them
   is its own affair. */
#include "check.h"
#include <fcntl.h>
#include <plait.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define until(condition)                                                                                               \
    while (!(condition)) sched_yield()

enum { MANY = 1000 };
static int in[MANY], out[MANY], codes[MANY];
static const size_t chunks[] = { 0, 1, 2, 7, 64, 1000 };
enum { CHUNKS = sizeof chunks / sizeof *chunks };

static void fill(void)
{
    for (int i = 0; i < MANY; i++) in[i] = i, out[i] = codes[i] = -1;
}

static plait_executor *pool(int workers)
{
    plait_executor *ex = plait_process_executor_new(&(plait_process_options){ .workers = workers });
    check(ex);
    return ex;
}

static int square(const int *n, int *result) { return *result = *n * *n, 0; }
PLAIT_TASK(square, int, int);

struct triple {
    char letter;
    double half;
    uint16_t words[100];
};
static int turn(const struct triple *t, struct triple *turned)
{
    *turned = (struct triple){ .letter = (char)(t->letter + 1), .half = -t->half };
    for (int i = 0; i < 100; i++) turned->words[i] = t->words[99 - i];
    return 0;
}
PLAIT_TASK(turn, struct triple, struct triple);

static int give(void *value, void *given) { return *(int *)value = (*(int *)given)++, 0; }
static int add(const plait_map_item *item, void *sum)
{
    check_code(item->error, 0);
    check_number(*(const int *)item->argument, item->index);
    check_number(*(int *)item->result, item->index * item->index);
    *(long *)sum += *(int *)item->result;
    return 0;
}

static void E5_E6_O2_a_chunk_changes_no_result_over_processes_too(void **unused)
{
    (void)unused;
    plait_executor *ex = pool(2);
    long expected = 0;
    for (int i = 0; i < MANY; i++) expected += (long)i * i;
    for (int c = 0; c < 2 * CHUNKS; c++) {
        fill();
        plait_map_options o = { .chunk = chunks[c / 2], .window = c % 2 ? 300 : 0 };
        check_code(plait_map(ex, square, in, MANY, out, &o), 0);
        for (int i = 0; i < MANY; i++) check_number(out[i], i * i);
        long sum = 0;
        o.each = add, o.context = &sum;
        check_code(plait_map(ex, square, in, MANY, NULL, &o), 0);
        check_number(sum, expected);
        int given = 0;
        o.each = NULL, o.next = give, o.context = &given;
        check_code(plait_map(ex, square, NULL, MANY, out, &o), 0);
        check_number(given, MANY);
        for (int i = 0; i < MANY; i++) check_number(out[i], i * i);
    }
    plait_executor_free(ex);
}

static void E6_structs_lie_in_their_slices_as_they_lie_in_arrays(void **unused)
{
    (void)unused;
    enum { SOME = 150 };
    static struct triple all[SOME], turned[SOME];
    plait_executor *ex = pool(2);
    for (int i = 0; i < SOME; i++) {
        all[i].letter = (char)('a' + i % 20), all[i].half = i / 2.0;
        for (int k = 0; k < 100; k++) all[i].words[k] = (uint16_t)(i * 100 + k);
    }
    for (int c = 0; c < CHUNKS; c++) {
        memset(turned, 0, sizeof turned);
        check_code(plait_map(ex, turn, all, SOME, turned, &((plait_map_options){ .chunk = chunks[c] })), 0);
        for (int i = 0; i < SOME; i++) {
            check_number(turned[i].letter, 'a' + i % 20 + 1);
            check(turned[i].half == -i / 2.0);
            for (int k = 0; k < 100; k++) check_number(turned[i].words[k], i * 100 + 99 - k);
        }
    }
    plait_executor_free(ex);
}

/* Fails, or dies, where its value ends in a 9; else gives the negative. */
static int fail_at_nines(const int *n, int *result)
{
    *result = -*n;
    return *n % 10 == 9 ? plait_fail(PLAIT_EUSER - *n, "no luck with %d", *n) : 0;
}
PLAIT_TASK(fail_at_nines, int, int);
static int die_at_nines(const int *n, int *result)
{
    *result = -*n;
    if (*n % 10 == 9) raise(SIGKILL);
    return 0;
}
PLAIT_TASK(die_at_nines, int, int);
static int die_saying_nothing(const int *n)
{
    if (*n % 10 == 9) raise(SIGKILL);
    return 0;
}
PLAIT_TASK(die_saying_nothing, int, void);
static int die_with_bytes(const plait_bytes *text, plait_bytes *more)
{
    if (strchr(text->data, '9')) raise(SIGKILL);
    return plait_bytes_format(more, "%s!", (const char *)text->data);
}
PLAIT_TASK(die_with_bytes, plait_bytes, plait_bytes);

struct told {
    int count, failed, code;
    const char *words, *task;
};
static int look(const plait_map_item *item, void *told)
{
    struct told *t = told;
    t->count++;
    bool nine = item->index % 10 == 9;
    check(nine == !!item->error);
    if (!nine) {
        check_number(*(int *)item->result, -(int)item->index);
        return 0;
    }
    t->failed++;
    check_code(item->error, t->code ? t->code : PLAIT_EUSER - (int)item->index);
    check_code(plait_error()->code, item->error);
    check_contains(plait_error()->message, t->words);
    check_string(plait_error()->task, t->task);
    check_contains(plait_error()->file, "test_process_slice.c");
    return 0;
}

static void X27_M9_a_failing_value_fails_alone_wherever_it_lies(void **unused)
{
    (void)unused;
    plait_executor *ex = pool(2);
    for (int c = 0; c < CHUNKS; c++) {
        fill();
        plait_map_options o = { .chunk = chunks[c], .errors = codes };
        check_code(plait_map(ex, fail_at_nines, in, MANY, out, &o), 0);
        for (int i = 0; i < MANY; i++) {
            check_code(codes[i], i % 10 == 9 ? PLAIT_EUSER - i : 0);
            check_number(out[i], i % 10 == 9 ? -1 : -i);
        }
        struct told t = { .words = "no luck with ", .task = "fail_at_nines" };
        o = (plait_map_options){ .chunk = chunks[c], .each = look, .context = &t };
        check_code(plait_map(ex, fail_at_nines, in, MANY, NULL, &o), 0);
        check_number(t.count, MANY);
        check_number(t.failed, MANY / 10);
        fill();
        o = (plait_map_options){ .chunk = chunks[c] };
        check_code(plait_map(ex, fail_at_nines, in + 1, MANY - 1, out, &o), PLAIT_EUSER - 9); /* the first in order */
        check_string(plait_error()->message, "no luck with 9");
        for (int i = 0; i < MANY; i++) check_number(out[i], i < 8 ? -i - 1 : -1);
    }
    plait_executor_free(ex);
}

static void X27_M1_a_worker_that_dies_in_a_slice_fails_the_value_that_it_was_at(void **unused)
{
    (void)unused;
    enum { SOME = 100 };
    plait_executor *ex = pool(2);
    for (int c = 0; c < CHUNKS; c++) {
        fill();
        plait_map_options o = { .chunk = chunks[c], .errors = codes };
        check_code(plait_map(ex, die_at_nines, in, SOME, out, &o), 0);
        for (int i = 0; i < SOME; i++) {
            check_code(codes[i], i % 10 == 9 ? PLAIT_EWORKER : 0);
            check_number(out[i], i % 10 == 9 ? -1 : -i);
        }
        check_code(plait_map(ex, die_saying_nothing, in, SOME, NULL, &o), 0);
        for (int i = 0; i < SOME; i++) check_code(codes[i], i % 10 == 9 ? PLAIT_EWORKER : 0);
    }
    struct told t = { .words = "SIGKILL", .code = PLAIT_EWORKER, .task = "die_at_nines" };
    plait_map_options o = { .chunk = 25, .each = look, .context = &t };
    check_code(plait_map(ex, die_at_nines, in, SOME, NULL, &o), 0);
    check_number(t.failed, SOME / 10);
    fill();
    check_code(plait_map(ex, die_at_nines, in, SOME, out, &((plait_map_options){ .chunk = 25 })), PLAIT_EWORKER);
    check_contains(plait_error()->message, "SIGKILL");
    for (int i = 0; i < SOME; i++) check_number(out[i], i < 9 ? -i : -1);
    plait_executor_free(ex);
}

static void X27_M1_and_with_values_that_own_memory(void **unused)
{
    (void)unused;
    enum { SOME = 30 };
    plait_executor *ex = pool(2);
    plait_bytes texts[SOME], more[SOME];
    for (int i = 0; i < SOME; i++) check_code(plait_bytes_format(&texts[i], "text %d", i), 0);
    for (int c = 0; c < CHUNKS; c++) {
        plait_map_options o = { .chunk = chunks[c], .errors = codes };
        check_code(plait_map(ex, die_with_bytes, texts, SOME, more, &o), 0);
        for (int i = 0; i < SOME; i++) {
            check_code(codes[i], i % 10 == 9 ? PLAIT_EWORKER : 0);
            if (codes[i]) continue;
            char expected[20];
            snprintf(expected, sizeof expected, "text %d!", i);
            check_string(more[i].data, expected);
            plait_bytes_clear(&more[i]);
        }
    }
    for (int i = 0; i < SOME; i++) plait_bytes_clear(&texts[i]);
    plait_executor_free(ex);
}

/* Files are what tasks in other processes and the test both see. */
struct place {
    int number;
    char folder[64];
};
static void path_in(char *path, size_t size, const char *folder, const char *name)
{
    snprintf(path, size, "%s/%s", folder, name);
}
static void make_file(const char *folder, const char *name)
{
    char path[128];
    path_in(path, sizeof path, folder, name);
    int fd = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    check(fd >= 0 && write(fd, "x", 1) == 1);
    close(fd);
}
static long size_of(const char *folder, const char *name)
{
    char path[128];
    struct stat s;
    path_in(path, sizeof path, folder, name);
    return stat(path, &s) == 0 ? (long)s.st_size : 0;
}
static struct place places[MANY];
static void make_places(char *folder)
{
    check(mkdtemp(folder));
    for (int i = 0; i < MANY; i++) {
        places[i].number = i;
        snprintf(places[i].folder, sizeof places[i].folder, "%s", folder);
    }
}
static void remove_places(const char *folder)
{
    static const char *const names[] = { "begun", "open" };
    char path[128];
    for (int i = 0; i < 2; i++) path_in(path, sizeof path, folder, names[i]), unlink(path);
    rmdir(folder);
}

static int sleep_at_five(const struct place *p, int *result)
{
    make_file(p->folder, "begun");
    *result = p->number;
    return p->number == 5 ? plait_sleep(1000 * PLAIT_SECOND) : 0;
}
PLAIT_TASK(sleep_at_five, struct place, int);

static plait_executor *cut_pool;
static int map_to_be_cut(int *code)
{
    *code = plait_map(cut_pool, sleep_at_five, places, 30, out, &((plait_map_options){ .chunk = 10, .errors = codes }));
    return 0;
}
PLAIT_TASK(map_to_be_cut, void, int);

static void E8_E9_a_cancel_reaches_the_value_that_runs_in_a_worker_and_ends_the_rest(void **unused)
{
    (void)unused;
    char folder[] = "/tmp/plait-slices-XXXXXX";
    int code = 0;
    fill();
    make_places(folder);
    cut_pool = pool(1);
    plait_future *f = plait_submit(plait_thread_per_task_executor(), map_to_be_cut, NULL);
    until(size_of(folder, "begun") == 6);
    plait_future_cancel(f);
    check_code(plait_await(f, &code), 0);
    check_code(code, PLAIT_ECANCELED);
    check_number(size_of(folder, "begun"), 6); /* none behind it */
    for (int i = 0; i < 30; i++) check_number(out[i], i < 5 ? i : -1);
    check_code(plait_map(cut_pool, square, in, 30, out, NULL), 0); /* by the same worker */
    plait_executor_statistics s;
    plait_executor_get_statistics(cut_pool, &s);
    check_number(s.workers, 1);
    plait_executor_free(cut_pool);
    remove_places(folder);
}

/* By then the map has taken the tasks for short. */
static int wait_late(const struct place *p, int *result)
{
    *result = p->number;
    if (p->number >= 800) make_file(p->folder, "begun");
    while (p->number == 850 && !size_of(p->folder, "open")) {
        int err = plait_sleep(PLAIT_MILLISECOND);
        if (err) return err;
    }
    return 0;
}
PLAIT_TASK(wait_late, struct place, int);

static int map_past_it(int *code)
{
    *code = plait_map(cut_pool, wait_late, places, MANY, out, NULL);
    return 0;
}
PLAIT_TASK(map_past_it, void, int);

static void M9_what_lies_behind_a_slow_value_goes_to_other_workers(void **unused)
{
    (void)unused;
    char folder[] = "/tmp/plait-slices-XXXXXX";
    int code = -1;
    fill();
    make_places(folder);
    cut_pool = pool(2);
    plait_future *f = plait_submit(plait_thread_per_task_executor(), map_past_it, NULL);
    until(size_of(folder, "begun") == MANY - 800);
    make_file(folder, "open");
    check_code(plait_await(f, &code), 0);
    check_code(code, 0);
    for (int i = 0; i < MANY; i++) check_number(out[i], i);
    plait_executor_free(cut_pool);
    remove_places(folder);
}

int main(void)
{
    plait_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E5_E6_O2_a_chunk_changes_no_result_over_processes_too),
        cmocka_unit_test(E6_structs_lie_in_their_slices_as_they_lie_in_arrays),
        cmocka_unit_test(X27_M9_a_failing_value_fails_alone_wherever_it_lies),
        cmocka_unit_test(X27_M1_a_worker_that_dies_in_a_slice_fails_the_value_that_it_was_at),
        cmocka_unit_test(X27_M1_and_with_values_that_own_memory),
        cmocka_unit_test(E8_E9_a_cancel_reaches_the_value_that_runs_in_a_worker_and_ends_the_rest),
        cmocka_unit_test(M9_what_lies_behind_a_slow_value_goes_to_other_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
