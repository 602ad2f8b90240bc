/* process_settings.c: what each worker of a pool is started with, as the options say: where its output goes, its group and its
   environment; and what is said of its end beside its status: the last line that it wrote to stderr while it ran the
   task. The manager's, but for the making and the freeing. */
#include "base/memory.h"
#include "executor/process_pool.h"
#include "process/process.h"
#include <stdlib.h>
#include <string.h>

/* With all its strings, in one block. */
static const char **copy_list(const char *const *list)
{
    size_t count = 0, size = sizeof *list;
    for (; list[count]; count++) size += sizeof *list + strlen(list[count]) + 1;
    const char **copy = plait_allocate(size);
    if (!copy) return NULL;
    char *text = (char *)(copy + count + 1);
    for (size_t i = 0; i < count; i++) {
        copy[i] = text;
        text = stpcpy(text, list[i]) + 1;
    }
    return copy;
}

int plait_process_pool_settle(struct plait_process_pool *p)
{
    const plait_process_options *o = &p->options;
    for (const char *const *each = o->environment; each && *each; each++)
        if ((*each)[0] == '=' || !strchr(*each, '='))
            return plait_fail(PLAIT_EINVAL, "\"%s\" in the environment of workers is no NAME=value", *each);
    if (!o->shared_output && !(p->relays = plait_relays_new())) return PLAIT_ENOMEM;
    if (!o->environment || (p->environment = copy_list(o->environment))) return 0;
    return plait_fail(PLAIT_ENOMEM, "no memory for a pool of processes");
}

void plait_process_pool_unsettle(struct plait_process_pool *p)
{
    plait_relays_unref(p->relays);
    free((void *)p->environment);
}

plait_process *plait_process_pool_launch(struct plait_process_pool *p, struct plait_channel *c)
{
    char name[64];
    snprintf(name, sizeof name, "%s-%u", p->name, ++p->numbers);
    plait_process_start_options o = { .name = name,
                                      .life = PLAIT_DAEMON,
                                      .descriptors = &p->board->event,
                                      .descriptor_count = 1,
                                      .own_group = true,
                                      .environment = p->environment };
    atomic_store_explicit(&c->heard, 0, memory_order_relaxed);
    return plait_process_start_relayed(&plait_pool_worker_plait_task, &(struct plait_worker_place){ p->board, c }, &o,
                                       p->relays, &c->heard, p->name, 0);
}

const char *plait_worker_last_words(const struct plait_process_worker *w, uint64_t since, char *text, size_t size)
{
    static const char before[] = ", after it said: ";
    struct plait_relay *r = w->process->relay;
    size_t at = sizeof before - 1;
    text[0] = 0;
    if (r && plait_relay_last_line(r, since, text + at, size - at)) memcpy(text, before, at);
    return text;
}
