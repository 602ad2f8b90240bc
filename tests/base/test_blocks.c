/* Blocks: what one thread takes and another gives back goes round, and no thread takes a magazine with it into its grave.
   Under sanitizers blocks are malloc's, and this shows little. */
#include "base/blocks.h"
#include "check.h"
#include "on_valgrind.h"
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SIZE = 190, MANY = 400 };

static void *take_one(void *unused)
{
    (void)unused;
    return plait_block_new(SIZE);
}
static void *give_back_many(void *blocks)
{
    for (int i = 0; i < MANY; i++) plait_block_free(((void **)blocks)[i], SIZE);
    return NULL;
}
static void *run_thread(void *(*function)(void *), void *argument)
{
    pthread_t thread;
    void *result;
    check_number(pthread_create(&thread, NULL, function, argument), 0);
    check_number(pthread_join(thread, &result), 0);
    return result;
}

static void go_round(void)
{
    void *blocks[MANY];
    for (int i = 0; i < MANY; i++) {
        blocks[i] = i % 40 ? plait_block_new(SIZE) : run_thread(take_one, NULL);
        check(blocks[i]);
        memset(blocks[i], i, SIZE);
    }
    for (int i = 0; i < MANY; i++)
        for (int at = 0; at < SIZE; at++) check(((unsigned char *)blocks[i])[at] == (unsigned char)i);
    run_thread(give_back_many, blocks);
}

/* Bytes that are mapped. */
static size_t mappings(void)
{
    char text[200];
    FILE *file = fopen("/proc/self/statm", "r");
    check(file && fgets(text, sizeof text, file));
    fclose(file);
    return (size_t)strtol(text, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

static long lines_of_maps(void)
{
    FILE *file = fopen("/proc/self/maps", "r");
    long lines = 0;
    check(file);
    for (int c; (c = getc(file)) != EOF;) lines += c == '\n';
    fclose(file);
    return lines;
}

/* Whether the system gives each mapping the place below the last one: then slabs can be neighbours. */
static bool grows_down(void)
{
    enum { SOME = 1 << 20 };
    char *first = mmap(NULL, SOME, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *second = mmap(NULL, SOME, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(first != MAP_FAILED && second != MAP_FAILED);
    munmap(first, SOME);
    munmap(second, SOME);
    return second + SOME == first && !RUNNING_ON_VALGRIND;
}

static void threads_that_only_take_leave_nothing_behind(void **unused)
{
    (void)unused;
    for (int i = 0; i < 20; i++) go_round();
    size_t before = mallinfo2().uordblks, mapped = mappings();
    for (int i = 0; i < 100; i++) go_round();
    check(mallinfo2().uordblks < before + ((size_t)1 << 20)); /* a magazine lost by each would be 14 MB */
    check(mappings() < mapped + ((size_t)4 << 20));
}

/* Two threads, two sizes: a crowd of blocks, each of them its owner's alone, and then nobody's. */
static void what_a_crowd_had_goes_back_to_the_system(void **unused)
{
    (void)unused;
    enum { CROWD = 40000, ROOMY = 300 };
    static unsigned char *blocks[CROWD];
    for (int turn = 0; turn < 3; turn++) {
        size_t before = mappings();
        long lines = lines_of_maps();
        for (int i = 0; i < CROWD; i++) {
            size_t size = i % 2 ? SIZE : ROOMY;
            check((blocks[i] = plait_block_new(size)));
            check_number((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
            memset(blocks[i], i, size);
            if (i % 5 == 0) memset(plait_block_shadow(blocks[i], size), i + 1, PLAIT_SHADOW);
        }
        check(lines_of_maps() < lines + 36 || turn > 0 || !grows_down()); /* of some 70 slabs, not a mapping each */
        for (int i = 0; i < CROWD; i++) {
            size_t size = i % 2 ? SIZE : ROOMY;
            for (size_t at = 0; at < size; at++) check(blocks[i][at] == (unsigned char)i);
            const unsigned char *shadow = plait_block_shadow(blocks[i], size);
            for (size_t at = 0; i % 5 == 0 && at < PLAIT_SHADOW; at++) check(shadow[at] == (unsigned char)(i + 1));
        }
        for (int i = 0; i < CROWD; i++) { /* in some other order */
            int n = (int)((unsigned)i * 7919u % CROWD);
            plait_block_free(blocks[n], n % 2 ? SIZE : ROOMY);
        }
        check(mappings() < before + ((size_t)8 << 20) || turn == 0); /* of 16 MB: the depot keeps some */
    }
}

static void a_block_of_any_size(void **unused)
{
    (void)unused;
    const size_t sizes[] = { 1, 8, 100, 192, 193, 368, 369, 1 << 20 };
    for (int turn = 0; turn < 100; turn++) {
        void *blocks[8];
        for (int i = 0; i < 8; i++) {
            memset(blocks[i] = plait_block_new(sizes[i]), turn, sizes[i]);
            if (i % 2) memset(plait_block_shadow(blocks[i], sizes[i]), ~turn, PLAIT_SHADOW);
        }
        for (int i = 0; i < 8; i++)
            for (size_t at = 0; at < sizes[i]; at++) check(((unsigned char *)blocks[i])[at] == turn);
        for (int i = 0; i < 8; i++) plait_block_free(blocks[i], sizes[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_that_only_take_leave_nothing_behind),
        cmocka_unit_test(what_a_crowd_had_goes_back_to_the_system),
        cmocka_unit_test(a_block_of_any_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
