/* fx_work.c: outcomes and rows. */
#include "apps/fx_work.h"
#include "apps/cell.h"
#include "apps/command.h"
#include <plait/error.h>
#include <string.h>

void fx_item_end(struct fx_item *item, int error)
{
    const plait_error_record *record = plait_error();
    item->error = error;
    if (!error) return;
    if (record && record->code == error && record->message[0])
        snprintf(item->message, sizeof item->message, "%s", record->message);
    else snprintf(item->message, sizeof item->message, "%.120s: %s", item->fetch.url, plait_error_text(error));
}

void fx_print_row(FILE *to, const struct fx_item *item)
{
    const struct currencies *symbols = &item->fetch.symbols;
    char cell[CELL_SIZE];
    fprintf(to, "1 %s =", item->fetch.base);
    for (size_t i = 0; i < symbols->count; i++) {
        cell_format(cell, item->rates.values[i]);
        fprintf(to, "%s %s %s", i ? "," : "", cell, symbols->codes[i]);
    }
    fputc('\n', to);
}

bool fx_same(const struct fx_item *a, const struct fx_item *b)
{
    size_t size = a->fetch.symbols.count * sizeof *a->rates.values;
    return !a->error == !b->error && (a->error || memcmp(a->rates.values, b->rates.values, size) == 0);
}

/* The items of one base: one row, and a line for those that failed, and for those that say something else. */
static void print_base(const struct fx_work *work, const struct fx_item *items)
{
    const struct fx_item *good = NULL, *bad = NULL;
    size_t failed = 0, different = 0;
    for (const struct fx_item *item = items; item < items + work->repeat; item++) {
        if (item->error == FETCH_NOT_BEGUN) continue;
        if (item->error) bad = failed++ ? bad : item;
        else if (!good) good = item;
        else different += !fx_same(good, item);
    }
    if (good) fx_print_row(work->rows, good);
    fflush(work->rows);
    if (bad && work->repeat == 1) fprintf(stderr, "%s: %s: %s\n", work->name, bad->fetch.base, bad->message);
    else if (bad)
        fprintf(stderr, "%s: %s: %zu of %zu requests failed, the first: %s\n", work->name, bad->fetch.base, failed,
                work->repeat, bad->message);
    if (different)
        fprintf(stderr, "%s: %s: %zu of %zu answers differ from the first\n", work->name, good->fetch.base, different,
                work->repeat);
}

void fx_show(struct fx_work *work, struct fx_item *item)
{
    item->shown = true;
    for (; work->next < work->count && work->items[work->next].shown; work->next++)
        if (work->rows && (work->next + 1) % work->repeat == 0)
            print_base(work, &work->items[work->next + 1 - work->repeat]);
}

struct fx_tally fx_count(const struct fx_work *work)
{
    struct fx_tally tally = { 0, 0, 0 };
    for (size_t i = 0; i < work->count; i++) {
        const struct fx_item *item = &work->items[i];
        if (!item->shown || item->error == FETCH_NOT_BEGUN) tally.skipped++;
        else if (item->error) tally.failed++;
        else tally.good++;
    }
    return tally;
}

int fx_status(const struct fx_tally *tally)
{
    if (tally->good == 0) return COMMAND_NOTHING_WORKED;
    return tally->failed || tally->skipped ? COMMAND_SOME_FAILED : COMMAND_DONE;
}
