/* glib.c: coroutines in a program that has a loop already, here GLib's, as every GTK program has. GLib watches one
   descriptor, and turns plait's loop when that has something to do; both go on side by side, on one thread.

       cc glib.c $(pkg-config --cflags --libs plait glib-2.0) -o glib
*/
#include <glib-unix.h>
#include <plait.h>

struct name {
    char text[8];
};

static int waiter(const struct name *who)
{
    for (int i = 0; i < 3; i++) {
        int err = plait_sleep(50 * PLAIT_MILLISECOND); /* yields to whatever is ready, GLib's own events too */
        if (err) return err;
        printf("%s waited\n", who->text);
    }
    return 0;
}
PLAIT_TASK(waiter, struct name, void);

static int both(void)
{
    static const struct name first = { "first" }, second = { "second" };
    plait_future *a = plait_spawn(waiter, &first);
    plait_future *b = plait_spawn(waiter, &second);
    int err = plait_await(a, NULL), second_err = plait_await(b, NULL);
    return err ? err : second_err;
}
PLAIT_TASK(both, void, void);

static gboolean turn(gint fd, GIOCondition events, gpointer loop)
{
    (void)fd, (void)events;
    int err = plait_loop_turn(loop, PLAIT_NOW);
    if (err && err != PLAIT_EAGAIN) plait_error_print(stderr, err); /* EAGAIN: there was nothing to do, which happens */
    return G_SOURCE_CONTINUE;
}

static gboolean tick(gpointer ticks)
{
    ++*(int *)ticks;
    return G_SOURCE_CONTINUE;
}

static void quit(plait_future *done, void *main_loop)
{
    (void)done;
    g_main_loop_quit(main_loop);
}

int main(void)
{
    int ticks = 0;
    GMainLoop *main_loop = g_main_loop_new(NULL, FALSE);
    plait_loop *loop = plait_loop_new(NULL);
    if (!loop) {
        plait_error_print(stderr, plait_error_code());
        return 1;
    }
    guint watch = g_unix_fd_add(plait_loop_fd(loop), G_IO_IN, turn, loop);
    guint timer = g_timeout_add(10, tick, &ticks);

    plait_future *f = plait_submit(plait_loop_get_executor(loop), both, NULL); /* from any thread, at any time */
    int err = plait_future_add_callback(f, quit, main_loop);
    if (!err) g_main_loop_run(main_loop); /* an await would block GLib; here it ends with the task */
    else plait_future_cancel(f);

    g_source_remove(timer);
    g_source_remove(watch);
    plait_loop_free(loop); /* cancels and ends what is left */
    g_main_loop_unref(main_loop);
    if (!err) err = plait_await(f, NULL);
    else plait_future_detach(f);
    plait_error_print(stderr, err);
    printf("GLib's ticks meanwhile: %d\n", ticks);
    return plait_exit_status(err);
}
