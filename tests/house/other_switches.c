/* other_switches.c: for other_switches.sh. Coroutines that keep numbers, each its own rounding, over many switches; with an
   argument, one that calls itself for ever. */
#include <fenv.h>
#include <plait.h>

static int keep(const int *mode)
{
    volatile double one = 1, three = 3;
    volatile double reals[4] = { *mode, *mode + 1, *mode + 2, *mode + 3 };
    volatile int64_t wholes[4] = { *mode, *mode + 1, *mode + 2, *mode + 3 };
    double a = reals[0], b = reals[1], c = reals[2],
           d = reals[3]; /* in registers that calls leave alone, or on the stack */
    int64_t e = wholes[0], f = wholes[1], g = wholes[2], h = wholes[3];
    if (fesetround(*mode) != 0) return -10001;
    for (int i = 0; i < 50; i++) {
        int err = i % 2 ? plait_yield() : plait_sleep(PLAIT_MICROSECOND);
        if (err) return err;
        if (fegetround() != *mode) return plait_fail(-10001, "another's rounding");
    }
    printf("%.20f\n", one / three);
    if (a != reals[0] || b != reals[1] || c != reals[2] || d != reals[3]) return plait_fail(-10002, "another's reals");
    if (e != wholes[0] || f != wholes[1] || g != wholes[2] || h != wholes[3])
        return plait_fail(-10003, "another's whole numbers");
    return 0;
}
PLAIT_TASK(keep, int, void);

static int keep_all(void)
{
    int modes[] = { FE_UPWARD, FE_DOWNWARD, FE_TONEAREST };
    plait_future *futures[3];
    for (int i = 0; i < 3; i++) futures[i] = plait_spawn(keep, &modes[i]);
    return plait_gather(futures, 3, NULL, NULL);
}
PLAIT_TASK(keep_all, void, void);

static int for_ever(const int *depth)
{
    volatile char some[300];
    some[0] = 1;
    int deeper = *depth + 1, sum = deeper ? for_ever(&deeper) : 0;
    return sum + some[0];
}
PLAIT_TASK(for_ever, int, void);

int main(int argc, char **argv)
{
    (void)argv;
    plait_init();
    int err = argc > 1 ? plait_run(for_ever, &(int){ 0 }, NULL) : plait_run(keep_all, NULL, NULL);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
