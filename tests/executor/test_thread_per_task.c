/* The executor that starts a thread for each task shows what every executor must. */
#include "executor/conformance.h"
#include <plait/process.h>

int main(void)
{
    plait_init();
    return executor_conformance(&(struct conforming){
        .name = "thread_per_task", .make = plait_thread_per_task_executor, .never = "belongs to the whole process" });
}
