/* processes.c (P13): five processes of this program's own file, started and joined as threads are. Each begins afresh: it has
   its argument, and nothing that main has set. One that fails tells the one who joins it; one that is killed cannot, and
   there too it is known which task that was, and by which signal.

       cc processes.c $(pkg-config --cflags --libs plait) -o processes
*/
#include <plait.h>
#include <signal.h>

static const char *set_by_main = "nothing";

static int introduce(const int *number)
{
    printf("hey, i am a process %d, pid: %d; main has set %s here\n", *number, plait_process_id(NULL), set_by_main);
    fflush(stdout);
    return 0;
}
PLAIT_TASK(introduce, int, void);

static int divide(const int *by, int *result)
{
    if (*by == 0) return plait_fail(PLAIT_EUSER, "%d by 0", 42);
    if (*by < 0) raise(SIGSEGV);
    *result = 42 / *by;
    return 0;
}
PLAIT_TASK(divide, int, int);

/* Ends the process, and says how it went. */
static int join(plait_process *p)
{
    int code, err = plait_process_join(p, &code, PLAIT_FOREVER);
    if (!err) err = code;
    plait_error_print(stdout, err);
    return err;
}

int main(void)
{
    plait_init(); /* the processes stay here */
    set_by_main = "something";
    plait_process *five[5];
    for (int i = 0; i < 5; i++) five[i] = plait_process_start(introduce, &i);
    int failed = 0;
    for (int i = 0; i < 5; i++) {
        failed |= join(five[i]);
        plait_process_free(five[i]);
    }

    const int divisors[] = { 6, 0, -1 };
    for (int i = 0; i < 3; i++) {
        plait_process *p =
            plait_process_start_with((&(plait_process_start_options){ .name = "divider" }), divide, &divisors[i]);
        int result;
        if (join(p) == 0 && plait_process_result(p, &result) == 0) printf("42 / %d = %d\n", divisors[i], result);
        plait_process_free(p);
    }
    return plait_exit_status(failed);
}
