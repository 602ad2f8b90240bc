/* capture.c: see capture.h. */
#include "capture.h"
#include "check.h"
#include <fcntl.h>
#include <plait/io.h>
#include <sys/mman.h>
#include <unistd.h>

int put_in_place_of(int fd, int other)
{
    fflush(NULL);
    int before = dup(fd);
    check(before >= 0 && dup2(other, fd) == fd);
    return before;
}

void put_back(int fd, int before)
{
    check_number(dup2(before, fd), fd);
    close(before);
}

char *text_of(int file)
{
    off_t size = lseek(file, 0, SEEK_END);
    char *text = calloc(1, (size_t)size + 1);
    check(text && pread(file, text, (size_t)size, 0) == size);
    close(file);
    return text;
}

int new_file(void)
{
    int file = memfd_create("output", MFD_CLOEXEC);
    check(file >= 0);
    return file;
}

void fill_pipe(int fd)
{
    static const char bytes[4096];
    check_number(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    while (write(fd, bytes, sizeof bytes) > 0) {}
    check_number(fcntl(fd, F_SETFL, 0), 0);
}

void read_up_to(int fd, const char *text)
{
    static char all[1 << 20];
    size_t size = 0, length = strlen(text);
    while (size < length || memcmp(all + size - length, text, length) != 0) {
        ssize_t got = plait_read(fd, all + size, sizeof all - size, PLAIT_FOREVER);
        check(got > 0);
        size += (size_t)got;
    }
}
