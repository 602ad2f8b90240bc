/* shared.c: see shared.h. It is set once, before there is an object that needs it. */
#include "sync/shared.h"

const struct plait_shared_operations *plait_shared;
