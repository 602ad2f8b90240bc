/* stress_queue.c: what goes in comes out, once, from queues of every capacity; on a quiet queue no item and no room that
   is given to one who leaves is lost to the others. */
#include "stress.h"
#include <plait/queue.h>

struct busy {
    plait_queue *queue;
    _Atomic uint64_t in, in_sum, out, out_sum;
};
static struct busy bounded, rendezvous, unbounded;
static struct meeting items_place = MEETING, room_place = MEETING, work_place = MEETING;

static bool put(struct actor *a, struct busy *b, plait_deadline until)
{
    uint64_t n = dice(a, 1000000);
    int err = tally(a, plait_queue_put(b->queue, &n, until));
    if (!err) {
        b->in++;
        b->in_sum += n;
    }
    return err != PLAIT_ECLOSED;
}

static bool get(struct actor *a, struct busy *b)
{
    uint64_t n;
    int err = tally(a, plait_queue_get(b->queue, &n, some_deadline(a)));
    if (!err) {
        b->out++;
        b->out_sum += n;
        check_code(plait_queue_task_done(b->queue), 0);
    }
    return err != PLAIT_ECLOSED;
}

static bool putter(struct actor *a) { return put(a, &bounded, some_deadline(a)); }
static bool getter(struct actor *a) { return get(a, &bounded); }
static bool caller(struct actor *a) { return put(a, &rendezvous, some_deadline(a)); }
static bool callee(struct actor *a) { return get(a, &rendezvous); }
static bool taker(struct actor *a) { return get(a, &unbounded); }
static bool giver(struct actor *a)
{
    if (plait_queue_count(unbounded.queue) > 1000) pause_briefly(a, 20 * PLAIT_MICROSECOND);
    else if (!put(a, &unbounded, some_deadline(a))) return false;
    return !stopping;
}

static bool joiner(struct actor *a)
{
    struct busy *b = dice(a, 2) ? &bounded : &rendezvous;
    tally(a, plait_queue_join(b->queue, soon(a, 200 * PLAIT_MICROSECOND)));
    return !stopping;
}

static void stop(void)
{
    plait_queue_close(bounded.queue);
    plait_queue_close(rendezvous.queue);
    plait_queue_close(unbounded.queue);
}

struct quiet {
    plait_queue *queue;
};

/* The queue of a meeting, made by whoever comes first. */
static plait_queue *queue_of(struct quiet *q, size_t capacity)
{
    static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&guard);
    if (!q->queue) q->queue = plait_queue_new(sizeof(int), capacity);
    pthread_mutex_unlock(&guard);
    return q->queue;
}

static void leave(struct quiet *q)
{
    if (!part(q)) return;
    plait_queue_free(q->queue);
    meeting_end(q);
}

/* One item, for part 0, who must have it. Part 1 may have it first, and puts it back, or leave. Part 2 puts it. */
static bool items(struct actor *a)
{
    unsigned mine;
    struct quiet *q = meet(&items_place, a, sizeof *q, 3, &mine);
    if (!q) return false;
    static const size_t capacities[] = { 0, 1, 2, PLAIT_UNBOUNDED };
    plait_queue *queue = queue_of(q, capacities[chance(q) % 4]);
    int item = 7;
    dawdle(a, 3000);
    if (mine == 1) {
        int err = tally(a, plait_queue_get(queue, &item, soon(a, 40 * PLAIT_MICROSECOND)));
        PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
        if (!err) check_code(plait_queue_put(queue, &item, PLAIT_FOREVER), 0);
    } else {
        PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
        if (mine == 2) check_code(tally(a, plait_queue_put(queue, &item, PLAIT_FOREVER)), 0);
        else check_code(tally(a, plait_queue_get(queue, &item, PLAIT_FOREVER)), 0);
        check_number(item, 7);
    }
    leave(q);
    return true;
}

/* The other side: a full queue. Part 0 must put; part 1 may put first, and takes one out again, or leaves; part 2 takes. */
static bool room(struct actor *a)
{
    unsigned mine;
    struct quiet *q = meet(&room_place, a, sizeof *q, 3, &mine);
    if (!q) return false;
    bool rests = chance(q) % 2; /* or nothing does */
    plait_queue *queue = queue_of(q, rests ? 1 : 0);
    int item = 7;
    dawdle(a, 3000);
    if (mine == 1) {
        int err = tally(a, plait_queue_put(queue, &item, soon(a, 40 * PLAIT_MICROSECOND)));
        PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
        if (!err) check_code(plait_queue_get(queue, &item, PLAIT_FOREVER), 0);
    } else {
        PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
        for (int i = 0; i < (rests ? 2 : 1); i++)
            if (mine == 0) check_code(tally(a, plait_queue_put(queue, &item, PLAIT_FOREVER)), 0);
            else check_code(tally(a, plait_queue_get(queue, &item, PLAIT_FOREVER)), 0);
    }
    leave(q);
    return true;
}

/* Two items of work, two that join, one that works; the end of the work is told once. Or of the queue: by close. */
static bool work(struct actor *a)
{
    unsigned mine;
    struct quiet *q = meet(&work_place, a, sizeof *q, 4, &mine);
    if (!q) return false;
    plait_queue *queue = queue_of(q, 1 + chance(q) % 2);
    int item = 7, err = 0;
    PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
    dawdle(a, 3000);
    if (mine == 0) {
        for (int i = 0; i < 2; i++) check_code(tally(a, plait_queue_put(queue, &item, PLAIT_FOREVER)), 0);
        plait_queue_close(queue);
    } else if (mine == 1) {
        while (!(err = plait_queue_get(queue, &item, PLAIT_FOREVER))) check_code(plait_queue_task_done(queue), 0);
        check_code(tally(a, err), PLAIT_ECLOSED);
    } else if (mine == 2) {
        while (tally(a, plait_queue_join(queue, soon(a, 40 * PLAIT_MICROSECOND)))) {}
    } else {
        check_code(tally(a, plait_queue_join(queue, PLAIT_FOREVER)), 0);
    }
    leave(q);
    return true;
}

static bool balanced(const char *name, struct busy *b)
{
    bool good = b->in == b->out && b->in_sum == b->out_sum && plait_queue_join(b->queue, PLAIT_NOW) == 0;
    printf("%-10s %9llu in %9llu out%s\n", name, (unsigned long long)b->in, (unsigned long long)b->out,
           good ? "" : ": WRONG");
    plait_queue_free(b->queue);
    return good;
}

static bool right(void)
{
    bool a = balanced("bounded", &bounded), b = balanced("rendezvous", &rendezvous),
         c = balanced("unbounded", &unbounded);
    return a && b && c;
}

int main(void)
{
    bounded.queue = plait_queue_new(sizeof(uint64_t), 3);
    rendezvous.queue = plait_queue_new(sizeof(uint64_t), 0);
    unbounded.queue = plait_queue_new(sizeof(uint64_t), PLAIT_UNBOUNDED);
    cast("putter", putter, 2, 3);
    cast("getter", getter, 2, 3);
    cast("caller", caller, 2, 3);
    cast("callee", callee, 2, 3);
    cast("giver", giver, 1, 2);
    cast("taker", taker, 1, 2);
    cast("joiner", joiner, 1, 2);
    cast("items", items, 4, 6);
    cast("room", room, 4, 6);
    cast("work", work, 4, 6);
    return stress("queue", stop, right);
}
