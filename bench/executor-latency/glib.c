/* GLib: g_thread_pool_push into a pool of exclusive threads; a semaphore brings the result back.
   subject: GLib GThreadPool
   package: libglib2.0-dev
   pkg-config: glib-2.0 */
#include "executor-latency/latency.h"
#include <glib.h>

static GThreadPool *pool;

static void increment(gpointer data, gpointer user_data)
{
    (void)data, (void)user_data;
    latency_answer();
}

static long trip(long value)
{
    latency_.value = value;
    g_thread_pool_push(pool, GINT_TO_POINTER(1), NULL);
    return latency_take();
}

int main(void)
{
    pool = g_thread_pool_new(increment, NULL, WORKERS, TRUE, NULL);
    latency_measure(trip);
    g_thread_pool_free(pool, FALSE, TRUE);
    printf("version %u.%u.%u\n", glib_major_version, glib_minor_version, glib_micro_version);
    return 0;
}
