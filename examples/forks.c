/* forks.c (P12): a fork: from there on there are two, with equal memory that goes its own way in each. What is put on the list
   before is on both; what each puts there later the other does not see.

       cc forks.c $(pkg-config --cflags --libs plait) -o forks
*/
#include <plait.h>

static int list[2], length;

static void add(int pid) { list[length++] = pid; }

/* A line is one piece: two processes print. */
static void print_list(const char *who)
{
    printf("%s: my pid is %d, the list is [%d, %d]\n", who, plait_process_id(NULL), list[0], list[1]);
    fflush(stdout);
}

static int be_the_child(void)
{
    add(plait_process_id(NULL));
    print_list("child");
    return 0;
}
PLAIT_TASK(be_the_child, void, void);

int main(void)
{
    add(plait_process_id(NULL));
    printf("before the fork: one process, one list, and a line that is not printed twice\n");
    plait_process *child = plait_process_fork(be_the_child, NULL);
    if (!child) return plait_error_print(stderr, plait_error_code()), 1;
    add(plait_process_id(NULL));
    printf("parent: my child's pid is %d\n", plait_process_id(child));
    print_list("parent");
    int code, err = plait_process_join(child, &code, PLAIT_FOREVER);
    if (!err) err = code;
    plait_error_print(stderr, err);
    plait_process_free(child);
    return plait_exit_status(err);
}
