/* conformance_world.c: what the tests of the suite have in common with their tasks: see conformance_world.h. */
#include "executor/conformance_world.h"
#include <pthread.h>

const struct conforming *conforming;
plait_executor *ex;
static plait_shared_memory *memory;

void begin_executor(void)
{
    ex = conforming->make();
    check(ex);
}

void end_executor(void)
{
    if (conforming->end) conforming->end(ex);
}

static plait_executor *of_this_worker;
static void make_one_of_this_worker(void)
{
    of_this_worker = plait_thread_executor_new(&(plait_thread_options){ .workers = 2 });
}

plait_executor *own_executor(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (ex) return ex;
    pthread_once(&once, make_one_of_this_worker);
    return of_this_worker;
}

void *shared_new(size_t size)
{
    if (!memory) memory = plait_shared_memory_new(NULL);
    void *made = memory ? plait_shared_alloc(memory, size) : NULL;
    check(made);
    return made;
}

struct counter counter_new(void) { return (struct counter){ shared_new(sizeof(_Atomic int)) }; }

int count_there(const struct counter *c) { return atomic_fetch_add(c->count, 1), 0; }

struct gate_place shared_gate_new(void)
{
    struct gate_place at = { shared_new(sizeof(struct shared_gate)) };
    check((at.gate->open = plait_shared_event_new(memory)));
    return at;
}

void until_come(struct gate_place at, size_t count) { until(atomic_load(&at.gate->arrived) >= count); }
void open_shared_gate(struct gate_place at) { plait_event_set(at.gate->open); }

int enter(const struct gate_place *at)
{
    atomic_fetch_add(&at->gate->arrived, 1);
    return plait_event_wait(at->gate->open, PLAIT_FOREVER);
}

int enter_stubbornly(const struct gate_place *at)
{
    PLAIT_SHIELD(deaf, PLAIT_FOREVER);
    return enter(at);
}
