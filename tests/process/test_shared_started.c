/* test_shared_started.c: shared memory in processes that plait forks or starts: pointers into it may be handed over. */
#include "others.h"
#include "ways.h"

struct work {
    plait_shared_memory *memory;
    plait_queue *in, *out;
    plait_mutex *mutex;
    int64_t *sum;
};

static int works(const struct work *w)
{
    int64_t n;
    int err;
    while ((err = plait_queue_get(w->in, &n, PLAIT_FOREVER)) == 0) {
        {
            PLAIT_LOCKED(w->mutex);
            *w->sum += n;
        }
        int64_t *square = plait_shared_alloc(w->memory, sizeof *square);
        if (!square) return PLAIT_ENOMEM;
        *square = n * n;
        if ((err = plait_queue_put(w->out, &square, PLAIT_FOREVER)) != 0) return err;
    }
    return err == PLAIT_ECLOSED ? 0 : err;
}
PLAIT_TASK(works, struct work, void);

enum { WORKERS = 2, JOBS = 50 };

TEST_BY_EACH_WAY(objects_mean_the_same_in_a_process_that_is_forked_or_started)
{
    SKIP_WITHOUT_OTHERS();
    plait_shared_memory *m = shared_begin(1 << 20), *other = shared_begin(1 << 20);
    struct work w = { .memory = m,
                      .in = plait_shared_queue_new(m, sizeof(int64_t), 4),
                      .out = plait_shared_queue_new(other, sizeof(int64_t *), JOBS),
                      .mutex = plait_shared_mutex_new(other),
                      .sum = plait_shared_alloc(m, sizeof(int64_t)) };
    check(w.in && w.out && w.mutex && w.sum);
    plait_process *workers[WORKERS];
    for (int i = 0; i < WORKERS; i++) workers[i] = begin_by(way, works, &w);
    for (int64_t n = 0; n < JOBS; n++) check_code(plait_queue_put(w.in, &n, PLAIT_FOREVER), 0);
    plait_queue_close(w.in);
    int64_t squares = 0;
    for (int n = 0; n < JOBS; n++) {
        int64_t *square;
        check_code(plait_queue_get(w.out, &square, PLAIT_FOREVER), 0);
        squares += *square;
        plait_shared_free(m, square);
    }
    for (int i = 0; i < WORKERS; i++) check_code(join_and_free(workers[i]), 0);
    check_number(*w.sum, JOBS * (JOBS - 1) / 2);
    check_number(squares, (JOBS - 1) * JOBS * (2 * JOBS - 1) / 6);
    shared_end(other);
    shared_end(m);
}

static int adds(const struct work *w)
{
    PLAIT_LOCKED(w->mutex);
    ++*w->sum;
    return 0;
}
PLAIT_TASK(adds, struct work, void);

/* The thread that looks after shared memory is none that a fork would have to be allowed for. */
static void a_fork_beside_shared_memory_needs_no_permission(void **unused)
{
    (void)unused;
    SKIP_WITHOUT_OTHERS();
    plait_shared_memory *m = shared_begin(1 << 20);
    struct work w = { .mutex = plait_shared_mutex_new(m), .sum = plait_shared_alloc(m, sizeof(int64_t)) };
    plait_process *p = plait_process_fork(adds, &w);
    if (!p && plait_error_code() == -ENOSYS) skip(); /* valgrind knows no pidfd_open */
    check(p != NULL);
    check_code(join_and_free(p), 0);
    check_number(*w.sum, 1);
    shared_end(m);
}

int main(void)
{
    plait_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_mean_the_same_in_a_process_that_is_forked_or_started),
        cmocka_unit_test(a_fork_beside_shared_memory_needs_no_permission),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
