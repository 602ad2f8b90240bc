/* The least that a trip to a sleeping thread costs when both are on one CPU, so that no other one has to be interrupted.
   subject: limit asleep, one CPU */
#define ONE_CPU
#include "executor-latency/limit_asleep.c"
