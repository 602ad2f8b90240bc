/* digits.c (P20): ten coroutines, each sleeps for a while and prints its digit. They begin in the order
   in which they were spawned and end in that of their sleeps, and one thread is enough for all.
   They share a counter without a lock: on one loop nobody else goes on before the next wait.

       cc digits.c $(pkg-config --cflags --libs plait) -o digits
*/
#include <plait.h>

enum { DIGITS = 10 };

static int asleep, most;

static int print_later(const int *digit)
{
    if (++asleep > most) most = asleep;
    int err = plait_sleep((DIGITS - *digit) * 10 * PLAIT_MILLISECOND);
    asleep--;
    if (!err) printf("%d\n", *digit);
    return err;
}
PLAIT_TASK(print_later, int, void);

static int async_main(void)
{
    plait_future *futures[DIGITS];
    for (int i = 0; i < DIGITS; i++) futures[i] = plait_spawn(print_later, &i);
    int err = plait_gather(futures, DIGITS, NULL, NULL); /* awaits all, and so ends them */
    printf("asleep at once: %d\n", most);
    return err;
}
PLAIT_TASK(async_main, void, void);

int main(void)
{
    int err = plait_run(async_main, NULL, NULL);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
