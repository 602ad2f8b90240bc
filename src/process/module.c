/* module.c: see module.h. What must hold: nothing is kept of what the loader tells, since a library may be gone a moment
   later; the program is the first that the loader names. */
#include "process/module.h"
#include "process/mapping.h"
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

static void build_from_headers(const struct dl_phdr_info *info, struct plait_build *build)
{
    const unsigned char *byte = (const unsigned char *)info->dlpi_phdr;
    uint64_t sum = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < info->dlpi_phnum * sizeof *info->dlpi_phdr; i++) sum = (sum ^ byte[i]) * 1099511628211u;
    build->size = sizeof sum;
    memcpy(build->id, &sum, sizeof sum);
}

static bool build_from_notes(const char *notes, size_t size, size_t alignment, struct plait_build *build)
{
    const size_t mask = (alignment == 8 ? 8 : 4) - 1;
    while (size >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        memcpy(&note, notes, sizeof note);
        size_t name = sizeof note, content = name + ((note.n_namesz + mask) & ~mask);
        size_t end = content + ((note.n_descsz + mask) & ~mask);
        if (end > size) return false;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(notes + name, "GNU", 4) == 0) {
            build->size = note.n_descsz < sizeof build->id ? note.n_descsz : sizeof build->id;
            memcpy(build->id, notes + content, build->size);
            return true;
        }
        notes += end;
        size -= end;
    }
    return false;
}

static void find_build(const struct dl_phdr_info *info, struct plait_build *build)
{
    memset(build, 0, sizeof *build);
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        const char *notes = (const char *)(info->dlpi_addr + header->p_vaddr);
        if (header->p_type == PT_NOTE && build_from_notes(notes, header->p_filesz, header->p_align, build)) return;
    }
    build_from_headers(info, build);
}

static bool lies_in(const struct dl_phdr_info *info, uintptr_t address, size_t size)
{
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        uintptr_t at = address - info->dlpi_addr - header->p_vaddr;
        if (header->p_type == PT_LOAD && at < header->p_memsz && size <= header->p_memsz - at) return true;
    }
    return false;
}

/* What is looked for: the first that fits all that is said. */
struct search {
    const void *address;
    const struct plait_build *build;
    const struct plait_module *same;
    uintptr_t offset;
    size_t size;
    struct plait_module *module;
    size_t seen;
};

static int look(struct dl_phdr_info *info, size_t unused, void *argument)
{
    (void)unused;
    struct search *s = argument;
    bool program = s->seen++ == 0;
    struct plait_build build;
    if (s->address && !lies_in(info, (uintptr_t)s->address, 1)) return 0;
    if (s->same && (info->dlpi_addr != s->same->base || !lies_in(info, s->same->base + s->offset, s->size))) return 0;
    find_build(info, &build);
    if (s->build && (program || !plait_build_same(s->build, &build))) return 0;
    if (s->module) {
        s->module->base = info->dlpi_addr;
        s->module->program = program;
        s->module->build = build;
        s->module->path[0] = 0;
    }
    return 1;
}

static bool find(struct search s) { return dl_iterate_phdr(look, &s) == 1; }

bool plait_module_of(const void *address, struct plait_module *m)
{
    struct plait_mapping mapping;
    if (!find((struct search){ .address = address, .module = m })) return false;
    if (!m->program && plait_mapping_of(address, &mapping)) strcpy(m->path, mapping.path);
    return true;
}

bool plait_module_around(const void *address, struct plait_module *m)
{
    return find((struct search){ .address = address, .module = m });
}

bool plait_module_of_program(struct plait_module *m) { return find((struct search){ .module = m }); }

bool plait_module_of_build(const struct plait_build *build, struct plait_module *m)
{
    return find((struct search){ .build = build, .module = m });
}

bool plait_module_has(const struct plait_module *m, uintptr_t offset, size_t size)
{
    return find((struct search){ .same = m, .offset = offset, .size = size });
}

bool plait_build_same(const struct plait_build *a, const struct plait_build *b)
{
    return a->size == b->size && memcmp(a->id, b->id, a->size) == 0;
}

struct plait_build_text plait_build_show(const struct plait_build *build)
{
    struct plait_build_text shown = { "" };
    for (size_t i = 0; i < build->size; i++) snprintf(shown.text + 2 * i, 3, "%02x", build->id[i]);
    return shown;
}
