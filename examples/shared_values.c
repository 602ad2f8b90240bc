/* shared_values.c (P15): a number and an array that a child process changes. Shared memory lies at the same address in each
   process that has it, so pointers into it may be handed over.

   With it come all dangers of threads: the two processes that count afterwards would lose some without the lock. And one
   more: a process may end half-way. Then its lock is free again, and the next to lock it can ask.

       cc shared_values.c $(pkg-config --cflags --libs plait) -o shared_values
*/
#include <plait.h>
#include <signal.h>

enum { COUNT = 10, TIMES = 10000 };

struct shared {
    double *number;
    int *numbers;
    plait_mutex *lock;
};

static int change(const struct shared *s)
{
    *s->number = 3.1415927;
    for (int i = 0; i < COUNT; i++) s->numbers[i] = -s->numbers[i];
    return 0;
}
PLAIT_TASK(change, struct shared, void);

static int count_up(const struct shared *s)
{
    for (int i = 0; i < TIMES; i++) {
        PLAIT_LOCKED(s->lock);
        ++*s->number;
    }
    return 0;
}
PLAIT_TASK(count_up, struct shared, void);

static int die_with_the_lock(const struct shared *s)
{
    plait_mutex_lock(s->lock);
    return raise(SIGKILL);
}
PLAIT_TASK(die_with_the_lock, struct shared, void);

/* Joins and frees it. */
static int end(plait_process *p)
{
    int code = plait_error_code();
    int err = p ? plait_process_join(p, &code, PLAIT_FOREVER) : code;
    plait_process_free(p);
    return err ? err : code;
}

static int show(const struct shared *s)
{
    int err = end(plait_process_start(change, s));
    if (err) return err;
    printf("%.7f\n[", *s->number);
    for (int i = 0; i < COUNT; i++) printf("%d%s", s->numbers[i], i + 1 < COUNT ? ", " : "]\n");

    *s->number = 0;
    plait_process *first = plait_process_start(count_up, s);
    plait_process *second = plait_process_start(count_up, s);
    err = end(first);
    int other = end(second);
    if (err || other) return err ? err : other;
    printf("counted by two: %.0f\n", *s->number);

    err = end(plait_process_start(die_with_the_lock, s));
    printf("the holder ended: %s\n", plait_error_name(err));
    plait_mutex_lock(s->lock);
    printf("the lock is free, and its owner died: %s\n", plait_shared_owner_died(s->lock) ? "yes" : "no");
    plait_shared_mended(s->lock);
    plait_mutex_unlock(s->lock);
    return 0;
}

int main(void)
{
    plait_init();
    plait_shared_memory *memory = plait_shared_memory_new(&(plait_shared_memory_options){ .limit = 1 << 20 });
    if (!memory) {
        plait_error_print(stderr, plait_error_code());
        return 1;
    }
    struct shared s = { plait_shared_alloc(memory, sizeof *s.number),
                        plait_shared_alloc(memory, COUNT * sizeof *s.numbers), plait_shared_mutex_new(memory) };
    int err = s.number && s.numbers && s.lock ? 0 : plait_error_code();
    for (int i = 0; !err && i < COUNT; i++) s.numbers[i] = i;
    if (!err) err = show(&s);
    plait_error_print(stderr, err);
    plait_shared_memory_free(memory);
    return plait_exit_status(err);
}
