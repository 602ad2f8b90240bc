/* test_shared_memory.c: the memory itself, and what is given out of it. */
#include "child.h"
#include "fault.h"
#include "others.h"
#include "process/shared_block.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

static size_t count_lines_with(const char *file, const char *part)
{
    char line[4096];
    size_t count = 0;
    FILE *f = fopen(file, "r");
    check(f != NULL);
    while (fgets(line, sizeof line, f)) count += strstr(line, part) != NULL;
    fclose(f);
    return count;
}

static size_t count_entries(const char *folder)
{
    DIR *d = opendir(folder);
    check(d != NULL);
    size_t count = 0;
    while (readdir(d)) count++;
    closedir(d);
    return count;
}

struct seen {
    uint64_t *number, *by_child;
    plait_shared_memory *memory;
};

static int changes_it(void *seen)
{
    struct seen *s = seen;
    if (*s->number != 7) return 1;
    s->by_child = plait_shared_alloc(s->memory, 3 * MIB); /* makes it grow */
    if (!s->by_child) return 2;
    s->by_child[0] = 11;
    s->number[1] = (uint64_t)(uintptr_t)s->by_child;
    *s->number = 8;
    return 0;
}

static void what_one_process_writes_the_others_read_at_the_same_address(void **unused)
{
    (void)unused;
    SKIP_WITHOUT_OTHERS();
    plait_shared_memory *m = shared_begin(8 * MIB);
    struct seen s = { .memory = m, .number = plait_shared_alloc(m, 2 * sizeof(uint64_t)) };
    s.number[0] = 7;
    check_number(other_join(other_start(changes_it, &s)), 0);
    check_number(s.number[0], 8);
    uint64_t *by_child = (uint64_t *)(uintptr_t)s.number[1];
    check_number(by_child[0], 11);
    plait_shared_free(m, by_child); /* by another than had it */
    plait_shared_free(m, s.number);
    shared_end(m);
}

static void M19_it_leaves_nothing_behind(void **unused)
{
    (void)unused;
    size_t shm = count_entries("/dev/shm"), descriptors = count_entries("/proc/self/fd");
    size_t mappings = count_lines_with("/proc/self/maps", "memfd:plait");
    plait_shared_memory *m = shared_begin(MIB);
    check(plait_shared_alloc(m, 100) != NULL);
    check_number(count_entries("/dev/shm"), shm);
    check(count_lines_with("/proc/self/maps", "memfd:plait") > mappings);
    shared_end(m);
    check_number(count_lines_with("/proc/self/maps", "memfd:plait"), mappings);
    check_number(count_entries("/proc/self/fd"), descriptors);
}

static int allocates(void *memory)
{
    for (int i = 0; i < 100; i++)
        if (!plait_shared_alloc(memory, 50)) return 1;
    wait_for_the_end();
}

static void what_a_dead_process_was_given_stays_and_the_rest_goes_on(void **unused)
{
    (void)unused;
    SKIP_WITHOUT_OTHERS();
    plait_shared_memory *m = shared_begin(MIB);
    plait_shared_memory_usage usage;
    pid_t other = other_start(allocates, m);
    until((plait_shared_memory_get_usage(m, &usage), usage.blocks == 100));
    check_number(usage.processes, 2);
    other_kill(other);
    until((plait_shared_memory_get_usage(m, &usage), usage.processes == 1));
    check_number(usage.blocks, 100);
    check(plait_shared_alloc(m, 50) != NULL);
    shared_end(m);
}

static void H7_memory_is_zero_also_where_it_is_used_again(void **unused)
{
    (void)unused;
    plait_shared_memory *m = shared_begin(MIB);
    for (int round = 0; round < 3; round++)
        for (size_t size = 1; size < 5000; size = size * 3 + 1) {
            unsigned char *p = plait_shared_alloc(m, size);
            check(p != NULL);
            check_number((uintptr_t)p % 16, 0);
            for (size_t i = 0; i < size; i++) check(p[i] == 0);
            memset(p, 0xff, size);
            plait_shared_free(m, p);
        }
    plait_shared_memory_usage usage;
    plait_shared_memory_get_usage(m, &usage);
    check_number(usage.used, 0);
    check_number(usage.blocks, 0);
    shared_end(m);
}

static void what_was_freed_in_pieces_serves_one_that_is_large(void **unused)
{
    (void)unused;
    plait_shared_memory *m = shared_begin(MIB);
    void *pieces[128];
    size_t count = 0;
    while (count < 128 && (pieces[count] = plait_shared_alloc(m, 9000))) count++;
    check(count > 50 && count < 128);
    check_code(plait_error_code(), PLAIT_ENOMEM);
    check_contains(plait_error()->message, "shared memory is full");
    check(!plait_shared_alloc(m, 500000));
    for (size_t i = 0; i < count; i += 2) plait_shared_free(m, pieces[i]);
    check(!plait_shared_alloc(m, 500000)); /* half of it, in pieces */
    for (size_t i = 1; i < count; i += 2) plait_shared_free(m, pieces[i]);
    void *large = plait_shared_alloc(m, 900000);
    check(large != NULL);
    plait_shared_free(m, large);
    shared_end(m);
}

static void a_block_may_lie_where_one_was_freed_and_beyond(void **unused)
{
    (void)unused;
    plait_shared_memory *m = shared_begin(MIB);
    char *first = plait_shared_alloc(m, 300000), *last = plait_shared_alloc(m, 300000), *larger;
    check(first && last);
    memset(last, 0xff, 300000);
    plait_shared_free(m, last);
    larger = plait_shared_alloc(m, 600000);
    check(larger == last);
    for (size_t i = 0; i < 600000; i++) check(larger[i] == 0);
    check(!plait_shared_alloc(m, 300000));
    plait_shared_free(m, larger);
    plait_shared_free(m, first);
    larger = plait_shared_alloc(m, 1000000);
    check(larger == first);
    plait_shared_free(m, larger);
    shared_end(m);
}

static void blocks_of_all_sizes_never_overlap(void **unused)
{
    (void)unused;
    plait_shared_memory *m = shared_begin(4 * MIB);
    enum { BLOCKS = 200, TURNS = 20000 };
    struct {
        unsigned char *at;
        size_t size;
    } blocks[BLOCKS] = { { NULL, 0 } };
    uint64_t random = 88172645463325252;
    for (int turn = 0; turn < TURNS; turn++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        size_t i = random % BLOCKS;
        if (blocks[i].at) {
            for (size_t n = 0; n < blocks[i].size; n++) check(blocks[i].at[n] == i);
            plait_shared_free(m, blocks[i].at);
            blocks[i].at = NULL;
        } else if ((blocks[i].at = plait_shared_alloc(m, blocks[i].size = random / BLOCKS % 20000 + 1))) {
            memset(blocks[i].at, (int)i, blocks[i].size);
        }
    }
    for (size_t i = 0; i < BLOCKS; i++) plait_shared_free(m, blocks[i].at);
    plait_shared_memory_usage usage;
    plait_shared_memory_get_usage(m, &usage);
    check_number(usage.blocks, 0);
    shared_end(m);
}

/* Pages that the system has given for it. */
static size_t pages_of(plait_shared_memory *m)
{
    struct stat st;
    int fd = plait_shared_memory_descriptor(m);
    check(fd >= 0 && fstat(fd, &st) == 0 && close(fd) == 0);
    return (size_t)st.st_blocks / 8;
}

static void touch(char *block, size_t size)
{
    for (size_t at = 0; at < size; at += 64 << 10) block[at] = 1;
}

static void pages_of_what_was_freed_go_back_to_the_system(void **unused)
{
    (void)unused;
    enum { BLOCKS = 6, SIZE = 64 * MIB, EACH = SIZE / (64 << 10) };
    plait_shared_memory *m = shared_begin((size_t)1 << 30);
    char *blocks[BLOCKS], *again;
    for (int i = 0; i < BLOCKS; i++) touch(blocks[i] = plait_shared_alloc(m, SIZE), SIZE);
    size_t all = pages_of(m);
    check(all >= BLOCKS * EACH);
    for (int i = 0; i < 3; i++) plait_shared_free(m, blocks[i]);
    check_number(pages_of(m), all); /* some are kept, for the next */
    for (int i = 3; i < BLOCKS; i++) plait_shared_free(m, blocks[i]);
    check(pages_of(m) < all - 2 * EACH);
    again = plait_shared_alloc(m, SIZE);
    check(again == blocks[2]); /* of which the pages are there */
    plait_shared_free(m, again);
    plait_shared_block_trim(m);
    check(pages_of(m) < EACH);
    again = plait_shared_alloc(m, SIZE);
    for (size_t at = 0; at < SIZE; at += 64 << 10) check(again[at] == 0);
    touch(again, SIZE);
    plait_shared_free(m, again);
    plait_shared_memory_usage usage;
    plait_shared_memory_get_usage(m, &usage);
    check_number(usage.used, 0);
    shared_end(m);
}

static int frees_twice(void *memory)
{
    void *p = plait_shared_alloc(memory, 10);
    plait_shared_free(memory, p);
    plait_shared_free(memory, p);
    return 0;
}

static int frees_what_was_never_given(void *memory)
{
    char *p = plait_shared_alloc(memory, 100);
    plait_shared_free(memory, p + 32);
    return 0;
}

static int frees_what_is_elsewhere(void *memory)
{
    plait_shared_free(memory, memory);
    return 0;
}

static void freeing_what_was_not_given_out_stops_the_program(void **unused)
{
    (void)unused;
    SKIP_WITHOUT_OTHERS();
    plait_shared_memory *m = shared_begin(MIB);
    child_stops(frees_twice, m, "freed already");
    child_stops(frees_what_was_never_given, m, "was not given out");
    child_stops(frees_what_is_elsewhere, m, "not of this shared memory");
    shared_end(m);
}

static void a_limit_or_a_size_out_of_range_is_EINVAL_or_ENOMEM(void **unused)
{
    (void)unused;
    check(!plait_shared_memory_new(&(plait_shared_memory_options){ .limit = (size_t)1 << 50 }));
    check_code(plait_error_code(), PLAIT_EINVAL);
    plait_shared_memory *m = shared_begin(MIB);
    check(!plait_shared_alloc(m, 0));
    check_code(plait_error_code(), PLAIT_EINVAL);
    check(!plait_shared_alloc(m, SIZE_MAX));
    check_code(plait_error_code(), PLAIT_ENOMEM);
    check(!plait_shared_alloc(m, 2 * MIB));
    check_code(plait_error_code(), PLAIT_ENOMEM);
    plait_shared_free(m, NULL);
    shared_end(m);
    plait_shared_memory_free(NULL);
}

static void what_the_system_refuses_is_told_and_undone(void **unused)
{
    (void)unused;
    size_t descriptors = count_entries("/proc/self/fd");
    static const char *const points[] = { "descriptor", "memory" };
    for (size_t i = 0; i < 2; i++) {
        fault_nth(points[i], 1);
        check(!plait_shared_memory_new(NULL));
        fault_off();
        check(plait_error_code() == -EMFILE || plait_error_code() == PLAIT_ENOMEM);
    }
    plait_shared_memory *m = shared_begin(8 * MIB);
    fault_all("memory");
    check(!plait_shared_alloc(m, 4 * MIB));
    fault_off();
    check_code(plait_error_code(), PLAIT_ENOMEM);
    check(plait_shared_alloc(m, 4 * MIB) != NULL);
    shared_end(m);
    check_number(count_entries("/proc/self/fd"), descriptors);
}

static int grows_beyond_what_files_may_have(void *memory)
{
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){ MIB, MIB });
    if (plait_shared_alloc(memory, 4 * MIB)) return 1;
    fputs(plait_error()->message, stderr);
    return -plait_error_code();
}

static void a_limit_on_the_size_of_files_is_told_and_does_not_kill(void **unused)
{
    (void)unused;
    SKIP_WITHOUT_OTHERS();
    plait_shared_memory *m = shared_begin(8 * MIB);
    char text[1000];
    check_number(child_run(grows_beyond_what_files_may_have, m, text, sizeof text), EFBIG << 8);
    check_contains(text, "ulimit -f");
    shared_end(m);
}

struct attached {
    plait_shared_memory *memory;
    int fd;
};

/* As a process would that was never forked from one that has it. */
static int attaches(void *attached)
{
    struct attached *a = attached;
    uint64_t *number = plait_shared_alloc(a->memory, sizeof *number);
    plait_shared_memory_free(a->memory);
    plait_shared_memory *m = plait_shared_memory_attach(a->fd);
    if (m != a->memory) return 1;
    close(a->fd);
    if (plait_shared_memory_attach(STDIN_FILENO)) return 2;
    *number = 5;
    plait_shared_free(m, number);
    plait_shared_memory_free(m); /* it is only out of here */
    return 0;
}

static void H11_H13_a_descriptor_is_enough_to_attach_and_who_attaches_ends_it_for_nobody(void **unused)
{
    (void)unused;
    SKIP_WITHOUT_OTHERS();
    plait_shared_memory *m = shared_begin(MIB);
    int *kept = plait_shared_alloc(m, sizeof *kept);
    *kept = 3;
    struct attached a = { .memory = m, .fd = plait_shared_memory_descriptor(m) };
    check(a.fd >= 0);
    check(!plait_shared_memory_attach(a.fd)); /* its place is taken, by itself */
    check_code(plait_error_code(), -EEXIST);
    check_number(other_join(other_start(attaches, &a)), 0);
    close(a.fd);
    check_number(*kept, 3);
    plait_shared_memory_usage usage;
    plait_shared_memory_get_usage(m, &usage);
    check_number(usage.blocks, 1);
    shared_end(m);
}

static int has_one_of_its_own(void *unused)
{
    (void)unused;
    plait_shared_memory *m = plait_shared_memory_new(NULL);
    if (!m || !plait_shared_alloc(m, MIB)) return 1;
    wait_for_the_end();
}

static void H12_what_a_process_had_alone_goes_with_it_however_it_ends(void **unused)
{
    (void)unused;
    SKIP_WITHOUT_OTHERS();
    size_t shm = count_entries("/dev/shm");
    pid_t other = other_start(has_one_of_its_own, NULL);
    char maps[64];
    snprintf(maps, sizeof maps, "/proc/%d/maps", (int)other);
    until(count_lines_with(maps, "memfd:plait") > 0);
    other_kill(other);
    check_number(count_entries("/dev/shm"), shm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_process_writes_the_others_read_at_the_same_address),
        cmocka_unit_test(M19_it_leaves_nothing_behind),
        cmocka_unit_test(what_a_dead_process_was_given_stays_and_the_rest_goes_on),
        cmocka_unit_test(H7_memory_is_zero_also_where_it_is_used_again),
        cmocka_unit_test(what_was_freed_in_pieces_serves_one_that_is_large),
        cmocka_unit_test(a_block_may_lie_where_one_was_freed_and_beyond),
        cmocka_unit_test(blocks_of_all_sizes_never_overlap),
        cmocka_unit_test(pages_of_what_was_freed_go_back_to_the_system),
        cmocka_unit_test(freeing_what_was_not_given_out_stops_the_program),
        cmocka_unit_test(a_limit_or_a_size_out_of_range_is_EINVAL_or_ENOMEM),
        cmocka_unit_test(what_the_system_refuses_is_told_and_undone),
        cmocka_unit_test(a_limit_on_the_size_of_files_is_told_and_does_not_kill),
        cmocka_unit_test(H11_H13_a_descriptor_is_enough_to_attach_and_who_attaches_ends_it_for_nobody),
        cmocka_unit_test(H12_what_a_process_had_alone_goes_with_it_however_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
