/* waiters.c (P21, P22): two coroutines that wait four times each. A wait that is none of plait's blocks the
   thread, and with it the loop and all who live there: the second does not even begin before the
   first is through. plait_sleep gives the thread to whoever can go on.

       cc waiters.c $(pkg-config --cflags --libs plait) -o waiters
*/
#include <plait.h>
#include <poll.h>

struct name {
    char text[8];
};

static const struct name first = { "first" }, second = { "second" };

static int blocking_waiter(const struct name *who)
{
    for (int i = 0; i < 4; i++) {
        poll(NULL, 0, 20); /* blocks for 20 milliseconds; so does sleep(3) */
        printf("%s waited\n", who->text);
    }
    return 0;
}
PLAIT_TASK(blocking_waiter, struct name, void);

static int waiter(const struct name *who)
{
    for (int i = 0; i < 4; i++) {
        plait_sleep(250 * PLAIT_MILLISECOND); /* yields to the loop */
        printf("%s waited\n", who->text);
    }
    return 0;
}
PLAIT_TASK(waiter, struct name, void);

static int blocking_main(void)
{
    plait_future *a = plait_spawn(blocking_waiter, &first);
    plait_future *b = plait_spawn(blocking_waiter, &second);
    int err = plait_await(a, NULL);
    int second_err = plait_await(b, NULL);
    return err ? err : second_err;
}
PLAIT_TASK(blocking_main, void, void);

static int async_main(void)
{
    plait_future *a = plait_spawn(waiter, &first); /* on the running loop, scheduled at once */
    plait_future *b = plait_spawn(waiter, &second);
    int err = plait_await(a, NULL);
    int second_err = plait_await(b, NULL); /* every future is awaited or detached, once */
    if (!err) err = second_err;
    return err;
}
PLAIT_TASK(async_main, void, void);

int main(void)
{
    puts("blocking:");
    int err = plait_run(blocking_main, NULL, NULL);
    puts("yielding:");
    if (!err) err = plait_run(async_main, NULL, NULL);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
