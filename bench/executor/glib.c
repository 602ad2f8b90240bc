/* GLib: g_thread_pool_push into a pool of exclusive threads.
   subject: GLib GThreadPool
   package: libglib2.0-dev
   pkg-config: glib-2.0 */
#include "executor/executor.h"
#include <glib.h>

static GThreadPool *pool;

static void count(gpointer data, gpointer user_data)
{
    (void)data, (void)user_data;
    executor_count();
}

static void submit(void) { g_thread_pool_push(pool, GINT_TO_POINTER(1), NULL); }

int main(void)
{
    pool = g_thread_pool_new(count, NULL, WORKERS, TRUE, NULL);
    executor_measure(submit);
    g_thread_pool_free(pool, FALSE, TRUE);
    printf("version %u.%u.%u\n", glib_major_version, glib_minor_version, glib_micro_version);
    return 0;
}
