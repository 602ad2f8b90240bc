/* stress.c: see stress.h. What must hold: actors and their watch are held together by the system's own means, so that a
   wait of plait's that is broken is seen where it is tried. */
#include "stress.h"
#include "coroutine.h"
#include "runners.h"
#include "sanitizers.h"
#include "park/thread_parker.h"
#include "park/waitlist.h"
#include <stdlib.h>
#include <time.h>

enum { SCHEDULERS = 2, PATIENCE = 15 /* seconds */, NAMED = 40 /* of those that hang */ };

static struct actor *actors;
static size_t actor_count;
static _Atomic size_t begun, ended;
_Atomic bool stopping;
static uint64_t seed;

uint64_t dice(struct actor *a, uint64_t sides)
{
    a->random ^= a->random << 13, a->random ^= a->random >> 7, a->random ^= a->random << 17;
    return (a->random >> 11) % sides;
}

plait_deadline soon(struct actor *a, int64_t most) { return plait_after((int64_t)dice(a, (uint64_t)most)); }

plait_deadline some_deadline(struct actor *a)
{
    uint64_t d = dice(a, 8);
    return d < 4 ? PLAIT_FOREVER : d == 4 ? PLAIT_NOW : soon(a, 200 * PLAIT_MICROSECOND);
}

void dawdle(struct actor *a, uint64_t most)
{
    for (uint64_t n = dice(a, most); n; n--) atomic_signal_fence(memory_order_seq_cst);
}

void pause_briefly(struct actor *a, int64_t most)
{
    PLAIT_SHIELD(alone, PLAIT_FOREVER);
    (void)plait_sleep((int64_t)dice(a, (uint64_t)most));
}

int tally(struct actor *a, int err)
{
    if (err >= 0) a->good++;
    else if (err == PLAIT_ECANCELED) a->cancelled++;
    else if (err == PLAIT_ETIMEDOUT || err == PLAIT_EAGAIN) a->late++;
    else if (err == PLAIT_ECLOSED) a->closed++;
    else {
        fprintf(stderr, "FAILED: %s %zu got %d (%s), seed %llu\n", a->role, a->number, err, plait_error_name(err),
                (unsigned long long)seed);
        abort();
    }
    return err;
}

/* Quiet objects. */

struct object {
    unsigned parts, to_come, first;
    uint64_t chance;
    _Atomic unsigned to_leave;
    _Alignas(max_align_t) unsigned char memory[];
};

static struct object *object_of(void *memory)
{
    return (struct object *)((char *)memory - offsetof(struct object, memory));
}

void *meet(struct meeting *m, struct actor *a, size_t size, unsigned parts, unsigned *part)
{
    pthread_mutex_lock(&m->lock);
    struct object *o = m->open;
    if (!o && !stopping) {
        o = calloc(1, sizeof *o + size);
        check(o);
        o->parts = o->to_come = parts;
        atomic_init(&o->to_leave, parts);
        o->first = (unsigned)dice(a, parts);
        o->chance = dice(a, UINT32_MAX);
    }
    if (o) {
        *part = (o->first + --o->to_come) % parts;
        m->open = o->to_come ? o : NULL;
    }
    pthread_mutex_unlock(&m->lock);
    return o ? o->memory : NULL;
}

bool part(void *object)
{
    return atomic_fetch_sub_explicit(&object_of(object)->to_leave, 1, memory_order_acq_rel) == 1;
}
void meeting_end(void *object) { free(object_of(object)); }
uint64_t chance(void *object) { return object_of(object)->chance; }

/* Actors. */

static void publish(struct actor *a, plait_scope *scope)
{
    pthread_mutex_lock(&a->guard);
    a->scope = scope;
    pthread_mutex_unlock(&a->guard);
}

static void act(void *actor)
{
    struct actor *a = actor;
    begun++;
    for (bool more = true; more; a->turns++) {
        plait_scope scope;
        plait_scope_enter(&scope, dice(a, 4) ? PLAIT_FOREVER : soon(a, 300 * PLAIT_MICROSECOND), 0);
        publish(a, &scope);
        more = a->turn(a);
        publish(a, NULL);
        plait_scope_leave(&scope);
        if (dice(a, 4) == 0) let_others_run();
        if (dice(a, 8) == 0) pause_briefly(a, 20 * PLAIT_MICROSECOND);
    }
    a->through = true;
    ended++;
}

static void *act_on_thread(void *actor)
{
    act(actor);
    return NULL;
}

static void start_coroutines(void *which)
{
    for (size_t i = 0; i < actor_count; i++)
        if (actors[i].coroutine && i % SCHEDULERS == *(size_t *)which) coroutine_start(act, &actors[i]);
}

static void *act_on_scheduler(void *which)
{
    coroutines_run(start_coroutines, which);
    return NULL;
}

void cast(const char *role, bool (*turn)(struct actor *), size_t threads, size_t coroutines)
{
    actors = realloc(actors, (actor_count + threads + coroutines) * sizeof *actors);
    check(actors);
    for (size_t i = 0; i < threads + coroutines; i++, actor_count++)
        actors[actor_count] =
            (struct actor){ .role = role, .turn = turn, .coroutine = i >= threads, .number = actor_count };
}

static void *cancel_some(void *unused)
{
    struct actor me = { .random = seed | 1 };
    while (!stopping) {
        for (size_t n = actor_count / 256 + 1; n; n--) {
            struct actor *a = &actors[dice(&me, actor_count)];
            pthread_mutex_lock(&a->guard);
            if (a->scope) plait_scope_cancel(a->scope);
            pthread_mutex_unlock(&a->guard);
        }
        nanosleep(&(struct timespec){ .tv_nsec = (long)dice(&me, 200000) }, NULL);
    }
    return unused;
}

/* On a busy machine one may wait long for its turn. But when nobody ends one, those that are left hang. */
static void watch(int64_t patience)
{
    static uint64_t seen;
    static int64_t moved;
    uint64_t turns = begun + ended;
    for (size_t i = 0; i < actor_count; i++) turns += actors[i].turns;
    if (turns != seen || !moved) moved = plait_time();
    seen = turns;
    if (plait_time() - moved < patience) return;
    size_t hang = 0;
    for (size_t i = 0; i < actor_count; i++) {
        struct actor *a = &actors[i];
        if (a->through || ++hang > NAMED) continue;
        fprintf(stderr, "FAILED: %s %zu, a %s, waits for ever (%s), seed %llu\n", a->role, i,
                a->coroutine ? "coroutine" : "thread", a->doing ? a->doing : "in its turn", (unsigned long long)seed);
    }
    if (hang > NAMED) fprintf(stderr, "and %zu more\n", hang - NAMED);
    abort();
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static uint64_t seconds_asked(void) { return number_from("PLAIT_STRESS_SECONDS", 2); }

size_t for_each_second(size_t actors_each, size_t most)
{
    size_t n = actors_each * (size_t)seconds_asked();
    return n < actors_each ? actors_each : n < most ? n : most;
}

uint64_t total_of(const char *role)
{
    uint64_t total = 0;
    for (size_t i = 0; i < actor_count; i++)
        if (strcmp(actors[i].role, role) == 0) total += actors[i].good;
    return total;
}

static void print_totals(void)
{
    for (size_t i = 0; i < actor_count; i++) {
        if (i && strcmp(actors[i].role, actors[i - 1].role) == 0) continue;
        struct actor sum = { .role = actors[i].role };
        for (size_t k = i; k < actor_count && strcmp(actors[k].role, sum.role) == 0; k++)
            sum.good += actors[k].good, sum.late += actors[k].late, sum.cancelled += actors[k].cancelled,
                sum.closed += actors[k].closed;
        printf("%-10s %9llu done %9llu late %9llu cancelled %9llu closed\n", sum.role, (unsigned long long)sum.good,
               (unsigned long long)sum.late, (unsigned long long)sum.cancelled, (unsigned long long)sum.closed);
    }
    printf("%llu removals lost the race, %llu threads were woken by a system call\n",
           (unsigned long long)plait_wait_races, (unsigned long long)plait_parker_wakes);
}

int stress(const char *name, void (*stop)(void), bool (*right)(void))
{
    uint64_t seconds = seconds_asked(), scale = number_from("PLAIT_TEST_TIMEOUT_SCALE", 1);
    seed = number_from("PLAIT_STRESS_SEED", (uint64_t)plait_time() & UINT32_MAX);
    printf("%s: %llu s, seed %llu\n", name, (unsigned long long)seconds, (unsigned long long)seed);
    fflush(stdout);
    for (size_t i = 0; i < actor_count; i++) {
        actors[i].random = (seed + i + 1) * 0x9E3779B97F4A7C15u | 1;
        pthread_mutex_init(&actors[i].guard, NULL);
    }

    pthread_t *threads = calloc(actor_count + SCHEDULERS + 1, sizeof *threads);
    check(threads);
    size_t started = 0, which[SCHEDULERS];
    for (size_t i = 0; i < actor_count; i++)
        if (!actors[i].coroutine) check_number(pthread_create(&threads[started++], NULL, act_on_thread, &actors[i]), 0);
    for (size_t i = 0; i < SCHEDULERS; i++) {
        which[i] = i;
        check_number(pthread_create(&threads[started++], NULL, act_on_scheduler, &which[i]), 0);
    }
    check_number(pthread_create(&threads[started++], NULL, cancel_some, NULL), 0);

    int64_t stop_at = plait_time() + (int64_t)seconds * PLAIT_SECOND;
    while (ended < actor_count) {
        nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
        watch((int64_t)(PATIENCE * (scale ? scale : 1)) * PLAIT_SECOND);
        if (stopping || plait_time() < stop_at || begun < actor_count) continue;
        stopping = true;
        if (stop) stop();
    }
    for (size_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
    free(threads);
    print_totals();
    bool good = right();
    printf("%s: %s\n", name, good ? "right" : "WRONG");
    return good ? 0 : 1;
}
