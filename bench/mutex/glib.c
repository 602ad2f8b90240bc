/* GLib: GMutex.
   subject: GLib GMutex
   package: libglib2.0-dev
   pkg-config: glib-2.0 */
#include "mutex/mutex.h"
#include <glib.h>

static _Alignas(128) struct {
    GMutex mutex;
    volatile long count;
} shared;

static inline void add(void)
{
    g_mutex_lock(&shared.mutex);
    shared.count++;
    g_mutex_unlock(&shared.mutex);
}

int main(int argc, char **argv)
{
    mutex_measure(argc, argv, &shared.count);
    printf("version %u.%u.%u\n", glib_major_version, glib_minor_version, glib_micro_version);
    return 0;
}
