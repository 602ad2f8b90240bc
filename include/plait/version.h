/* version.h: which plait this is. The three numbers stand here and nowhere else; the build reads them from this file.

   The first number is the one in the library's name (libplait.so.0): while it is 0, any release may change what programs
   were compiled against. From 1 on, programs keep running with every release that has the same first number. */
#ifndef PLAIT_VERSION_H
#define PLAIT_VERSION_H

#include <plait/api.h>
PLAIT_BEGIN_DECLARATIONS

#define PLAIT_VERSION_MAJOR 0
#define PLAIT_VERSION_MINOR 1
#define PLAIT_VERSION_PATCH 0

/* One number to compare in the preprocessor: 0.1.0 is 000100. */
#define PLAIT_VERSION_NUMBER (PLAIT_VERSION_MAJOR * 10000 + PLAIT_VERSION_MINOR * 100 + PLAIT_VERSION_PATCH)

/* The version of the library that the program runs with, "0.1.0"; the macros above are those of the headers it was
   compiled with. The text is plait's own and never changes. Never waits, never fails, may be called from anywhere. */
PLAIT_API const char *plait_version(void);

PLAIT_END_DECLARATIONS
#endif
