/* fx_work.h: the work of one run of `plait fx`: its items, each a fetch and how it ended, and the rows printed from them.

   Each base is asked for `repeat` times, and those items stand together; they are one row. Every model does the same with it: for each item it lets fetch_rates run somewhere, calls fx_item_end where that was,
   and fx_show from the main thread. What must hold: rows are printed in the order of the items, whatever order they end in. */
#ifndef PLAIT_APPS_FX_WORK_H
#define PLAIT_APPS_FX_WORK_H

#include "apps/fetch.h"
#include <stdio.h>

struct fx_item {
    struct fetch fetch;
    struct rates rates;
    int error;         /* of fetch_rates */
    bool shown;        /* fx_show has been called: for the main thread alone */
    char message[256]; /* the words of `error` */
};

struct fx_work {
    struct fx_item *items;
    size_t count;
    size_t repeat;    /* how many of them, from a multiple of it on, are of one base */
    int jobs;         /* the most requests at once, for the models that have a bound */
    FILE *rows;       /* where rows go; NULL: nowhere, nor do failures */
    const char *name; /* of the command, for the lines on stderr */
    size_t next;      /* the first item whose row is still to come */
};

/* What became of the items that are done. */
struct fx_tally {
    size_t good, failed, skipped; /* skipped: not begun when the program was asked to stop */
};

/* Keeps how the item's fetch ended. By the task that saw it fail, since the words are that task's. */
void fx_item_end(struct fx_item *item, int error);

/* The item has ended, and fx_item_end was called: prints the row of its base, and what failed, once all of that base have
   ended and all rows before it have been printed; and then those that waited for that. */
void fx_show(struct fx_work *work, struct fx_item *item);

/* Whether two items came out the same. */
bool fx_same(const struct fx_item *a, const struct fx_item *b);

/* Prints one row: "1 USD =     1.0 USD,   0.887 EUR". */
void fx_print_row(FILE *to, const struct fx_item *item);

struct fx_tally fx_count(const struct fx_work *work);

/* COMMAND_DONE, COMMAND_SOME_FAILED or COMMAND_NOTHING_WORKED. */
int fx_status(const struct fx_tally *tally);

#endif
