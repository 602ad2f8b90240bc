/* thread_local.c (P36): an identity that is made when it is first asked for. In a global it is one for
   all, whoever asks; in a plait_local each thread has its own, made by that thread and destroyed when
   the thread ends. The results are read: what goes wrong in a task does not vanish.

       cc thread_local.c $(pkg-config --cflags --libs plait) -o thread_local
*/
#include <plait.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { TASKS = 6, WORKERS = 2 };

static int new_identity(void)
{
    static atomic_int last;
    return atomic_fetch_add(&last, 1) + 1;
}

/* One for all. */
static plait_once once = PLAIT_ONCE_INIT;
static int shared;
static int make_shared(void *identity)
{
    *(int *)identity = new_identity();
    return 0;
}

/* One for each thread. */
static void *make_own(void *unused)
{
    (void)unused;
    int *identity = malloc(sizeof *identity);
    if (identity) *identity = new_identity();
    return identity;
}
static plait_local own = PLAIT_LOCAL_INIT(make_own, NULL, free);

struct identities {
    int shared, own;
};

/* Two of them meet here: so neither worker does it all. */
static plait_barrier both = PLAIT_BARRIER_INIT(WORKERS);

static int who_am_i(const int *task, struct identities *found)
{
    (void)task;
    int err = plait_barrier_wait(&both, NULL, plait_after(30 * PLAIT_SECOND));
    if (!err) err = plait_once_run(&once, make_shared, &shared, PLAIT_FOREVER);
    if (err) return err;
    const int *mine = plait_local_get(&own);
    if (!mine) return plait_error_code();
    *found = (struct identities){ shared, *mine };
    return 0;
}
PLAIT_TASK(who_am_i, int, struct identities);

int main(void)
{
    plait_executor *ex = plait_thread_executor_new(&(plait_thread_options){ .workers = WORKERS });
    if (!ex) {
        plait_error_print(stderr, plait_error_code());
        return plait_exit_status(plait_error_code());
    }
    const int tasks[TASKS] = { 0, 1, 2, 3, 4, 5 };
    struct identities found[TASKS];
    int err = plait_map(ex, who_am_i, tasks, TASKS, found, NULL);
    for (int i = 0; i < TASKS && !err; i++)
        printf("Task %d: global ID %d, thread ID %d\n", i, found[i].shared, found[i].own);
    plait_executor_free(ex);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
