/* area.c: see area.h. */
#include "process/area.h"
#include "base/encode.h"
#include "base/hooks.h"
#include "base/memory.h"
#include "process/said.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int plait_area_new(void)
{
    static const struct plait_area_head empty;
    int low = plait_refused("descriptor") ? (errno = EMFILE, -1) : memfd_create("plait-process", MFD_CLOEXEC);
    int fd = low < 0 ? low : fcntl(low, F_DUPFD_CLOEXEC, 3); /* above those of stdin, stdout and stderr */
    int err = fd < 0 ? -errno : plait_area_write(fd, 0, &empty, sizeof empty);
    if (low >= 0) close(low);
    if (!err) return fd;
    if (fd >= 0) close(fd);
    return plait_fail(err, "no memory to share with a process: %s", plait_error_text(err));
}

int plait_area_write(int fd, uint64_t at, const void *data, size_t size)
{
    const char *from = data;
    while (size) {
        ssize_t put = pwrite(fd, from, size, (off_t)at);
        if (put < 0 && errno != EINTR) return -errno;
        if (put > 0) from += put, at += (uint64_t)put, size -= (size_t)put;
    }
    return 0;
}

int plait_area_read(int fd, uint64_t at, void *data, size_t size)
{
    char *to = data;
    while (size) {
        ssize_t got = pread(fd, to, size, (off_t)at);
        if (got < 0 && errno != EINTR) return -errno;
        if (got == 0) return PLAIT_EPROTOCOL;
        if (got > 0) to += got, at += (uint64_t)got, size -= (size_t)got;
    }
    return 0;
}

uint32_t plait_area_state(int fd)
{
    uint32_t state;
    return plait_area_read(fd, offsetof(struct plait_area_head, state), &state, sizeof state) == 0 ? state
                                                                                                   : PLAIT_AREA_ASKED;
}

void plait_area_set_state(int fd, uint32_t state)
{
    (void)!plait_area_write(fd, offsetof(struct plait_area_head, state), &state, sizeof state);
}

int plait_area_put(int fd, uint64_t at, uint32_t kind, const plait_type *type, size_t size, const void *value,
                   struct plait_area_value *put)
{
    *put = (struct plait_area_value){ .at = at, .size = size };
    if (kind == PLAIT_KIND_PLAIN) return plait_area_write(fd, at, value, size);
    if (kind == PLAIT_KIND_BYTES) {
        const plait_bytes *bytes = value;
        put->size = bytes->size;
        put->none = !bytes->data;
        return plait_area_write(fd, at, bytes->data, bytes->data ? bytes->size : 0);
    }
    ssize_t encoded = plait_type_encoded_size(type, value);
    if (encoded < 0) return (int)encoded;
    put->size = (size_t)encoded;
    void *bytes = plait_allocate((size_t)encoded + 1);
    if (!bytes) return PLAIT_ENOMEM;
    plait_type_encode(type, value, bytes);
    int err = plait_area_write(fd, at, bytes, (size_t)encoded);
    free(bytes);
    return err;
}

/* Of what somebody has written who may have run wild. */
static bool fits(int fd, const struct plait_area_value *v)
{
    struct stat status;
    return fstat(fd, &status) == 0 && v->at <= (uint64_t)status.st_size && v->size <= (uint64_t)status.st_size - v->at;
}

int plait_area_get(int fd, uint32_t kind, const plait_type *type, size_t size, const struct plait_area_value *v,
                   void *value)
{
    if (!fits(fd, v) || (kind == PLAIT_KIND_PLAIN && v->size != size)) return PLAIT_EPROTOCOL;
    if (kind == PLAIT_KIND_PLAIN) return plait_area_read(fd, v->at, value, size);
    if (kind == PLAIT_KIND_BYTES && v->none) return 0;
    plait_bytes bytes;
    int err = plait_bytes_copy(&bytes, NULL, v->size);
    if (!err) err = plait_area_read(fd, v->at, bytes.data, bytes.size);
    if (!err && kind == PLAIT_KIND_BYTES) {
        memcpy(value, &bytes, sizeof bytes);
        return 0;
    }
    if (!err) err = plait_type_decode(type, value, bytes.data, bytes.size);
    plait_bytes_clear(&bytes);
    return err;
}

/* Behind what is asked, at a page, so that what lies before it may be mapped. */
static uint64_t outcome_at(const struct plait_area_head *h)
{
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    return (h->end + page - 1) / page * page;
}

void plait_area_end(int fd, const plait_task *task, int code, const plait_record *record, const void *result)
{
    struct plait_area_head h;
    struct plait_said said[PLAIT_MOST_SAID];
    if (plait_area_read(fd, 0, &h, sizeof h) != 0) return;
    uint64_t at = outcome_at(&h);
    h.code = code;
    h.said = (uint32_t)plait_say_all(said, record);
    int err = plait_area_write(fd, at, said, h.said * sizeof *said);
    at += sizeof said;
    if (!err && !code && task->result_size) {
        err = plait_area_put(fd, at, task->result_kind, task->result_description, task->result_size, result, &h.result);
        if (err) { /* its own outcome, then: success without the result would be none */
            h.code = err;
            h.said = 0;
        }
    }
    const size_t from = offsetof(struct plait_area_head, code);
    if (plait_area_write(fd, from, &h.code, sizeof h - from) == 0) plait_area_set_state(fd, PLAIT_AREA_ENDED);
}

int plait_area_outcome(int fd, const plait_task *task, int *code, plait_record **record, void **result)
{
    struct plait_area_head h;
    struct plait_said said[PLAIT_MOST_SAID];
    *record = NULL;
    *result = NULL;
    int err = plait_area_read(fd, 0, &h, sizeof h);
    if (err) return err;
    if (h.state != PLAIT_AREA_ENDED || h.said > PLAIT_MOST_SAID || h.code > 0) return PLAIT_EPROTOCOL;
    if ((err = plait_area_read(fd, outcome_at(&h), said, h.said * sizeof *said))) return err;
    *code = h.code;
    *record = plait_records_said(said, h.said);
    if (*code || !task->result_size) return 0;
    *result = plait_allocate(task->result_size);
    *code = *result
                ? plait_area_get(fd, task->result_kind, task->result_description, task->result_size, &h.result, *result)
                : PLAIT_ENOMEM;
    if (*code) {
        free(*result);
        *result = NULL;
    }
    return 0;
}
