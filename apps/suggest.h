/* suggest.h: what somebody who mistyped a name may have meant. */
#ifndef PLAIT_APPS_SUGGEST_H
#define PLAIT_APPS_SUGGEST_H

#include <stddef.h>

/* The one of `names` that is nearest to `text`: that begins with it; or else that differs from it in a third of the letters
   at most (one too many, missing, wrong, or two exchanged), or whose beginning does. NULL when none is near. */
const char *suggest(const char *text, const char *const *names, size_t count);

#endif
