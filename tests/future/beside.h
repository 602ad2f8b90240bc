/* beside.h: an executor whose tasks are of the kind of the test's body: threads of a pool beside a thread; coroutines of
   the same loop beside a coroutine; and where the kinds are mixed, coroutines of other loops. */
#ifndef PLAIT_TEST_BESIDE_H
#define PLAIT_TEST_BESIDE_H
#include "future/tasks.h"

static inline plait_executor *beside_begin(void)
{
    plait_executor *ex = NULL;
    switch (runner_kind) {
    case RUNNERS_ARE_COROUTINES: ex = plait_loop_executor(); break;
    case RUNNERS_ARE_MIXED: ex = plait_multi_loop_executor_new(&(plait_multi_loop_options){ .loops = 2 }); break;
    default: ex = pool_of(8);
    }
    check(ex);
    return ex;
}

static inline void beside_end(plait_executor *ex)
{
    if (runner_kind != RUNNERS_ARE_COROUTINES) plait_executor_free(ex);
}

/* A cmocka test NAME whose body, run in each kind, has such an executor as `ex`. */
#define TEST_WITH_TASKS(name)                                                                                          \
    static void name##_beside(plait_executor *ex);                                                                     \
    TEST_IN_EACH_KIND(name)                                                                                            \
    {                                                                                                                  \
        plait_executor *ex = beside_begin();                                                                           \
        name##_beside(ex);                                                                                             \
        beside_end(ex);                                                                                                \
    }                                                                                                                  \
    static void name##_beside(plait_executor *ex)

#endif
