/* awaited_pool.c: work that blocks, as a library may, stops the whole loop when a coroutine calls it. Submitted
   to a pool of threads and awaited, it holds up the one who awaits, and the clock ticks on.

       cc awaited_pool.c $(pkg-config --cflags --libs plait) -o awaited_pool
*/
#include <plait.h>
#include <poll.h>
#include <stdatomic.h>

struct path {
    char text[40];
    int milliseconds; /* it takes at most */
};

static plait_executor *pool;
static atomic_int ticks; /* the loop's thread counts, one of the pool's reads */

static int tick(void)
{
    while (plait_sleep(5 * PLAIT_MILLISECOND) == 0) ticks++;
    return 0;
}
PLAIT_TASK(tick, void, void);

/* In place of a library: it blocks, until the clock has ticked three times or its time is over. */
static int convert_pdf(const struct path *path)
{
    for (int i = 0; i < path->milliseconds && ticks < 3; i += 10) poll(NULL, 0, 10);
    printf("%s is converted; ", path->text);
    return 0;
}
PLAIT_TASK(convert_pdf, struct path, void);

static int call(void)
{
    struct path path = { "called.pdf", 50 };
    return convert_pdf(&path);
}

static int submit(void)
{
    struct path path = { "submitted.pdf", 60 * 1000 };
    return plait_await(plait_submit(pool, convert_pdf, &path), NULL); /* run_in_executor is just submit */
}

static int async_main(void)
{
    plait_future_detach(plait_spawn(tick, NULL)); /* cancelled when this task has ended */
    int err = call();
    if (!err) printf("ticks meanwhile: %d\n", ticks);
    if (!err) err = submit();
    if (!err) printf("ticks meanwhile: %d\n", ticks);
    return err;
}
PLAIT_TASK(async_main, void, void);

int main(void)
{
    pool = plait_thread_executor_new(&(plait_thread_options){ .workers = 4 });
    int err = plait_run(async_main, NULL, NULL);
    plait_executor_free(pool);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
