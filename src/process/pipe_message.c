/* pipe_message.c: what can be sent through a pipe, kind by kind. */
#include "base/encode.h"
#include "base/memory.h"
#include "base/record.h"
#include "process/pipe.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const names[] = { "nothing", "bytes", "a described value", "a descriptor", "a pipe" };

/* Words for what gives -EMSGSIZE. */
static int other_kind(const plait_packet_head *head, const char *wanted)
{
    bool known = head->kind < sizeof names / sizeof *names;
    return plait_fail(-EMSGSIZE, "the next message is %s, not %s", known ? names[head->kind] : "of an unknown kind",
                      wanted);
}

/* A reception with what it wants. */
struct wanted {
    plait_reception reception; /* first: the two addresses are one */
    void *data;
    size_t size, limit;
    size_t *received;
    const plait_type *type;
    bool exactly;
};

int plait_pipe_send_bytes(plait_pipe *p, const void *data, size_t size, plait_deadline deadline)
{
    plait_packet_head head = { .kind = PLAIT_PACKET_BYTES, .size = size };
    return plait_pipe_put(p, &head, data, -1, deadline);
}

static int accept_into(plait_reception *r, const plait_packet_head *head)
{
    struct wanted *w = (struct wanted *)r;
    if (head->kind != PLAIT_PACKET_BYTES) return other_kind(head, "bytes");
    if (w->received) *w->received = (size_t)head->size;
    if (head->size > w->size || (w->exactly && head->size < w->size))
        return plait_fail(-EMSGSIZE, "the next message has %llu bytes, where %zu are asked for",
                          (unsigned long long)head->size, w->size);
    r->to = w->data;
    return 0;
}

int plait_pipe_receive_into(plait_pipe *p, void *data, size_t size, size_t *received, plait_deadline deadline)
{
    struct wanted w = { .reception.accept = accept_into, .data = data, .size = size, .received = received };
    if (received) *received = 0;
    return plait_pipe_take(p, &w.reception, deadline);
}

int plait_pipe_receive_exactly(plait_pipe *p, void *value, size_t size, plait_deadline deadline)
{
    struct wanted w = { .reception.accept = accept_into, .data = value, .size = size, .exactly = true };
    return plait_pipe_take(p, &w.reception, deadline);
}

/* Room of its own, with a NUL behind; anew for another message. */
static int make_room(plait_reception *r, const plait_packet_head *head)
{
    free(r->to);
    r->to = head->size < SIZE_MAX ? plait_allocate((size_t)head->size + 1) : NULL;
    return r->to ? 0 : plait_failed(PLAIT_ENOMEM);
}

static int accept_block(plait_reception *r, const plait_packet_head *head)
{
    struct wanted *w = (struct wanted *)r;
    if (head->kind != PLAIT_PACKET_BYTES) return other_kind(head, "bytes");
    if (w->limit && head->size > w->limit) {
        r->drop = true;
        return plait_fail(PLAIT_ETOOLARGE, "a message of %llu bytes was dropped: %zu is the limit",
                          (unsigned long long)head->size, w->limit);
    }
    return make_room(r, head);
}

int plait_pipe_receive_bytes(plait_pipe *p, plait_bytes *message, size_t limit, plait_deadline deadline)
{
    struct wanted w = { .reception.accept = accept_block, .limit = limit };
    *message = (plait_bytes){ NULL, 0 };
    int err = plait_pipe_take(p, &w.reception, deadline);
    if (err) free(w.reception.to);
    else *message = (plait_bytes){ w.reception.to, (size_t)w.reception.head.size };
    return err;
}

int plait_pipe_send_value(plait_pipe *p, const plait_type *type, const void *value, plait_deadline deadline)
{
    ssize_t size = plait_type_encoded_size(type, value);
    if (size < 0) return (int)size;
    void *bytes = plait_allocate((size_t)size + 1);
    if (!bytes) return plait_failed(PLAIT_ENOMEM);
    plait_type_encode(type, value, bytes);
    plait_packet_head head = { .kind = PLAIT_PACKET_VALUE, .size = (uint64_t)size, .type = plait_packet_type(type) };
    int err = plait_pipe_put(p, &head, bytes, -1, deadline);
    free(bytes);
    return err;
}

static int accept_value(plait_reception *r, const plait_packet_head *head)
{
    struct wanted *w = (struct wanted *)r;
    if (head->kind != PLAIT_PACKET_VALUE) return other_kind(head, names[PLAIT_PACKET_VALUE]);
    if (head->type != plait_packet_type(w->type))
        return plait_fail(-EMSGSIZE, "the next message is a value of another type than %s", w->type->name);
    return make_room(r, head);
}

int plait_pipe_receive_value(plait_pipe *p, const plait_type *type, void *value, plait_deadline deadline)
{
    struct wanted w = { .reception.accept = accept_value, .type = type };
    int err = plait_pipe_take(p, &w.reception, deadline);
    if (!err) err = plait_type_decode(type, value, w.reception.to, (size_t)w.reception.head.size);
    free(w.reception.to);
    return err;
}

int plait_pipe_send_descriptor(plait_pipe *p, int fd, plait_deadline deadline)
{
    plait_packet_head head = { .kind = PLAIT_PACKET_DESCRIPTOR };
    if (fd < 0) return plait_failed(-EBADF);
    return plait_pipe_put(p, &head, NULL, fd, deadline);
}

static int accept_descriptor(plait_reception *r, const plait_packet_head *head)
{
    (void)r;
    return head->kind == PLAIT_PACKET_DESCRIPTOR ? 0 : other_kind(head, names[PLAIT_PACKET_DESCRIPTOR]);
}

int plait_pipe_receive_descriptor(plait_pipe *p, int *fd, plait_deadline deadline)
{
    struct wanted w = { .reception.accept = accept_descriptor };
    int err = plait_pipe_take(p, &w.reception, deadline);
    *fd = err ? -1 : w.reception.fd;
    return err;
}

int plait_pipe_send_pipe(plait_pipe *p, plait_pipe *end, plait_deadline deadline)
{
    plait_packet_head head = { .kind = PLAIT_PACKET_PIPE, .directions = (uint8_t)end->directions };
    int fd = plait_pipe_fd(end);
    return fd < 0 ? plait_fail(PLAIT_ECLOSED, "the end to be sent is closed")
                  : plait_pipe_put(p, &head, NULL, fd, deadline);
}

static int accept_pipe(plait_reception *r, const plait_packet_head *head)
{
    if (head->kind != PLAIT_PACKET_PIPE) return other_kind(head, names[PLAIT_PACKET_PIPE]);
    if (!r->to) r->to = plait_pipe_over(-1, 0); /* before it is taken: without memory it stays where it is */
    return r->to ? 0 : plait_failed(PLAIT_ENOMEM);
}

int plait_pipe_receive_pipe(plait_pipe *p, plait_pipe **end, plait_deadline deadline)
{
    struct wanted w = { .reception.accept = accept_pipe };
    int err = plait_pipe_take(p, &w.reception, deadline);
    *end = w.reception.to;
    if (!err) {
        (*end)->fd = w.reception.fd, (*end)->directions = w.reception.head.directions;
    } else {
        free(*end);
        *end = NULL;
    }
    return err;
}
