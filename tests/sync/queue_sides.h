/* queue_sides.h: what the tests of queues share: one that puts, gets or joins elsewhere, and the steps of a body. */
#ifndef PLAIT_TEST_QUEUE_SIDES_H
#define PLAIT_TEST_QUEUE_SIDES_H
#include "clock.h"
#include "runners.h"
#include <plait/queue.h>
#include <plait/scope.h>

struct side {
    plait_queue *queue;
    int item;
    plait_deadline until;
    _Atomic(plait_scope *) scope;
};

static inline int puts_one(void *side)
{
    struct side *s = side;
    PLAIT_CANCEL_SCOPE(scope);
    s->scope = &scope;
    return plait_queue_put(s->queue, &s->item, s->until);
}

static inline int gets_one(void *side)
{
    struct side *s = side;
    PLAIT_CANCEL_SCOPE(scope);
    s->scope = &scope;
    return plait_queue_get(s->queue, &s->item, s->until);
}

static inline int joins(void *side)
{
    struct side *s = side;
    PLAIT_CANCEL_SCOPE(scope);
    s->scope = &scope;
    return plait_queue_join(s->queue, s->until);
}

static inline plait_queue *queue_of(size_t capacity)
{
    plait_queue *q = plait_queue_new(sizeof(int), capacity);
    check(q);
    return q;
}

static inline void put(plait_queue *q, int item) { check_code(plait_queue_put(q, &item, PLAIT_NOW), 0); }
static inline void refused(plait_queue *q, int code)
{
    int item = 77;
    check_code(plait_queue_put(q, &item, PLAIT_NOW), code);
}
static inline void get(plait_queue *q, int expected)
{
    int item = -1;
    check_code(plait_queue_get(q, &item, PLAIT_NOW), 0);
    check_number(item, expected);
}
static inline void nothing(plait_queue *q, int code)
{
    int item = 77;
    check_code(plait_queue_get(q, &item, PLAIT_NOW), code);
    check_number(item, 77);
}

#endif
