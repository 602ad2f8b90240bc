/* fx_work.c: outcomes and rows. */
#include "apps/fx_work.h"
#include "apps/cell.h"
#include "apps/command.h"
#include <plait/error.h>

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

void fx_show(struct fx_work *work, struct fx_item *item)
{
    item->shown = true;
    for (; work->next < work->count && work->items[work->next].shown; work->next++) {
        const struct fx_item *due = &work->items[work->next];
        if (!work->rows || due->error == FETCH_NOT_BEGUN) continue;
        if (!due->error) {
            fx_print_row(work->rows, due);
        } else {
            fflush(work->rows);
            fprintf(stderr, "%s: %s: %s\n", work->name, due->fetch.base, due->message);
        }
    }
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
