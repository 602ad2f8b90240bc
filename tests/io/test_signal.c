/* test_signal.c: a handler of signals wakes who waits, without a lock of plait's: by a byte into a pipe. */
#include "runners.h"
#include <plait/io.h>
#include <plait/queue.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

enum { SIGNALS = 300 };
static int ends[2];
static volatile sig_atomic_t handled;

static void tells(int signal)
{
    int before = errno;
    char byte = (char)signal;
    if (write(ends[1], &byte, 1) == 1) handled++;
    errno = before;
}

/* What the handler may not do, this one does: it puts into the queue that the interrupted one was at. */
static int puts_for_it(void *queue)
{
    char byte;
    for (int item = 1000000;; item++) {
        ssize_t got = plait_read(ends[0], &byte, 1, PLAIT_FOREVER);
        if (got == 0) return item - 1000000;
        check_number(got, 1);
        check_number(byte, SIGUSR1);
        check_code(plait_queue_put(queue, &item, PLAIT_FOREVER), 0);
    }
}

struct sender {
    pthread_t to;
    _Atomic int sent;
};

static void *sends(void *sender)
{
    struct sender *s = sender;
    for (; s->sent < SIGNALS; s->sent++) {
        check_number(pthread_kill(s->to, SIGUSR1), 0);
        sched_yield();
    }
    return NULL;
}

TEST_IN_EACH_KIND(Q35_a_handler_has_another_put_and_interrupts_a_put_without_harm)
{
    handled = 0;
    check_number(pipe2(ends, O_CLOEXEC), 0);
    struct sigaction action = { .sa_handler = tells };
    check_number(sigaction(SIGUSR1, &action, NULL), 0); /* and so it stays: the last signal may come late */
    plait_queue *q = plait_queue_new(sizeof(int), PLAIT_UNBOUNDED);
    check(q);
    struct runner *reader = runner_start(puts_for_it, q);
    struct sender s = { .to = pthread_self() };
    pthread_t sender;
    check_number(pthread_create(&sender, NULL, sends, &s), 0);
    int mine = 0, others = 0, item;
    while (s.sent < SIGNALS) { /* and is interrupted in the midst of it */
        check_code(plait_queue_put(q, &mine, PLAIT_NOW), 0);
        check_code(plait_queue_get(q, &item, PLAIT_NOW), 0);
        if (item < 1000000) mine++;
        else check_number(item, 1000000 + others++);
        let_others_run();
    }
    check_number(pthread_join(sender, NULL), 0);
    int in = ends[1];
    ends[1] = -1;
    close(in); /* so the reader comes to an end */
    int told = runner_join(reader);
    check(told > 0);
    check_number(told, handled);
    plait_queue_close(q);
    while (plait_queue_get(q, &item, PLAIT_FOREVER) == 0)
        if (item >= 1000000) check_number(item, 1000000 + others++);
    check_number(others, told);
    close(ends[0]);
    plait_queue_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(Q35_a_handler_has_another_put_and_interrupts_a_put_without_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
