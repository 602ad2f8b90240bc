/* Blocks: what one thread takes and another gives back goes round, and no thread takes a magazine with it into its grave.
   Under sanitizers blocks are malloc's, and this shows little. */
#include "base/blocks.h"
#include "check.h"
#include <malloc.h>
#include <pthread.h>

enum { SIZE = 200, MANY = 400 };

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

static void threads_that_only_take_leave_nothing_behind(void **unused)
{
    (void)unused;
    for (int i = 0; i < 20; i++) go_round();
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < 100; i++) go_round();
    check(mallinfo2().uordblks < before + ((size_t)1 << 20)); /* a magazine lost by each would be 28 MB */
}

static void a_block_of_any_size(void **unused)
{
    (void)unused;
    const size_t sizes[] = { 1, 8, 100, 447, 448, 449, 5000, 1 << 20 };
    for (int turn = 0; turn < 100; turn++) {
        void *blocks[8];
        for (int i = 0; i < 8; i++) memset(blocks[i] = plait_block_new(sizes[i]), turn, sizes[i]);
        for (int i = 0; i < 8; i++) plait_block_free(blocks[i], sizes[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_that_only_take_leave_nothing_behind),
        cmocka_unit_test(a_block_of_any_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
