/* image.c: see image.h. What must hold: what is opened is what runs. The program is the file whose program headers the
   kernel, or the loader that it was given to, has named (AT_PHDR). /proc/self/exe is that file's inode, even when another
   has its name by now or it has none: but where the program was started by "ld.so ./prog", or by valgrind, it is *their*
   file. So each candidate is compared with what is mapped: by its inode, or, where a file system shows others in the one
   place than in the other, by its program headers. That of an equal program of another build is left to the worker, who
   knows what build he is (module.h). */
#include "process/image.h"
#include "process/mapping.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <plait/error.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

static bool has_our_headers(int fd)
{
    const void *headers = (const void *)getauxval(AT_PHDR);
    size_t size = getauxval(AT_PHNUM) * sizeof(ElfW(Phdr));
    ElfW(Ehdr) head;
    if (!headers || pread(fd, &head, sizeof head, 0) != sizeof head || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
        return false;
    if (head.e_phentsize != sizeof(ElfW(Phdr)) || head.e_phnum * sizeof(ElfW(Phdr)) != size) return false;
    void *found = malloc(size);
    bool same =
        found && pread(fd, found, size, (off_t)head.e_phoff) == (ssize_t)size && memcmp(found, headers, size) == 0;
    free(found);
    return same;
}

static int open_if_ours(const char *path, const struct plait_mapping *mapping)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == EACCES) fd = open(path, O_PATH | O_CLOEXEC); /* it may be executed all the same */
    if (fd < 0) return -1;
    if (mapping && fstat(fd, &status) == 0 && status.st_dev == mapping->device && status.st_ino == mapping->inode)
        return fd;
    if (has_our_headers(fd)) return fd;
    close(fd);
    return -1;
}

int plait_image_open(void)
{
    struct plait_mapping mapping;
    bool mapped = plait_mapping_of((const void *)getauxval(AT_PHDR), &mapping);
    int fd = open_if_ours("/proc/self/exe", mapped ? &mapping : NULL);
    if (fd < 0 && mapped && !mapping.gone) fd = open_if_ours(mapping.path, &mapping);
    if (fd >= 0) return fd;
    if (access("/proc/self", F_OK) != 0)
        return plait_fail(-ENOENT, "this program's own file cannot be found: /proc is not mounted here");
    return plait_fail(
        -ENOENT,
        "this program's own file cannot be found: %s%s was replaced or removed since it began, and it was "
        "started by another program (ld.so, valgrind), so that /proc/self/exe is that one's",
        mapped ? mapping.path : "it", mapped ? "" : ", whose name is not known,");
}
