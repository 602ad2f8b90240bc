/* task_place.c: see task_place.h. */
#include "process/task_place.h"
#include <dlfcn.h>
#include <plait/error.h>
#include <stdio.h>
#include <string.h>

#pragma weak dlopen /* a program that is linked statically has none, nor libraries to load */

/* `kind` is "task " or nothing. */
static int locate(uintptr_t address, const char *kind, const char *name, struct plait_task_place *place)
{
    struct plait_module m;
    if (!plait_module_of((const void *)address, &m))
        return plait_fail(PLAIT_ENOTSUP,
                          "%s%s lies neither in the program nor in a library: where another process could find it, is "
                          "not known",
                          kind, name);
    *place = (struct plait_task_place){ .offset = address - m.base, .in_program = m.program, .module = m.build };
    snprintf(place->name, sizeof place->name, "%s", name);
    snprintf(place->path, sizeof place->path, "%s", m.path);
    return 0;
}

int plait_task_locate(const plait_task *task, struct plait_task_place *place)
{
    return locate((uintptr_t)task, "task ", task->name, place);
}

int plait_function_locate(void (*function)(void), const char *name, struct plait_task_place *place)
{
    return locate((uintptr_t)function, "", name, place);
}

static int find_module(const struct plait_task_place *place, const char *kind, struct plait_module *m)
{
    if (place->in_program ? plait_module_of_program(m) : plait_module_of_build(&place->module, m)) return 0;
    if (dlopen && !place->in_program && !dlopen(place->path, RTLD_NOW | RTLD_LOCAL)) {
        const char *why = dlerror();
        return plait_fail(PLAIT_EWORKER, "library %s, where %s%s lies, could not be loaded: %s", place->path, kind,
                          place->name, why ? why : "?");
    }
    if (!place->in_program && plait_module_of_build(&place->module, m)) return 0;
    return plait_fail(PLAIT_EWORKER, "library %s, where %s%s lies, is another build by now (%s was asked for)",
                      place->path, kind, place->name, plait_build_show(&place->module).text);
}

const plait_task *plait_task_find(const struct plait_task_place *place)
{
    struct plait_module m;
    if (find_module(place, "task ", &m) != 0) return NULL;
    const plait_task *task = (const plait_task *)(m.base + place->offset);
    if (plait_module_has(&m, place->offset, sizeof *task) && plait_module_has(&m, (uintptr_t)task->name - m.base, 1) &&
        strncmp(task->name, place->name, sizeof place->name - 1) == 0)
        return task;
    plait_fail(PLAIT_EWORKER, "task %s is not where it was in the process that asked for it", place->name);
    return NULL;
}

void (*plait_function_find(const struct plait_task_place *place))(void)
{
    struct plait_module m;
    if (find_module(place, "", &m) != 0) return NULL;
    if (plait_module_has(&m, place->offset, 1)) return (void (*)(void))(m.base + place->offset);
    plait_fail(PLAIT_EWORKER, "%s is not where it was in the process that asked for it", place->name);
    return NULL;
}
