/* calendar.h: what is due when, to the nanosecond, in things that lie inside of what waits. It asks for no memory, so it
   cannot fail. Of those with the same time the one that was added first comes first. See calendar.c. */
#ifndef PLAIT_BASE_CALENDAR_H
#define PLAIT_BASE_CALENDAR_H
#include "base/heap.h"

/* It is in one calendar at a time. */
struct plait_due {
    plait_heap_node node; /* first: the two addresses are one */
    int64_t at;
    uint64_t mark : 8;   /* its owner's, who may have several kinds in one calendar */
    uint64_t order : 56; /* of the additions */
};

enum { PLAIT_CALENDAR_DIGIT = 6, PLAIT_CALENDAR_SLOTS = 1 << PLAIT_CALENDAR_DIGIT, PLAIT_CALENDAR_LEVELS = 12 };

/* Zero bytes are an empty one. */
typedef struct plait_calendar {
    size_t count;
    int64_t base; /* all but those of level 0 are due then or later */
    int64_t seen; /* the latest time that it was told */
    uint64_t order;
    uint32_t levels;                          /* a bit for each level where somebody is */
    uint64_t occupied[PLAIT_CALENDAR_LEVELS]; /* a bit for each list that is not empty */
    uint64_t unsorted[PLAIT_CALENDAR_LEVELS]; /* and for those that do not begin with their first one */
    plait_heap_node *lists[PLAIT_CALENDAR_LEVELS][PLAIT_CALENDAR_SLOTS];
} plait_calendar;

/* An addition is a comparison at most, however many there are; a removal a few on average. */
void plait_calendar_add(plait_calendar *, struct plait_due *, int64_t at);
void plait_calendar_remove(plait_calendar *, struct plait_due *);
static inline bool plait_calendar_has(const struct plait_due *d) { return d->node.from != NULL; }

/* The first one; NULL: there is none. */
struct plait_due *plait_calendar_first(plait_calendar *);

/* Takes the first one out, if its time has come. */
struct plait_due *plait_calendar_take(plait_calendar *, int64_t now);

#endif
