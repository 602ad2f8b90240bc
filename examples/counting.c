/* counting.c (P3, P4): a hundred threads count to 100000 each, all in one variable. To count is to
   read, to add and to write; whoever writes what it read a while ago undoes what others have
   counted since: how much is lost is up to the machine. Three cures follow: a lock; an addition
   that is one step; and the best, to share nothing until the end.

       cc counting.c $(pkg-config --cflags --libs plait) -o counting
*/
#include <plait.h>
#include <stdatomic.h>

enum { THREADS = 100, VISITS = 100000 };

static plait_mutex m = PLAIT_MUTEX_INIT;

/* The read and the write are atomic, so that C says what they do. The two together are not. */
static int count_without_lock(void *visits)
{
    atomic_int *shared = visits;
    for (int i = 0; i < VISITS; i++) {
        int seen = atomic_load_explicit(shared, memory_order_relaxed);
        atomic_store_explicit(shared, seen + 1, memory_order_relaxed);
    }
    return 0;
}

static int count_with_lock(void *visits)
{
    int *shared = visits;
    for (int i = 0; i < VISITS; i++) {
        plait_mutex_lock(&m);
        ++*shared;
        plait_mutex_unlock(&m);
    }
    return 0;
}

static int count_in_one_step(void *visits)
{
    atomic_int *shared = visits;
    for (int i = 0; i < VISITS; i++) atomic_fetch_add_explicit(shared, 1, memory_order_relaxed);
    return 0;
}

static int count_alone_and_add_up(void *visits)
{
    int *shared = visits, mine = 0;
    for (int i = 0; i < VISITS; i++) mine++;
    plait_mutex_lock(&m);
    *shared += mine;
    plait_mutex_unlock(&m);
    return 0;
}

static int run_in_threads(int (*count)(void *), void *visits)
{
    plait_thread *threads[THREADS];
    int err = 0;
    for (int i = 0; i < THREADS; i++) threads[i] = plait_thread_start(count, visits, NULL);
    for (int i = 0; i < THREADS; i++) {
        int join_err = plait_thread_join(threads[i], NULL, PLAIT_FOREVER);
        plait_thread_free(threads[i]);
        if (!err) err = join_err;
    }
    return err;
}

static void tell(const char *how, int visits)
{
    printf("%-17s thread_count=%d, thread_visits=%d\n", how, THREADS, visits);
}

int main(void)
{
    atomic_int racy = 0, stepped = 0;
    int locked = 0, added = 0;
    int err = run_in_threads(count_without_lock, &racy);
    if (!err) err = run_in_threads(count_with_lock, &locked);
    if (!err) err = run_in_threads(count_in_one_step, &stepped);
    if (!err) err = run_in_threads(count_alone_and_add_up, &added);
    if (!err) {
        tell("without a lock:", racy);
        tell("with a lock:", locked);
        tell("in one step:", stepped);
        tell("alone, then sum:", added);
    }
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
