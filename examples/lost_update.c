/* lost_update.c (P5): how a count is lost, made to happen every time. Both threads read before
   either writes:

           first thread         second thread        shared
           seen = shared                             0
                                seen = shared        0
           shared = seen + 1                         1
                                shared = seen + 1    1, and should be 2

   With a lock round the two steps nobody can read in between.

       cc lost_update.c $(pkg-config --cflags --libs plait) -o lost_update
*/
#include <plait.h>
#include <stdatomic.h>

static atomic_int shared;
static plait_barrier both_have_read = PLAIT_BARRIER_INIT(2);
static plait_mutex m = PLAIT_MUTEX_INIT;

static int add_one_without_lock(void *unused)
{
    (void)unused;
    int seen = atomic_load(&shared);
    int err = plait_barrier_wait(&both_have_read, NULL, PLAIT_FOREVER);
    atomic_store(&shared, seen + 1);
    return err;
}

static int add_one_with_lock(void *unused)
{
    (void)unused;
    PLAIT_LOCKED(&m);
    int seen = atomic_load(&shared);
    atomic_store(&shared, seen + 1);
    return 0;
}

static int run_twice(int (*add_one)(void *))
{
    shared = 0;
    plait_thread *first = plait_thread_start(add_one, NULL, NULL);
    plait_thread *second = plait_thread_start(add_one, NULL, NULL);
    if (!first || !second) plait_barrier_abort(&both_have_read); /* the other one is not to wait for ever */
    int err = plait_thread_join(first, NULL, PLAIT_FOREVER);
    int second_err = plait_thread_join(second, NULL, PLAIT_FOREVER);
    plait_thread_free(first);
    plait_thread_free(second);
    return err ? err : second_err;
}

int main(void)
{
    int err = run_twice(add_one_without_lock);
    if (!err) printf("without a lock: %d\n", shared);
    if (!err) err = run_twice(add_one_with_lock);
    if (!err) printf("with a lock:    %d\n", shared);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
