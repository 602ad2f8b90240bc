/* say_after.c (P27, P28, P29): one coroutine says a word after a while. Two of them, where the first is
   awaited before the second is spawned, are one after the other, as if there were no coroutines. To
   spawn is to schedule: who spawns both and then awaits has them both asleep at the same time.

       cc say_after.c $(pkg-config --cflags --libs plait) -o say_after
*/
#include <plait.h>

struct words {
    int milliseconds;
    char text[8];
};

static const struct words hello = { 20, "hello" }, world = { 40, "world" };
static int asleep, most; /* no lock: nobody else of this loop goes on before the next wait */

static int say_after(const struct words *words)
{
    if (++asleep > most) most = asleep;
    int err = plait_sleep(words->milliseconds * PLAIT_MILLISECOND);
    asleep--;
    if (!err) puts(words->text);
    return err;
}
PLAIT_TASK(say_after, struct words, void);

static int one(void) { return plait_await(plait_spawn(say_after, &hello), NULL); }

static int one_after_another(void)
{
    int err = plait_await(plait_spawn(say_after, &hello), NULL);
    if (!err) err = plait_await(plait_spawn(say_after, &world), NULL);
    return err;
}

static int both_at_once(void)
{
    plait_future *a = plait_spawn(say_after, &hello);
    plait_future *b = plait_spawn(say_after, &world);
    int err = plait_await(a, NULL);
    int second_err = plait_await(b, NULL); /* every future is awaited or detached, once */
    return err ? err : second_err;
}

/* What a coroutine calls is plain functions, and they may wait. */
static int show(const char *how, int (*say)(void))
{
    printf("started: %s\n", how);
    most = 0;
    int err = say();
    if (!err) printf("finished, %d asleep at once\n", most);
    return err;
}

static int async_main(void)
{
    int err = show("one", one);
    if (!err) err = show("one after another", one_after_another);
    if (!err) err = show("both at once", both_at_once);
    return err;
}
PLAIT_TASK(async_main, void, void);

int main(void)
{
    int err = plait_run(async_main, NULL, NULL);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
