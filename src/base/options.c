/* options.c: see options.h. */
#include "base/options.h"
#include <plait/error.h>
#include <string.h>

int plait_options_read(void *full, size_t full_size, const void *given, size_t given_size)
{
    memset(full, 0, full_size);
    if (!given) return 0;
    for (size_t i = full_size; i < given_size; i++)
        if (((const unsigned char *)given)[i] != 0)
            return plait_fail(PLAIT_EINVAL,
                              "an option is set that this version of plait does not know (byte %zu of %zu)", i,
                              given_size);
    memcpy(full, given, given_size < full_size ? given_size : full_size);
    return 0;
}
