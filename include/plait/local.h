/* local.h: a variable that each thread has for itself, made when it first asks and destroyed when the thread ends.

       static void *make_buffer(void *size) { return malloc(*(size_t *)size); }
       static plait_local buffer = PLAIT_LOCAL_INIT(make_buffer, &size, free);
       … char *mine = plait_local_get(&buffer);

   The coroutines of a thread share its value. That of the thread that ends the program is not destroyed. */
#ifndef PLAIT_LOCAL_H
#define PLAIT_LOCAL_H

#include <plait/api.h>
PLAIT_BEGIN_DECLARATIONS

/* Zero bytes are a local whose values are NULL until they are set, and are not destroyed. The first three fields are
   set before it is used; the others are plait's own. A local that has been used lives until plait_local_clear, or for
   ever. */
typedef struct plait_local {
    void *(*make)(void *argument); /* a thread's first value; NULL when it cannot be had: then it is asked again */
    void *argument;                /* of make */
    void (*destroy)(void *value);  /* of a value that is not NULL, once, on its thread as that ends, or by a clear */
    PLAIT_ATOMIC_(uintptr_t) index;
    uintptr_t reserved[2];
} plait_local;
/* clang-format off */
#define PLAIT_LOCAL_INIT(make, argument, destroy) { (make), (argument), (destroy), 0, { 0, 0 } }
/* clang-format on */

/* The calling thread's value. NULL when it has none and none could be made, or kept for want of memory. */
PLAIT_API void *plait_local_get(plait_local *local);

/* Makes `value` the calling thread's value; what it had before is destroyed, NULL and the same value excepted. 0;
   PLAIT_ENOMEM: nothing changed, and `value` is still the caller's. */
PLAIT_API int plait_local_set(plait_local *local, void *value);

/* Destroys the values of all threads and makes the local as it was before its first use. Nobody may use it meanwhile,
   but threads may end: each value is destroyed once, and when this returns none is being destroyed any more (that is
   waited for; no cancellation point). Not to be called by its own destroy. In a forked child it ends the forking
   thread's value alone. */
PLAIT_API void plait_local_clear(plait_local *local);

PLAIT_END_DECLARATIONS
#endif
