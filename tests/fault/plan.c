/* plan.c: see plan.h. What must hold: a worker dies at the step itself, with nothing of the test's between. */
#include "plan.h"
#include "sanitizers.h"
#include "base/hooks.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

const char *const death_names[DEATHS] = { "SIGSEGV",        "SIGABRT",       "SIGKILL",      "_exit(0)", "_exit(1)",
                                          "stack overflow", "out of memory", "endless loop", "SIGSTOP" };
const char *const death_words[DEATHS] = { "SIGSEGV", "SIGABRT", "SIGKILL",   "exited",   "exited",
                                          "SIGSEGV", "SIGABRT", "the limit", "the limit" };
const char *const step_names[STEPS] = { "birth",   "taken", "reading",  "running", "writing",
                                        "written", "done",  "answered", "idle",    "parting" };
struct plan *plan;

#define VARIABLE "PLAIT_TEST_PLAN"

static void reached(const char *name, const char *task)
{
    enum step step = AT_BIRTH;
    while (step < STEPS && strcmp(name, step_names[step]) != 0) step++;
    check(step < STEPS);
    if (task && strncmp(task, "victim", 6) != 0) return;
    plan_come_to(step);
}

void plan_look(void)
{
    const char *place = getenv(VARIABLE);
    if (!place) return;
    plan = (struct plan *)(uintptr_t)strtoull(place, NULL, 16); /* mapped by plait_init */
    plait_hooks.reached = reached;
}

void plan_begin(void)
{
    char place[32];
    plait_shared_memory *memory = plait_shared_memory_new(&(plait_shared_memory_options){ .limit = 1 << 20 });
    plan = memory ? plait_shared_alloc(memory, sizeof *plan) : NULL;
    check(plan != NULL);
    snprintf(place, sizeof place, "%llx", (unsigned long long)(uintptr_t)plan);
    check_number(setenv(VARIABLE, place, 1), 0);
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    plan_deaths(BY_KILL, AT_RUNNING, 0, 0);
}

void plan_deaths(enum death death, enum step step, int skip, int deaths)
{
    plan->deaths = 0;
    plan->death = (int)death;
    plan->step = (int)step;
    plan->skip = skip;
    plan->died = 0;
    plan->hung = 0;
    plan->runs = 0;
    plan->deaths = deaths;
}

void plan_come_to(enum step step)
{
    if (plan->step != (int)step || plan->deaths <= 0 || plan->skip-- > 0 || plan->deaths-- <= 0) return;
    enum death death = (enum death)plan->death;
    plan->died++;
    if (hangs(death)) {
        plan->last = getpid();
        plan->hung++;
    }
    die_by(death);
}

static int deeper(volatile char *above)
{
    volatile char here[4096];
    here[0] = above ? above[0] : 1;
    return here[0] ? deeper(here) + here[0] : 0;
}

static void use_all_memory(void)
{
#if defined ASAN || defined TSAN
    abort(); /* their shadow would be counted too */
#endif
    struct rlimit most = { 0, 0 }, limit = { 64 << 20, 64 << 20 };
    getrlimit(RLIMIT_DATA, &most);
    if (most.rlim_cur == RLIM_INFINITY) setrlimit(RLIMIT_DATA, &limit);
    for (;;) {
        char *block = malloc(1 << 20);
        if (!block) abort(); /* as most programs do */
        block[0] = 1;
    }
}

/* A sanitizer would tell of it at length, and make another death of it. */
static void die_of(int signal_number)
{
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

void die_by(enum death death)
{
    switch (death) {
    case BY_SEGV: die_of(SIGSEGV); break;
    case BY_ABORT: signal(SIGABRT, SIG_DFL); abort();
    case BY_KILL: raise(SIGKILL); break;
    case BY_EXIT_0: _exit(0);
    case BY_EXIT_1: _exit(1);
    case BY_STACK:
        signal(SIGSEGV, SIG_DFL);
        setrlimit(RLIMIT_STACK, &(struct rlimit){ 8 << 20, 8 << 20 });
        deeper(NULL);
        break;
    case BY_MEMORY: signal(SIGABRT, SIG_DFL), use_all_memory(); break;
    case BY_LOOP:
        for (volatile int on = 1; on;) {}
        break;
    case BY_STOP:
        for (;;) raise(SIGSTOP); /* a SIGCONT is no cure */
    case DEATHS: break;
    }
}
