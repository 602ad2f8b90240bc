/* shared_objects.h: the objects in shared memory fill in what sync asks of them (sync/shared.h). */
#ifndef PLAIT_PROCESS_SHARED_OBJECTS_H
#define PLAIT_PROCESS_SHARED_OBJECTS_H
#include "sync/shared.h"

/* May be repeated, from any thread. */
void plait_shared_objects_ready(void);

#endif
