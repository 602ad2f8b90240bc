/* mapping.h: which file lies behind an address. */
#ifndef PLAIT_PROCESS_MAPPING_H
#define PLAIT_PROCESS_MAPPING_H
#include <limits.h>
#include <plait/api.h>
#include <sys/types.h>

struct plait_mapping {
    dev_t device;
    ino_t inode;
    bool gone; /* the file has been removed, or another has taken its name */
    char path[PATH_MAX];
};

/* False where there is no mapping, none of a file, or no /proc to ask. */
bool plait_mapping_of(const void *address, struct plait_mapping *);

#endif
