/* test_group.c: a process that leads a group of its own: what it has started by itself ends with it, and a Ctrl-C does not
   reach it. */
#include "ways.h"
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A process and what it has forked both hold an end of `hold`: so the test sees when the last of them has gone. */
struct family {
    struct gate gate;
    int hold[2];
    bool returns;
};

_Noreturn static void stay_until_let_go(const struct gate *g)
{
    char go;
    signal(SIGINT, SIG_DFL);
    gate_say(g, 'g');
    while (read(g->go[0], &go, 1) < 0 && errno == EINTR) {}
    gate_say(g, 'e');
    syscall(SYS_exit_group, 0);
    abort();
}

static int has_a_child_of_its_own(const struct family *f)
{
    pid_t child = fork();
    if (child == 0) stay_until_let_go(&f->gate);
    if (child < 0) return -errno;
    while (!f->returns) pause();
    return 0;
}
PLAIT_TASK(has_a_child_of_its_own, struct family, void);

static struct family family_new(void)
{
    struct family f = { .gate = gate_new() };
    check_number(pipe(f.hold), 0);
    return f;
}

static plait_process *begin_family(const struct family *f, bool own_group)
{
    const int all[] = { f->gate.come[0], f->gate.come[1], f->gate.go[0], f->gate.go[1], f->hold[1] };
    plait_process_start_options o = {
        .descriptors = all, .descriptor_count = 5, .start_limit = WHILE_LOADED, .own_group = own_group
    };
    plait_process *p = plait_process_start_with(&o, has_a_child_of_its_own, f);
    check(p != NULL);
    return p;
}

/* All that have the pipe for writing are gone, but for this process, which closes it. */
static void see_the_end(struct family *f)
{
    char end;
    close(f->hold[1]);
    check_number(plait_read(f->hold[0], &end, 1, PLAIT_FOREVER), 0);
    close(f->hold[0]);
    gate_free(&f->gate);
}

static void M22_what_one_that_is_killed_has_started_by_itself_is_killed_too(void **unused)
{
    (void)unused;
    for (int i = 0; i < 2; i++) {
        struct family f = family_new();
        plait_process *p = begin_family(&f, true);
        check_number(gate_hear(&f.gate), 'g');
        check_code(plait_process_signal(p, i ? SIGKILL : SIGTERM), 0);
        check_code(join_and_free(p), PLAIT_EWORKER);
        see_the_end(&f);
    }
}

static void what_one_that_has_returned_leaves_behind_stays(void **unused)
{
    (void)unused;
    struct family f = family_new();
    f.returns = true;
    check_code(join_and_free(begin_family(&f, true)), 0);
    check_number(gate_hear(&f.gate), 'g');
    gate_open(&f.gate);
    check_number(gate_hear(&f.gate), 'e');
    see_the_end(&f);
}

/* Its own process has a child, which has another; `hold` is passed on to all. */
static int is_a_parent(const struct family *f)
{
    begin_family(f, true);
    close(f->hold[1]);
    for (;;) pause();
    return 0;
}
PLAIT_TASK(is_a_parent, struct family, void);

static plait_process *begin_parent(const struct family *f)
{
    const int all[] = { f->gate.come[0], f->gate.come[1], f->gate.go[0], f->gate.go[1], f->hold[0], f->hold[1] };
    plait_process_start_options o = {
        .descriptors = all, .descriptor_count = 6, .start_limit = WHILE_LOADED, .own_group = true
    };
    plait_process *p = plait_process_start_with(&o, is_a_parent, f);
    check(p != NULL);
    check_number(gate_hear(&f->gate), 'g');
    return p;
}

static void M22_so_it_is_when_the_starter_is_killed(void **unused)
{
    (void)unused;
    struct family f = family_new();
    plait_process *p = begin_parent(&f);
    check_code(plait_process_kill(p), 0);
    check_code(join_and_free(p), PLAIT_EWORKER);
    see_the_end(&f);
}

static int counts_its_interrupts(const struct family *);
PLAIT_TASK(counts_its_interrupts, struct family, void);
static const struct family *here;
static void interrupted(int number)
{
    (void)number;
    gate_say(&here->gate, 'i');
}

/* The one whose terminal it is: it decides. */
static int counts_its_interrupts(const struct family *f)
{
    here = f;
    signal(SIGINT, interrupted);
    return is_a_parent(f);
}

static void M18_a_ctrl_c_reaches_the_starter_and_none_of_those_that_it_has_started(void **unused)
{
    (void)unused;
    struct family f = family_new();
    const int all[] = { f.gate.come[0], f.gate.come[1], f.gate.go[0], f.gate.go[1], f.hold[0], f.hold[1] };
    plait_process_start_options o = {
        .descriptors = all, .descriptor_count = 6, .start_limit = WHILE_LOADED, .own_group = true
    };
    plait_process *p = plait_process_start_with(&o, counts_its_interrupts, &f);
    check(p != NULL);
    check_number(gate_hear(&f.gate), 'g');
    check_number(kill(-plait_process_id(p), SIGINT), 0); /* as the terminal does */
    check_number(gate_hear(&f.gate), 'i');
    check(plait_process_alive(p));
    gate_open(&f.gate); /* what its process has started is there too, and none of the two ignores it */
    check_number(gate_hear(&f.gate), 'e');
    check_code(plait_process_kill(p), 0);
    check_code(join_and_free(p), PLAIT_EWORKER);
    see_the_end(&f);
}

int main(void)
{
    plait_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(M22_what_one_that_is_killed_has_started_by_itself_is_killed_too),
        cmocka_unit_test(what_one_that_has_returned_leaves_behind_stays),
        cmocka_unit_test(M22_so_it_is_when_the_starter_is_killed),
        cmocka_unit_test(M18_a_ctrl_c_reaches_the_starter_and_none_of_those_that_it_has_started),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
