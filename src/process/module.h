/* module.h: the files that this process's code was loaded from: the program itself and its libraries. What has an address
   in one process has the same offset in the same build of the same file in another. */
#ifndef PLAIT_PROCESS_MODULE_H
#define PLAIT_PROCESS_MODULE_H
#include <limits.h>
#include <plait/api.h>

/* Tells builds of a file apart: its build id where the linker gave it one, else its program headers in short. */
struct plait_build {
    uint32_t size;
    unsigned char id[36];
};

struct plait_module {
    uintptr_t base;
    bool program; /* not a library */
    struct plait_build build;
    char path[PATH_MAX]; /* "" for the program, and where it is not known */
};

/* The module that this address lies in; the same without its path, for which a long list would be read; the program; a
   library of that build which is loaded. False where there is none. */
bool plait_module_of(const void *address, struct plait_module *);
bool plait_module_around(const void *address, struct plait_module *);
bool plait_module_of_program(struct plait_module *);
bool plait_module_of_build(const struct plait_build *, struct plait_module *);

/* Whether `size` bytes from this offset on are the module's. */
bool plait_module_has(const struct plait_module *, uintptr_t offset, size_t size);

bool plait_build_same(const struct plait_build *, const struct plait_build *);

/* As hexadecimal digits. */
struct plait_build_text {
    char text[80];
};
struct plait_build_text plait_build_show(const struct plait_build *);

#endif
