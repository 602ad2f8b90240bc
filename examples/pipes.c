/* pipes.c (P14, Z5): messages of any shape go through a pipe to a child: a number, a text, a map, a person, and nothing as
   the end mark. The reader is started first: a pipe that is filled before anybody reads it holds up its writer as soon
   as it is full.

       cc pipes.c $(pkg-config --cflags --libs plait-value) -o pipes
*/
#include <plait.h>
#include <plait/value.h>
#include <stdio.h>
#include <unistd.h>

static plait_pipe *parents, *childs; /* the ends; a forked child has both as they were */

static void say(const char *what, const plait_value *v)
{
    char text[256];
    plait_value_describe(v, text, sizeof text);
    printf("%s %s\n", what, text);
    fflush(stdout);
}

/* Until nothing comes, or nobody can send any more. */
static int receive_all(void)
{
    plait_value *v;
    int err;
    plait_pipe_free(parents); /* it is the parent's alone: or its end would never be seen here */
    while ((err = plait_value_receive(childs, &v, 0, PLAIT_FOREVER)) == 0) {
        bool is_end = plait_value_get_kind(v) == PLAIT_VALUE_NONE;
        if (!is_end) say("CHLD: recv:", v);
        plait_value_free(v);
        if (is_end) break;
    }
    plait_pipe_free(childs);
    return err;
}
PLAIT_TASK(receive_all, void, void);

/* Sends it, and frees it. */
static int send(plait_value *v)
{
    if (!v) return plait_error_code();
    int err = plait_value_send(parents, v, PLAIT_FOREVER);
    if (!err) say("PRNT: send:", v);
    plait_value_free(v);
    return err;
}

static plait_value *map_of(const char *key, plait_value *value, const char *other, plait_value *other_value)
{
    plait_value *map = plait_value_map();
    if (!map) return NULL;
    int err = plait_value_set(map, key, value);
    int err_of_other = other ? plait_value_set(map, other, other_value) : 0; /* it takes the value in any case */
    if (!err && !err_of_other) return map;
    plait_value_free(map);
    return NULL;
}

static int send_all(void)
{
    int err = send(plait_value_integer(42));
    if (!err) err = send(plait_value_text("some string"));
    if (!err) err = send(map_of("one", plait_value_integer(1), NULL, NULL));
    if (!err) err = send(map_of("name", plait_value_text("Ada"), "born", plait_value_integer(1815)));
    if (!err) err = send(plait_value_none());
    return err;
}

int main(void)
{
    int err = plait_pipe_pair(&parents, &childs), code = 0;
    if (err) return plait_error_print(stderr, err), plait_exit_status(err);
    plait_process *child = plait_process_fork(receive_all, NULL);
    plait_pipe_free(childs);
    if (!child) return plait_error_print(stderr, plait_error_code()), 1;
    err = send_all();
    plait_pipe_free(parents);
    if (!err && (err = plait_process_join(child, &code, PLAIT_FOREVER)) == 0) err = code;
    if (err) plait_error_print(stderr, err);
    plait_process_free(child);
    return plait_exit_status(err);
}
