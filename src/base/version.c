/* version.c: the version of the library as text, spelled from the numbers in <plait/version.h>. */
#include <plait/version.h>

#define TEXT_(number) #number
#define TEXT(number) TEXT_(number)

const char *plait_version(void)
{
    return TEXT(PLAIT_VERSION_MAJOR) "." TEXT(PLAIT_VERSION_MINOR) "." TEXT(PLAIT_VERSION_PATCH);
}
