/* empty_pools.c (P30): an executor is made, and freed when its work is done, also when there was
   none. Nothing is started before there is work, and freeing waits for all that is inside: here for
   nothing. It is the same for each kind of executor; the options are only said where it is made.

       cc empty_pools.c $(pkg-config --cflags --libs plait) -o empty_pools
*/
#include <plait.h>

static int make_and_free(const plait_thread_options *options)
{
    plait_executor *ex = plait_thread_executor_new(options);
    if (!ex) return plait_error_code();

    /* here work would be submitted */

    plait_executor_statistics s;
    plait_executor_get_statistics(ex, &s);
    printf("%zu threads, %llu tasks done\n", s.workers, (unsigned long long)s.finished);
    plait_executor_free(ex);
    return 0;
}

int main(void)
{
    int err = make_and_free(NULL); /* as many workers as there are CPUs */
    if (!err) err = make_and_free(&(plait_thread_options){ .workers = 5, .name = "fetch", .capacity = 100 });
    plait_error_print(stderr, err);
    return plait_exit_status(err);
}
