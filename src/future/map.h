/* map.h: a map, inside: map_input.c submits, map.c collects. One thread alone works at it, the one who maps.

   What must hold:
   - A place is a future that is in flight, for one value or for a slice of several. They are listed in the order of the
     input, each value being in one of them, from `collected` to `submitted`.
   - Where an executor does not say that tasks may share a place each value has its own, with a future of its own task. */
#ifndef PLAIT_FUTURE_MAP_H
#define PLAIT_FUTURE_MAP_H
#include "future/slice.h"
#include <plait/map.h>

struct plait_place {
    struct plait_watch watch; /* where they are collected as they come */
    plait_future *future;
    struct plait_slice *slice;           /* NULL: the future's task is the map's own */
    size_t first, taken;                 /* index in the input; how many of its values were collected */
    struct plait_place *next, *previous; /* in flight, or `next` free */
};

struct plait_mapping {
    plait_executor *executor;
    const plait_task *task;
    const char *in, *file;
    char *out;
    int line;
    uint32_t generation; /* of the process that maps */
    size_t count, window, submitted, collected;
    bool in_slices;
    bool adapts;         /* their size to the tasks */
    bool held_back;      /* the next slice is larger than the room for it */
    bool hurries;        /* so it is to be smaller */
    bool no_memory;      /* for another place */
    size_t size, places; /* of a slice; in flight */
    size_t workers, looks;
    struct plait_slices slices;
    struct plait_place *first, *last, *free; /* in flight; those that were */
    struct plait_set set;
    void *value;  /* for `next` */
    bool stopped; /* no more is to be submitted */
    int halted;   /* the code that said so, where what was submitted goes on */
    plait_record *words;
    plait_map_options options;
};

/* What the map does at a code that ends it: 0 to go on with what was submitted. */
int plait_map_ends(struct plait_mapping *, int code, const char *who);

/* Where a place ends, counted from its first value. */
static inline size_t plait_place_end(struct plait_place *p) { return p->slice ? plait_slice_end(p->slice) : 1; }

/* Prepares how the input is divided. */
void plait_map_divide(struct plait_mapping *);

/* Whether the next value may be submitted now; and submits it, with those that share its place. The code of a map that is
   to end. */
bool plait_map_may_submit(struct plait_mapping *);
int plait_map_submit(struct plait_mapping *);

/* Gives what slices have that run, and have not begun, places of their own: one of their values takes as long as was `waited`. */
void plait_map_split(struct plait_mapping *, int64_t waited);

/* What a slice has an outcome for by now it has after that. */
void plait_map_look_at(struct plait_mapping *, struct plait_place *);

/* Takes a place off that is done, or never will be, and drops what is left in it. */
void plait_map_drop(struct plait_mapping *, struct plait_place *);

/* When nothing is in flight. */
void plait_map_free_places(struct plait_mapping *);

#endif
