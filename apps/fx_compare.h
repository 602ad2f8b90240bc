/* fx_compare.h: the same work under every model, one after the other, each in a process of its own. */
#ifndef PLAIT_APPS_FX_COMPARE_H
#define PLAIT_APPS_FX_COMPARE_H

#include "apps/fx_work.h"

/* Runs this program's own image once for each model, with `arguments` (of `plait fx`, from its name on) and such further ones
   that it runs that model against `url` and reports. Prints the rows of the first model that gives any, then the table. Returns the
   exit status. */
int fx_compare(struct fx_work *work, int count, char **arguments, const char *url, bool quiet);

/* The other side, in the child: runs model `model` on the work and reports to `descriptor`. Returns the exit status. */
int fx_report(struct fx_work *work, int model, int descriptor);

#endif
