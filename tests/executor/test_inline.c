/* The inline executor shows what every executor must. */
#include "executor/conformance.h"

int main(void) { return executor_conformance("inline", plait_inline_executor, true); }
