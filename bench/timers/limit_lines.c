/* No timers at all: a cache line each is written, and written again; to fire, the lines are visited in the order of their
   times, which was found out before.
   subject: limit a line each */
#include "timers/timers.h"

struct line {
    _Alignas(64) int64_t at;
    void (*function)(struct line *);
};
static struct line lines[TIMERS];
static struct line *in_order[TIMERS];
static int sorted;

static void fired(struct line *line)
{
    timers_fired++;
    line->at = 0;
}

static int compare(const void *a, const void *b)
{
    int64_t x = (*(struct line *const *)a)->at, y = (*(struct line *const *)b)->at;
    return x < y ? -1 : x > y;
}

static void add(int timer, int64_t nanoseconds)
{
    lines[timer].at = nanoseconds;
    lines[timer].function = fired;
    if (!sorted || timer != TIMERS - 1) return;
    for (int i = 0; i < TIMERS; i++) in_order[i] = &lines[i];
    qsort(in_order, TIMERS, sizeof *in_order, compare);
}
static void cancel(int timer) { lines[timer].at = 0; }
static void run(void)
{
    for (int i = 0; i < TIMERS; i++) in_order[i]->function(in_order[i]);
}

int main(int argc, char **argv)
{
    bench_must(argc != 2, "PROGRAM part");
    sorted = !strcmp(argv[1], "fire");
    timers_measure(argv[1]);
    bench_report_version(BENCH_COMPILER);
    return 0;
}
