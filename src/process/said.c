/* said.c: see said.h. */
#include "process/said.h"
#include <string.h>

static void say(struct plait_said *s, const plait_error_record *r)
{
    *s = (struct plait_said){ .code = r->code, .signal = r->signal, .pid = r->pid, .line = r->line };
    strncpy(s->message, r->message, sizeof s->message - 1);
    strncpy(s->task, r->task, sizeof s->task - 1);
    strncpy(s->thread, r->thread, sizeof s->thread - 1);
    strncpy(s->file, r->file, sizeof s->file - 1);
}

size_t plait_say_all(struct plait_said said[PLAIT_MOST_SAID], const plait_record *record)
{
    size_t count = 0;
    for (const plait_error_record *r = record ? &record->public : NULL; r && count < PLAIT_MOST_SAID; r = r->cause)
        say(&said[count++], r);
    return count;
}

static plait_record *record_of(struct plait_said s, plait_record *cause)
{
    s.message[sizeof s.message - 1] = s.task[sizeof s.task - 1] = s.thread[sizeof s.thread - 1] =
        s.file[sizeof s.file - 1] = 0;
    plait_record *r = plait_record_say(s.code, cause, "%s", s.message);
    if (!r) return NULL;
    plait_record_set_task(r, s.task, s.file, s.line);
    memcpy(r->thread, s.thread, sizeof r->thread);
    r->public.signal = s.signal;
    r->public.pid = s.pid;
    return r;
}

plait_record *plait_records_said(const struct plait_said *said, size_t count)
{
    plait_record *record = NULL;
    while (count) record = record_of(said[--count], record);
    return record;
}
