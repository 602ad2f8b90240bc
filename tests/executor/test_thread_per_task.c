/* The executor that starts a thread for each task shows what every executor must. */
#include "executor/conformance.h"

int main(void) { return executor_conformance("thread_per_task", plait_thread_per_task_executor, true); }
