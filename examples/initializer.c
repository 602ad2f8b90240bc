/* initializer.c: what main has set in global variables IS NOT THERE in a worker process, which is this program started afresh:
   the variable has the value there that it has at the head of main. The mistake first, and then its cure: a task that each
   worker runs before its first other one. Its argument is copied to there, so what main knows can be in it.

       cc initializer.c $(pkg-config --cflags --libs plait) -o initializer
*/
#include <plait.h>
#include <stdlib.h>

struct table {
    int entries;
    double scale;
};

static double *squares; /* memory of its own for each process: a pointer to it would mean nothing in another */
static struct table made;

static int make_table(const struct table *wanted)
{
    squares = malloc((size_t)wanted->entries * sizeof *squares);
    if (!squares) return plait_fail(PLAIT_ENOMEM, "no memory for %d entries", wanted->entries);
    for (int i = 0; i < wanted->entries; i++) squares[i] = i * i * wanted->scale;
    made = *wanted;
    return 0;
}
PLAIT_TASK(make_table, struct table, void);

static int look_up(const int *i, double *square)
{
    if (!squares) return plait_fail(PLAIT_EUSER, "there is no table in this process");
    if (*i < 0 || *i >= made.entries) return plait_fail(PLAIT_EUSER, "%d is not in the table", *i);
    *square = squares[*i];
    return 0;
}
PLAIT_TASK(look_up, int, double);

/* Ends the executor. */
static void ask(const char *where, plait_executor *ex)
{
    double square;
    int err = ex ? plait_await(plait_submit(ex, look_up, &(int){ 12 }), &square) : plait_error_code();
    if (err) printf("%s: %s\n", where, plait_error() ? plait_error()->message : plait_error_text(err));
    else printf("%s: %g\n", where, square);
    plait_executor_free(ex);
}

int main(void)
{
    plait_init(); /* workers stay here: what comes below is done in the program alone */
    struct table table = { 100, 0.5 };
    int err = make_table(&table);
    if (!err) {
        ask("threads, which share main's memory", plait_thread_executor_new(NULL));
        ask("processes, which do not", plait_process_executor_new(NULL));
        ask("processes with an initializer", plait_process_executor_new(&(plait_process_options){
                                                 .initializer = &make_table_plait_task, .argument = &table }));
    }
    free(squares);
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
