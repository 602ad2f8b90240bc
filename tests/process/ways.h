/* ways.h: both ways to a process, for one test body, and what its processes wait at. */
#ifndef PLAIT_TEST_WAYS_H
#define PLAIT_TEST_WAYS_H
#include "check.h"
#include <plait/io.h>
#include <plait/process.h>

enum way { BY_START, BY_FORK, WAYS };

/* Runs the body by each way that there is: valgrind knows no pidfd_open. A test program calls plait_init first in main. */
void ways_each(void (*body)(enum way));
#define TEST_BY_EACH_WAY(name)                                                                                         \
    static void name##_body(enum way way);                                                                             \
    static void name(void **unused)                                                                                    \
    {                                                                                                                  \
        (void)unused;                                                                                                  \
        ways_each(name##_body);                                                                                        \
    }                                                                                                                  \
    static void name##_body(enum way way)

#define WHILE_LOADED (600 * PLAIT_SECOND) /* a start limit for many at once on a machine that has much else to do */

#define begin_by(way, f, ...) begin_with(way, NULL, NULL, f, __VA_ARGS__)

/* With options (or NULL), and with the descriptors of a gate (or NULL). Forks among the test's own threads. */
struct gate;
#define begin_with(way, options, gate, f, ...)                                                                         \
    begin_task((way), (options), (gate), &f##_plait_task, PLAIT_ARGUMENT_(f, __VA_ARGS__), __FILE__, __LINE__)
plait_process *begin_task(enum way way, const plait_process_start_options *options, const struct gate *gate,
                          const plait_task *task, const void *argument, const char *file, int line);

/* Two pipes: processes say that they have come, and wait until they may go, one by one. */
struct gate {
    int come[2], go[2];
};
struct gate gate_new(void);
void gate_free(struct gate *);
void gate_come_and_wait(const struct gate *); /* by the process */
void gate_say(const struct gate *, char);     /* by the process: it has come so far */
char gate_hear(const struct gate *);          /* by the test: one has come */
void gate_open(const struct gate *);          /* for one */

/* What a task does that waits at a gate. */
int waits(const struct gate *);
PLAIT_TASK(waits, struct gate, void);

int open_descriptors(void); /* how many this process has */

/* Joins it, and frees it: the code that it ended with. */
int join_and_free(plait_process *);

#endif
