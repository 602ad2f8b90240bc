/* stress_once.c: of all that come one at a time runs it, until one succeeds; then nobody does, and all see what it made. */
#include "stress.h"
#include <plait/once.h>

static struct meeting place = MEETING;

struct work {
    plait_once once;
    int runs, made;
    bool inside;
};

/* So many runs fail before one succeeds. */
static int failures(struct work *w) { return (int)(chance(w) % 3); }

static int makes(void *work)
{
    struct work *w = work;
    check(!w->inside);
    w->inside = true;
    for (volatile int i = 0; i < 300; i++) {}
    w->inside = false;
    if (w->runs++ < failures(w)) return PLAIT_EUSER;
    w->made = 42;
    return 0;
}

static bool user(struct actor *a)
{
    unsigned mine;
    struct work *w = meet(&place, a, sizeof *w, 4, &mine);
    if (!w) return false;
    dawdle(a, 2000);
    int err;
    do err = plait_once_run(&w->once, makes, w, mine ? PLAIT_FOREVER : soon(a, 30 * PLAIT_MICROSECOND));
    while (err == PLAIT_EUSER);
    if (tally(a, err) == 0) check_number(w->made, 42);
    if (part(w)) {
        check(plait_once_is_done(&w->once) ? w->runs == failures(w) + 1 : w->runs <= failures(w));
        check_number(w->once.running.word, 0);
        meeting_end(w);
    }
    return true;
}

/* Three that all must have it, and get it. */
static bool one_of_three(struct actor *a)
{
    static struct meeting quiet_place = MEETING;
    unsigned mine;
    struct work *w = meet(&quiet_place, a, sizeof *w, 3, &mine);
    if (!w) return false;
    PLAIT_SHIELD(for_ever, PLAIT_FOREVER);
    dawdle(a, 1000);
    int err;
    do err = plait_once_run(&w->once, makes, w, PLAIT_FOREVER);
    while (err == PLAIT_EUSER);
    check_code(tally(a, err), 0);
    check_number(w->made, 42);
    if (part(w)) {
        check_number(w->runs, failures(w) + 1);
        meeting_end(w);
    }
    return true;
}

static bool right(void) { return total_of("user") > 0 && total_of("one of three") > 0; }

int main(void)
{
    cast("user", user, 6, 10);
    cast("one of three", one_of_three, 3, 5);
    return stress("once", NULL, right);
}
