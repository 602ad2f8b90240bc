/* test_pipe_processes.c: a pipe between processes: shared, inherited, handed over, and what is left when one dies. */
#include "check.h"
#include "on_valgrind.h"
#include "process/pipe.h"
#include <plait/io.h>
#include <plait/process.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static plait_pipe *one, *other;

static void pipe_open(void) { check_code(plait_pipe_pair(&one, &other), 0); }
static void pipe_end(void) { plait_pipe_free(one), plait_pipe_free(other), one = other = NULL; }

static pid_t forks(int (*function)(void))
{
    fflush(NULL);
    pid_t child = fork();
    check(child >= 0);
    if (child == 0) {
        no_leaks_are_looked_for();
        int result = function();
        fflush(NULL);
        _exit(result);
    }
    return child;
}

static int status_of(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0) check_number(errno, EINTR);
    return status;
}

enum { MESSAGES = 2000 };

static int counts_messages(void)
{
    plait_pipe_free(one); /* else the end would never come */
    static char message[20000];
    size_t size, first;
    int err, count = 0;
    while ((err = plait_pipe_receive_into(other, message, sizeof message, &size, PLAIT_FOREVER)) == 0) {
        memcpy(&first, message, sizeof first);
        check(first == size); /* whole, and not mixed with another */
        for (size_t i = sizeof first; i < size; i++) check(message[i] == (char)size);
        count++;
    }
    check_code(err, PLAIT_EDONE);
    plait_pipe *tell = other; /* it sends too */
    check_code(plait_pipe_send(tell, &count, PLAIT_FOREVER), -EPIPE);
    return count > 0;
}

static void N5_processes_that_share_an_end_get_whole_messages(void **unused)
{
    (void)unused;
    static char message[20000];
    pipe_open();
    pid_t children[3];
    for (int i = 0; i < 3; i++) children[i] = forks(counts_messages);
    plait_pipe_free(other), other = NULL;
    for (size_t i = 0; i < MESSAGES; i++) {
        size_t size = 8 + i * 37 % (sizeof message - 8);
        memset(message, (char)size, size);
        memcpy(message, &size, sizeof size);
        check_code(plait_pipe_send_bytes(one, message, size, PLAIT_FOREVER), 0);
    }
    plait_pipe_free(one), one = NULL;
    int any = 0;
    for (int i = 0; i < 3; i++) {
        int status = status_of(children[i]);
        check(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
        any += WEXITSTATUS(status);
    }
    check(any > 0);
}

static int holds_on(void)
{
    int go;
    plait_pipe_free(one);
    return plait_pipe_receive(other, &go, PLAIT_FOREVER) == 0;
}

static void N7_the_end_comes_when_every_copy_of_the_other_end_is_gone(void **unused)
{
    (void)unused;
    int number = 1;
    pipe_open();
    pid_t child = forks(holds_on); /* with a copy of `other` */
    plait_pipe_free(other), other = NULL;
    check_code(plait_pipe_receive(one, &number, PLAIT_NOW), PLAIT_EAGAIN);
    check_code(plait_pipe_send(one, &number, PLAIT_FOREVER), 0);
    check_number(WEXITSTATUS(status_of(child)), 1);
    check_code(plait_pipe_receive(one, &number, PLAIT_FOREVER), PLAIT_EDONE);
    pipe_end();
}

static int echoes(void)
{
    plait_bytes b;
    plait_pipe_free(one);
    while (plait_pipe_receive_bytes(other, &b, 0, PLAIT_FOREVER) == 0) {
        check_code(plait_pipe_send_bytes(other, b.data, b.size, PLAIT_FOREVER), 0);
        plait_bytes_clear(&b);
    }
    plait_pipe_free(other);
    return 0;
}

static void N12_each_side_may_free_the_others_end_at_once(void **unused)
{
    (void)unused;
    plait_bytes b;
    pipe_open();
    pid_t child = forks(echoes);
    plait_pipe_free(other), other = NULL;
    check_code(plait_pipe_send_bytes(one, "there and back", 15, PLAIT_FOREVER), 0);
    check_code(plait_pipe_receive_bytes(one, &b, 0, PLAIT_FOREVER), 0);
    check_string(b.data, "there and back");
    plait_bytes_clear(&b);
    plait_pipe_free(one), one = NULL;
    check_number(status_of(child), 0);
}

static int sends_without_end(void)
{
    static char large[3000000];
    plait_pipe_free(other);
    while (plait_pipe_send_bytes(one, large, sizeof large, PLAIT_FOREVER) == 0) {}
    return 0;
}

static void N16_of_a_sender_that_is_killed_a_message_comes_whole_or_not(void **unused)
{
    (void)unused;
    plait_bytes b;
    int err;
    pipe_open();
    pid_t child = forks(sends_without_end);
    plait_pipe_free(one), one = NULL;
    check_code(plait_pipe_wait(&other, 1, NULL, PLAIT_FOREVER), 0);
    check_number(kill(child, SIGKILL), 0);
    for (; (err = plait_pipe_receive_bytes(other, &b, 0, PLAIT_FOREVER)) == 0; plait_bytes_clear(&b))
        check_number(b.size, 3000000);
    check_code(err, PLAIT_EDONE);
    check_number(WTERMSIG(status_of(child)), SIGKILL);
    pipe_end();
}

static volatile sig_atomic_t signals;
static pid_t parent;
static void counts_signal(int signal) { signals += signal != 0; }

/* Sends signals and messages by turns, the largest last, and each message only when its signals were sent. */
static int interrupts(void)
{
    enum { LARGE = 20000000 };
    char *large = calloc(1, LARGE);
    int number = 0;
    check(large);
    plait_pipe_free(one);
    for (number = 0; number < 20; number++) {
        for (int i = 0; i < 10; i++) check_number(kill(parent, SIGUSR1), 0);
        check_code(plait_pipe_send(other, &number, PLAIT_FOREVER), 0);
    }
    check_code(plait_pipe_send_bytes(other, large, LARGE, PLAIT_FOREVER), 0);
    check_code(plait_pipe_receive_into(other, large, LARGE, NULL, PLAIT_FOREVER), 0);
    return 0;
}

static void N23_N24_signals_end_no_wait_and_cut_no_message(void **unused)
{
    (void)unused;
    struct sigaction action = { .sa_handler = counts_signal }, before; /* without SA_RESTART */
    check_number(sigaction(SIGUSR1, &action, &before), 0);
    plait_bytes b;
    parent = getpid();
    pipe_open();
    pid_t child = forks(interrupts);
    for (int i = 0, got; i < 20; i++) {
        check_code(plait_pipe_wait(&one, 1, NULL, PLAIT_FOREVER), 0);
        check_code(plait_pipe_receive(one, &got, PLAIT_FOREVER), 0);
        check_number(got, i);
    }
    check_code(plait_pipe_receive_bytes(one, &b, 0, PLAIT_FOREVER), 0);
    check_number(b.size, 20000000);
    check_code(plait_pipe_send_bytes(one, b.data, b.size, PLAIT_FOREVER), 0);
    plait_bytes_clear(&b);
    check_number(status_of(child), 0);
    check(signals > 0);
    check_number(sigaction(SIGUSR1, &before, NULL), 0);
    pipe_end();
}

static int has_nothing_taken_in(void)
{
    int got;
    return plait_pipe_receive(one, &got, PLAIT_NOW) == PLAIT_EAGAIN;
}

/* What a sender has taken in is its process's: a child does not receive it a second time. */
static void what_was_taken_in_is_not_a_forked_childs(void **unused)
{
    (void)unused;
    enum { SIZE = 16000 };
    static char block[SIZE];
    int number = 4;
    size_t sent = 0;
    pipe_open();
    check_code(plait_pipe_send(other, &number, PLAIT_FOREVER), 0);
    while (plait_pipe_send(one, &block, PLAIT_NOW) == 0) sent++;
    do /* until it took it in */
        check_code(plait_pipe_send(one, &block, plait_after(50 * PLAIT_MILLISECOND)), PLAIT_ETIMEDOUT);
    while (!one->first);
    check(sent > 0 && poll(&(struct pollfd){ .fd = plait_pipe_fd(one), .events = POLLIN }, 1, 0) == 0);
    check_number(WEXITSTATUS(status_of(forks(has_nothing_taken_in))), 1);
    check_code(plait_pipe_wait(&one, 1, NULL, PLAIT_NOW), 0);
    check_code(plait_pipe_receive(one, &number, PLAIT_NOW), 0);
    check_number(number, 4);
    pipe_end();
}

static int answers(const int *descriptor)
{
    int number, got;
    plait_pipe *end = plait_pipe_attach(*descriptor);
    if (!end) return plait_error_code();
    int err = plait_pipe_receive(end, &number, PLAIT_FOREVER);
    if (!err) err = plait_pipe_send(end, &(int){ number + 1 }, PLAIT_FOREVER);
    if (!err && plait_pipe_receive(end, &got, PLAIT_FOREVER) != PLAIT_EDONE) err = -EPROTO; /* nobody has a copy */
    plait_pipe_free(end);
    return err;
}
PLAIT_TASK(answers, int, void);

static void an_end_is_handed_to_a_process_that_is_started(void **unused)
{
    (void)unused;
    int fd, number = 41, code;
    check(!plait_pipe_attach(STDERR_FILENO));
    check_code(plait_error_code(), PLAIT_EINVAL);
    check_contains(plait_error()->message, "descriptor 2 is no end of a pipe");
    pipe_open();
    fd = plait_pipe_fd(other);
    plait_process_start_options options = { .descriptors = &fd, .descriptor_count = 1 };
    plait_process *p = plait_process_start_with(&options, answers, &fd);
    check(p);
    plait_pipe_free(other), other = NULL;
    check_code(plait_pipe_send(one, &number, PLAIT_FOREVER), 0);
    check_code(plait_pipe_receive(one, &number, PLAIT_FOREVER), 0);
    check_number(number, 42);
    plait_pipe_free(one), one = NULL;
    check_code(plait_process_join(p, &code, PLAIT_FOREVER), 0);
    check_code(code, 0);
    plait_process_free(p);
}

static void N22_ends_of_pipes_and_of_processes_are_waited_for_together(void **unused)
{
    (void)unused;
    int number = 41, code;
    pipe_open();
    int fd = plait_pipe_fd(other);
    plait_process_start_options options = { .descriptors = &fd, .descriptor_count = 1 };
    plait_process *p = plait_process_start_with(&options, answers, &fd);
    check(p);
    plait_pipe_free(other), other = NULL;
    struct pollfd both[] = { { .fd = plait_process_descriptor(p), .events = POLLIN },
                             { .fd = plait_pipe_fd(one), .events = POLLIN } };
    check_number(plait_poll(both, 2, PLAIT_NOW), PLAIT_EAGAIN);
    check_code(plait_pipe_send(one, &number, PLAIT_FOREVER), 0);
    check_number(plait_poll(both, 2, PLAIT_FOREVER), 1);
    check(!both[0].revents && both[1].revents & POLLIN);
    check_code(plait_pipe_receive(one, &number, PLAIT_NOW), 0);
    plait_pipe_free(one), one = NULL; /* it ends */
    check_number(plait_poll(both, 1, PLAIT_FOREVER), 1);
    check(both[0].revents & POLLIN && !plait_process_alive(p));
    check_code(plait_process_join(p, &code, PLAIT_NOW), 0);
    check_code(code, 0);
    plait_process_free(p);
}

int main(void)
{
    plait_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(N5_processes_that_share_an_end_get_whole_messages),
        cmocka_unit_test(N7_the_end_comes_when_every_copy_of_the_other_end_is_gone),
        cmocka_unit_test(N12_each_side_may_free_the_others_end_at_once),
        cmocka_unit_test(N16_of_a_sender_that_is_killed_a_message_comes_whole_or_not),
        cmocka_unit_test(N23_N24_signals_end_no_wait_and_cut_no_message),
        cmocka_unit_test(what_was_taken_in_is_not_a_forked_childs),
        cmocka_unit_test(an_end_is_handed_to_a_process_that_is_started),
        cmocka_unit_test(N22_ends_of_pipes_and_of_processes_are_waited_for_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
