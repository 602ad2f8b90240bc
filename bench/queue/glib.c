/* GLib: GAsyncQueue, which has no bound: its producers never wait.
   subject: GLib GAsyncQueue (unbounded)
   package: libglib2.0-dev
   pkg-config: glib-2.0 */
#include "queue/queue.h"
#include <glib.h>

static GAsyncQueue *queue;

static inline void put(int item) { g_async_queue_push(queue, GINT_TO_POINTER(item + 1)); } /* NULL is not allowed */
static inline int get(void) { return GPOINTER_TO_INT(g_async_queue_pop(queue)) - 1; }

int main(int argc, char **argv)
{
    queue = g_async_queue_new();
    queue_measure(argc, argv);
    g_async_queue_unref(queue);
    printf("version %u.%u.%u\n", glib_major_version, glib_minor_version, glib_micro_version);
    return 0;
}
