/* fx_models.h: the concurrency models of `plait fx`. */
#ifndef PLAIT_APPS_FX_MODELS_H
#define PLAIT_APPS_FX_MODELS_H

#include "apps/fx_work.h"

struct fx_model {
    const char *name;
    /* Does all of the work. 0; or a negative code with a record when it could not even be begun. */
    int (*run)(struct fx_work *work);
};

enum { FX_MODELS = 9, FX_MODEL_FUTURES = 6 };
extern const struct fx_model fx_models[FX_MODELS];

#endif
