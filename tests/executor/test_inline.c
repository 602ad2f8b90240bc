/* The inline executor shows what every executor must. */
#include "executor/conformance.h"
#include <plait/process.h>

int main(void)
{
    plait_init();
    return executor_conformance(&(struct conforming){
        .name = "inline", .make = plait_inline_executor, .never = "belongs to the whole process" });
}
