/* runners.h: one test body, run by every kind of runner that there is.

   A body starts others by runner_start, and waits by conditions over what is seen, never by time: until_asleep(r) and
   until_listed(list, n) look again and again, giving the others the processor in between. A test that waits for what
   never comes is ended by its time-out. */
#ifndef PLAIT_TEST_RUNNERS_H
#define PLAIT_TEST_RUNNERS_H
#include "check.h"
#include "park/waitlist.h"

enum runner_kind {
    RUNNERS_ARE_THREADS,    /* the body, and each that it starts; plain threads that plait did not make */
    RUNNERS_ARE_COROUTINES, /* all of one scheduler */
    RUNNERS_ARE_MIXED, /* the body is a coroutine; it starts a thread, one of its own scheduler, one of another, … */
    RUNNER_KINDS
};
extern _Thread_local enum runner_kind runner_kind; /* in the body: its own */
extern const char *const runner_kind_names[RUNNER_KINDS];

/* Runs `body` once in each kind. */
void runners_each(void (*body)(void));
void runners_of(enum runner_kind kind, void (*body)(void));

/* A cmocka test NAME that runs the body that follows in each kind. */
#define TEST_IN_EACH_KIND(name)                                                                                        \
    static void name##_body(void);                                                                                     \
    static void name(void **unused)                                                                                    \
    {                                                                                                                  \
        (void)unused;                                                                                                  \
        runners_each(name##_body);                                                                                     \
    }                                                                                                                  \
    static void name##_body(void)

/* Starts function(argument), by the body or by one that it started. Each is to be joined once, which gives the result. */
struct runner;
struct runner *runner_start(int (*function)(void *), void *argument);
int runner_join(struct runner *);
bool runner_done(struct runner *);

/* Whether it sleeps: its parker says so. True too while it sleeps for a lock inside of plait, so start those that could
   meet there one by one. */
bool runner_asleep(struct runner *);
void until_asleep(struct runner *);
void until_parked(plait_parker *); /* the same of whoever has that parker */

/* Its parker; waits until it has one. */
plait_parker *runner_parker(struct runner *);

size_t waiters_listed(plait_waitlist *list);
void until_listed(plait_waitlist *list, size_t waiters);

/* Gives the others the processor, in the runner's own way. */
void let_others_run(void);
#define until(condition)                                                                                               \
    do                                                                                                                 \
        while (!(condition)) let_others_run();                                                                         \
    while (0)

#endif
