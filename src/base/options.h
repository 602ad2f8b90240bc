/* options.h: options structs that may grow. The caller's struct may be shorter than ours (an older program) or longer
   (a newer one); what it does not have is zero, the default. */
#ifndef PLAIT_BASE_OPTIONS_H
#define PLAIT_BASE_OPTIONS_H
#include <plait/api.h>

/* Fills `full` from what the caller gave, NULL being all defaults. 0; PLAIT_EINVAL, with a record, when the caller set
   an option that this library does not know. */
PLAIT_API int plait_options_read(void *full, size_t full_size, const void *given, size_t given_size);

#endif
