/* ten_threads.c (P2): ten threads, all started, then all joined. They run in any order, and what
   they print may mix: a line that is written in two pieces can be torn apart by another thread's,
   one that is written in one piece cannot.

       cc ten_threads.c $(pkg-config --cflags --libs plait) -o ten_threads
*/
#include <plait.h>

enum { THREADS = 10 };

static int print_in_two_pieces(void *unused)
{
    (void)unused;
    fputs("printing from thread", stdout);
    fputs("\n", stdout); /* another thread may have come in between */
    return 0;
}

static int print_in_one_piece(void *unused)
{
    (void)unused;
    fputs("printing from thread\n", stdout);
    return 0;
}

/* Joins every thread, also after a failure. Returns the first. */
static int run_in_threads(int (*run)(void *))
{
    plait_thread *threads[THREADS];
    int err = 0;
    for (int i = 0; i < THREADS; i++) threads[i] = plait_thread_start(run, NULL, NULL);
    for (int i = 0; i < THREADS; i++) {
        int join_err = plait_thread_join(threads[i], NULL, PLAIT_FOREVER);
        plait_thread_free(threads[i]);
        if (!err) err = join_err;
    }
    return err;
}

int main(void)
{
    puts("Starting 10 threads, each line in two pieces...");
    int err = run_in_threads(print_in_two_pieces);
    puts("Starting 10 threads, each line in one piece...");
    if (!err) err = run_in_threads(print_in_one_piece);
    if (!err) puts("Ending 10 threads...");
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
