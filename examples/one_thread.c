/* one_thread.c (P1): a thread runs beside main; joining it makes sure that its line stands between
   the two of main's.

       cc one_thread.c $(pkg-config --cflags --libs plait) -o one_thread
*/
#include <plait.h>

static int print_line(void *unused)
{
    (void)unused;
    puts("printing from thread");
    return 0;
}

int main(void)
{
    puts("Starting thread...");
    plait_thread *thread = plait_thread_start(print_line, NULL, NULL);
    int err = plait_thread_join(thread, NULL, PLAIT_FOREVER);
    plait_thread_free(thread);
    if (!err) puts("Ending thread...");
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
