/* coroutine.c (P18, P19): to call a task's function is to call a function; it becomes a coroutine when a
   loop gets it. Without a loop nothing runs, and the future tells so. plait_run is a loop from
   beginning to end: it runs one task, and all that this one starts.

       cc coroutine.c $(pkg-config --cflags --libs plait) -o coroutine
*/
#include <plait.h>

static int hello(void)
{
    puts("hello, world!");
    return 0;
}
PLAIT_TASK(hello, void, void);

int main(void)
{
    int err = plait_await(plait_spawn(hello, NULL), NULL);
    printf("without a loop: %s\n", plait_error_name(err)); /* and no greeting */

    err = plait_run(hello, NULL, NULL);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
