/* fault.h: refuses what plait asks the system for, through the hooks of base: the nth request at a point ("memory",
   "thread", "descriptor"), or all of them. */
#ifndef PLAIT_TEST_FAULT_H
#define PLAIT_TEST_FAULT_H
#include <stddef.h>

void fault_nth(const char *point, size_t nth); /* counted from 1, from this call on; that one alone */
void fault_all(const char *point);
void fault_off(void);

/* How many requests there were at the point of the last fault_nth or fault_all since. fault_nth(point, 0) only counts. */
size_t fault_requests(void);

#endif
