/* stress_queue_order.c: in whatever order, and however its capacity changes, what goes into a queue comes out once or is
   dropped once; who waits in a quiet one is woken by its immediate end. */
#include "stress.h"
#include <plait/queue.h>

enum { LIFO, PRIORITY, RESIZABLE, FIFO, ORDERS };

struct busy {
    plait_queue *queue;
    _Atomic uint64_t in, in_sum, out, out_sum;
};
static struct busy queues[FIFO]; /* the rest is stress_queue.c's */
static struct meeting quiet_place = MEETING;

static int compare(const void *a, const void *b, void *context)
{
    (void)context;
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void drop(void *item, void *busy)
{
    struct busy *b = busy;
    b->out++;
    b->out_sum += *(uint64_t *)item;
}

static plait_queue *queue_of(unsigned order, size_t capacity, struct busy *b)
{
    plait_queue_options o = { .lifo = order == LIFO,
                              .compare = order == PRIORITY ? compare : NULL,
                              .resizable = order == RESIZABLE,
                              .drop = drop,
                              .context = b };
    plait_queue *q = plait_queue_new_with(sizeof(uint64_t), capacity, &o);
    check(q);
    return q;
}

static int put(struct actor *a, struct busy *b, plait_deadline until)
{
    uint64_t n = dice(a, 1000);
    int err = tally(a, plait_queue_put(b->queue, &n, until));
    if (!err) {
        b->in++;
        b->in_sum += n;
    }
    return err;
}

static int get(struct actor *a, struct busy *b, plait_deadline until)
{
    uint64_t n;
    int err = tally(a, plait_queue_get(b->queue, &n, until));
    if (!err) {
        b->out++;
        b->out_sum += n;
        check_code(plait_queue_task_done(b->queue), 0);
    }
    return err;
}

static bool putter(struct actor *a) { return put(a, &queues[dice(a, FIFO)], some_deadline(a)) != PLAIT_ECLOSED; }
static bool getter(struct actor *a) { return get(a, &queues[dice(a, FIFO)], some_deadline(a)) != PLAIT_ECLOSED; }

static bool resizer(struct actor *a)
{
    size_t capacity = dice(a, 8);
    check_code(plait_queue_set_capacity(queues[RESIZABLE].queue, capacity), 0);
    a->good++;
    pause_briefly(a, 100 * PLAIT_MICROSECOND);
    return !stopping;
}

static void stop(void)
{
    for (int i = 0; i < FIFO; i++) plait_queue_close_now(queues[i].queue);
}

/* One puts twice, one gets as long as something comes, one joins, and one ends it all, whenever it comes. */
struct quiet {
    pthread_mutex_t making;
    struct busy busy;
};

static bool quiet(struct actor *a)
{
    unsigned mine;
    struct quiet *q = meet(&quiet_place, a, sizeof *q, 4, &mine);
    if (!q) return false;
    struct busy *b = &q->busy;
    pthread_mutex_lock(&q->making);
    if (!b->queue) b->queue = queue_of((unsigned)(chance(q) % ORDERS), 1, b);
    pthread_mutex_unlock(&q->making);
    PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
    dawdle(a, 3000);
    if (mine == 0) {
        for (int i = 0; i < 2 && put(a, b, PLAIT_FOREVER) != PLAIT_ECLOSED; i++) dawdle(a, 100);
    } else if (mine == 1) {
        while (get(a, b, PLAIT_FOREVER) != PLAIT_ECLOSED) dawdle(a, 100);
    } else if (mine == 2) {
        check_code(tally(a, plait_queue_join(b->queue, PLAIT_FOREVER)), 0);
    } else {
        plait_queue_close_now(b->queue);
    }
    if (part(q)) {
        check_number(b->in, b->out);
        check_number(b->in_sum, b->out_sum);
        plait_queue_free(b->queue);
        meeting_end(q);
    }
    return true;
}

static bool right(void)
{
    bool good = true;
    for (int i = 0; i < FIFO; i++) {
        struct busy *b = &queues[i];
        printf("%llu items through queue %d\n", (unsigned long long)b->in, i);
        good &= b->in == b->out && b->in_sum == b->out_sum && plait_queue_join(b->queue, PLAIT_NOW) == 0 &&
                plait_queue_task_done(b->queue) == PLAIT_EINVAL;
        plait_queue_free(b->queue);
    }
    return good;
}

int main(void)
{
    for (unsigned i = 0; i < FIFO; i++) queues[i].queue = queue_of(i, 5, &queues[i]);
    cast("putter", putter, 4, 8);
    cast("getter", getter, 4, 8);
    cast("resizer", resizer, 1, 0);
    cast("quiet", quiet, 5, 7);
    return stress("queue_order", stop, right);
}
