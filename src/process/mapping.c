/* mapping.c: see mapping.h. Reads what the kernel says in /proc/self/maps, a mapping a line:
   "7f1c2a000000-7f1c2a021000 r--p 00000000 fe:01 1835020    /usr/lib/libplait.so (deleted)". */
#include "process/mapping.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

static bool read_line(const char *line, uintptr_t address, struct plait_mapping *m)
{
    static const char deleted[] = " (deleted)";
    char *at;
    uintptr_t begin = strtoul(line, &at, 16), end = *at == '-' ? strtoul(at + 1, &at, 16) : 0;
    if (address < begin || address >= end || *at != ' ') return false;
    at += strcspn(at + 1, " ") + 1; /* what may be done there */
    strtoul(at, &at, 16);           /* the offset in the file */
    unsigned long major = strtoul(at, &at, 16), minor = *at == ':' ? strtoul(at + 1, &at, 16) : 0;
    m->inode = strtoul(at, &at, 10);
    at += strspn(at, " ");
    if (!m->inode || *at != '/') return false;
    size_t length = strcspn(at, "\n"), suffix = sizeof deleted - 1;
    m->gone = length > suffix && memcmp(at + length - suffix, deleted, suffix) == 0;
    if (m->gone) length -= suffix;
    if (length >= sizeof m->path) return false;
    m->device = makedev(major, minor);
    memcpy(m->path, at, length);
    m->path[length] = 0;
    return true;
}

bool plait_mapping_of(const void *address, struct plait_mapping *m)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[PATH_MAX + 128];
    bool found = false;
    while (maps && !found && fgets(line, sizeof line, maps)) found = read_line(line, (uintptr_t)address, m);
    if (maps) fclose(maps);
    return found;
}
