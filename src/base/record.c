/* record.c: making, sharing and printing error records. See record.h for what must hold. */
#include "base/record.h"
#include "base/memory.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void copy(char *to, size_t size, const char *from)
{
    size_t length = strnlen(from, size - 1);
    memcpy(to, from, length);
    to[length] = 0;
}

plait_record *plait_record_new(int code, plait_record *cause, const char *format, va_list arguments)
{
    plait_record *r = plait_allocate(sizeof *r);
    if (!r) {
        plait_record_unref(cause);
        return NULL;
    }
    atomic_init(&r->references, 1);
    r->cause = cause;
    vsnprintf(r->message, sizeof r->message, format, arguments);
    for (char *c = r->message; *c; c++)
        if (*c == '\n' || *c == '\r') *c = ' ';
    pthread_getname_np(pthread_self(), r->thread, sizeof r->thread);
    r->public = (plait_error_record){ .code = code,
                                      .pid = (int)getpid(),
                                      .message = r->message,
                                      .task = r->task,
                                      .file = r->file,
                                      .thread = r->thread,
                                      .host = "",
                                      .cause = cause ? &cause->public : NULL };
    return r;
}

plait_record *plait_record_say(int code, plait_record *cause, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    plait_record *r = plait_record_new(code, cause, format, arguments);
    va_end(arguments);
    return r;
}

plait_record *plait_record_ref(plait_record *r)
{
    if (r) atomic_fetch_add_explicit(&r->references, 1, memory_order_relaxed);
    return r;
}

void plait_record_unref(plait_record *r)
{
    /* Release, so that our reads of it come before the free; acquire for the one who frees. */
    while (r && atomic_fetch_sub_explicit(&r->references, 1, memory_order_acq_rel) == 1) {
        plait_record *cause = r->cause;
        free(r);
        r = cause;
    }
}

void plait_record_set_task(plait_record *r, const char *task, const char *file, int line)
{
    copy(r->task, sizeof r->task, task);
    size_t length = strlen(file); /* the end of a long path tells more than its beginning */
    copy(r->file, sizeof r->file, length < sizeof r->file ? file : file + length - (sizeof r->file - 1));
    r->public.line = line;
}

static size_t describe_one(const plait_error_record *e, char *text, size_t size)
{
    char at[192] = "";
    if (e->task[0] && e->file[0])
        snprintf(at, sizeof at, "%s (%s:%d) in %s%spid %d: ", e->task, e->file, e->line, e->thread,
                 e->thread[0] ? ", " : "", e->pid);
    int length = snprintf(text, size, "%s%s", at, e->message[0] ? e->message : plait_error_text(e->code));
    return length > 0 ? (size_t)length : 0;
}

size_t plait_record_describe(const plait_error_record *record, char *text, size_t size)
{
    size_t length = 0;
    char nothing[1];
    if (size == 0) text = nothing; /* as snprintf, which takes NULL then */
    for (const plait_error_record *e = record; e; e = e->cause) {
        size_t used = length < size ? length : size;
        if (e != record) {
            length += (size_t)snprintf(text + used, size - used, "; because ");
            used = length < size ? length : size;
        }
        length += describe_one(e, text + used, size - used);
    }
    return length;
}

plait_record *plait_record_take(void)
{
    plait_record **here = plait_record_here(), *record = here ? *here : NULL;
    if (here) *here = NULL;
    return record;
}

void plait_record_keep(plait_record *record)
{
    plait_record **here = plait_record_here();
    if (!here) {
        plait_record_unref(record);
        return;
    }
    plait_record *before = *here;
    *here = record;
    plait_record_unref(before);
}

int plait_failed(int code)
{
    plait_record **here = code ? plait_record_here() : NULL;
    if (here && *here) plait_record_keep(NULL);
    return code;
}
