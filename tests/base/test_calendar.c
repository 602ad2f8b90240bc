/* test_calendar.c: who is due first, whatever comes and goes, checked against a plain list. */
#include "check.h"
#include "base/calendar.h"

struct item {
    struct plait_due due; /* first: the two addresses are one */
    int number;
};

enum { MOST = 4000 };
static struct item items[MOST];
static struct item *waiting[MOST]; /* in the order of their addition */
static int count;
static plait_calendar calendar;

static uint64_t seed;
static uint64_t dice(uint64_t sides)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 11) % sides;
}

static void begin(int64_t now)
{
    memset(items, 0, sizeof items);
    memset(&calendar, 0, sizeof calendar);
    count = 0;
    check(!plait_calendar_take(&calendar, now));
}

static void add(struct item *i, int64_t at)
{
    check(!plait_calendar_has(&i->due));
    plait_calendar_add(&calendar, &i->due, at);
    check(plait_calendar_has(&i->due));
    waiting[count++] = i;
}

static void forget(struct item *i)
{
    int n = 0;
    while (waiting[n] != i) n++;
    memmove(waiting + n, waiting + n + 1, (size_t)(--count - n) * sizeof *waiting);
}

static void drop(struct item *i)
{
    plait_calendar_remove(&calendar, &i->due);
    check(!plait_calendar_has(&i->due));
    forget(i);
}

static struct item *first(void)
{
    struct item *least = NULL;
    for (int n = 0; n < count; n++)
        if (!least || waiting[n]->due.at < least->due.at) least = waiting[n];
    return least;
}

static void look(void)
{
    check(calendar.count == (size_t)count);
    check((struct item *)plait_calendar_first(&calendar) == first());
}

/* Takes all that are due, in their order. */
static void take(int64_t now)
{
    for (;;) {
        struct item *wanted = first(), *got = (struct item *)plait_calendar_take(&calendar, now);
        if (wanted && wanted->due.at > now) wanted = NULL;
        check(got == wanted);
        if (!got) return;
        check(!plait_calendar_has(&got->due));
        forget(got);
    }
}

static const int64_t ranges[] = { 1, 10, 100, 5000, INT64_C(2000000000), INT64_C(1) << 50 };
enum { RANGES = sizeof ranges / sizeof *ranges };

static void what_is_added_comes_out_at_its_time_of_equal_ones_the_first_first(void **unused)
{
    (void)unused;
    for (int r = 0; r < RANGES; r++) {
        int64_t now = INT64_C(123456789012345);
        begin(now);
        for (int n = 0; n < 1000; n++) add(&items[n], now + (int64_t)dice((uint64_t)ranges[r]));
        look();
        for (int n = 0; n < 20; n++) {
            take(now);
            look();
            now += ranges[r] / 20 + 1;
        }
        take(now);
        check_number(count, 0);
    }
}

/* Additions, also at times that have passed and some more than once, removals, the first one's most of all. */
static void anything_may_happen_in_any_order(void **unused)
{
    (void)unused;
    for (int r = 0; r < RANGES; r++) {
        int64_t now = INT64_C(1) << 45;
        begin(now);
        for (int step = 0; step < 20000; step++) {
            struct item *i = &items[dice(300)];
            int64_t range = ranges[dice(4) ? r : (int)dice(RANGES)];
            switch (dice(8)) {
            case 0: now += (int64_t)dice((uint64_t)range / 8 + 2); break;
            case 1: take(now); break;
            case 2: look(); break;
            case 3:
                if (count) drop(first());
                break;
            default:
                if (plait_calendar_has(&i->due)) drop(i);
                else add(i, now - (dice(10) ? 0 : (int64_t)dice(1000)) + (int64_t)dice((uint64_t)range));
            }
        }
        while (count) drop(waiting[dice((uint64_t)count)]);
        look();
    }
}

static void the_ends_of_time(void **unused)
{
    (void)unused;
    begin(5);
    add(&items[0], INT64_MAX);
    add(&items[1], 1);
    add(&items[2], -3);
    add(&items[3], INT64_MAX);
    add(&items[4], INT64_MAX - 1);
    add(&items[5], 0);
    look();
    take(0);
    check_number(count, 4);
    take(INT64_MAX - 1);
    check_number(count, 2);
    add(&items[6], 7); /* the clock has gone back: a test has set another */
    take(6);
    check_number(count, 3);
    take(7);
    check_number(count, 2);
    take(INT64_MAX);
    check_number(count, 0);
}

static void many_of_one_time_come_in_their_order(void **unused)
{
    (void)unused;
    begin(1000);
    for (int n = 0; n < MOST; n++) items[n].number = n, plait_calendar_add(&calendar, &items[n].due, 5000);
    check(!plait_calendar_take(&calendar, 4999));
    for (int n = 0; n < MOST; n++) {
        struct item *got = (struct item *)plait_calendar_take(&calendar, 5000);
        check(got);
        check_number(got->number, n);
    }
    check(!plait_calendar_take(&calendar, INT64_MAX));
}

static void its_mark_is_its_owner_s(void **unused)
{
    (void)unused;
    begin(1);
    for (int n = 0; n < 100; n++) {
        items[n].due.mark = n % 3 == 0;
        add(&items[n], 7);
    }
    for (int n = 0; n < 100; n++) {
        struct plait_due *d = plait_calendar_take(&calendar, 7);
        check(d == &items[n].due);
        check_number(d->mark, n % 3 == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_comes_out_at_its_time_of_equal_ones_the_first_first),
        cmocka_unit_test(anything_may_happen_in_any_order),
        cmocka_unit_test(the_ends_of_time),
        cmocka_unit_test(many_of_one_time_come_in_their_order),
        cmocka_unit_test(its_mark_is_its_owner_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
