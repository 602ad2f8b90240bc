/* process_settings.c: what each worker of a pool is started with, as the options say: where its output goes, its group and its
   environment, its CPUs; and what is said of its end beside its status: the last line that it wrote to stderr while it ran
   the task, and its memory. The manager's, but for the making and the freeing. */
#include "base/memory.h"
#include "executor/process_pool.h"
#include "process/process.h"
#include <errno.h>
#include <stdio.h>
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

/* As people write them: "0-3,8". */
static void show_cpus(const cpu_set_t *cpus, char *text, size_t size)
{
    size_t at = 0;
    text[0] = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE && at < size; cpu++) {
        if (!CPU_ISSET(cpu, cpus)) continue;
        int last = cpu;
        while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, cpus)) last++;
        at += (size_t)snprintf(text + at, size - at, at ? ",%d" : "%d", cpu);
        if (last > cpu && at < size) at += (size_t)snprintf(text + at, size - at, "-%d", last);
        cpu = last;
    }
}

static int take_cpus(struct plait_process_pool *p)
{
    const plait_process_options *o = &p->options;
    cpu_set_t allowed;
    if (!o->cpu_count && !o->own_cpu) return 0;
    if (o->cpu_count && !o->cpus) return plait_fail(PLAIT_EINVAL, "%zu CPUs for workers, and no list", o->cpu_count);
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return plait_fail(-errno, "the system does not tell on which CPUs this process may run");
    for (size_t i = 0; i < o->cpu_count; i++) {
        char text[100];
        if (o->cpus[i] >= 0 && o->cpus[i] < CPU_SETSIZE && CPU_ISSET(o->cpus[i], &allowed)) {
            CPU_SET(o->cpus[i], &p->cpus);
            continue;
        }
        show_cpus(&allowed, text, sizeof text);
        return plait_fail(PLAIT_EINVAL, "workers may not run on CPU %d: this process may use %s", o->cpus[i], text);
    }
    if (!o->cpu_count) p->cpus = allowed;
    p->has_cpus = true;
    return 0;
}

/* The one that the fewest workers have for their own. */
static int choose_cpu(const struct plait_process_pool *p)
{
    int best = -1;
    size_t fewest = SIZE_MAX;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        size_t count = 0;
        if (!CPU_ISSET(cpu, &p->cpus)) continue;
        for (const struct plait_process_worker *w = p->workers; w; w = w->next) count += w->cpu == cpu;
        if (count < fewest) best = cpu, fewest = count;
    }
    return best;
}

int plait_process_pool_settle(struct plait_process_pool *p)
{
    const plait_process_options *o = &p->options;
    int err = take_cpus(p);
    if (err) return err;
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

plait_process *plait_process_pool_launch(struct plait_process_pool *p, struct plait_process_worker *w)
{
    struct plait_channel *c = w->channel;
    char name[64];
    snprintf(name, sizeof name, "%s-%u", p->name, ++p->numbers);
    plait_process_start_options o = { .name = name,
                                      .life = PLAIT_DAEMON,
                                      .descriptors = &p->event,
                                      .descriptor_count = 1,
                                      .own_group = true,
                                      .environment = p->environment };
    struct plait_worker_place place = { .board = p->board, .channel = c, .has_cpus = p->has_cpus, .cpus = p->cpus };
    w->cpu = p->options.own_cpu ? choose_cpu(p) : -1;
    if (w->cpu >= 0) {
        CPU_ZERO(&place.cpus);
        CPU_SET(w->cpu, &place.cpus);
    }
    atomic_store_explicit(&c->heard, 0, memory_order_relaxed);
    return plait_process_start_relayed(&plait_pool_worker_plait_task, &place, &o, p->relays, &c->heard, p->name, 0);
}

/* It was refused memory, or had most of what it may have. */
static void tell_memory(const struct plait_process_pool *p, const struct plait_channel *c, char *text, size_t size)
{
    char shown[2][24];
    size_t limit = p->options.memory_limit, had = c->data_at_end;
    text[0] = 0;
    if (!limit || !had || (!c->refused && had < limit / 4 * 3)) return;
    snprintf(text, size, " %swith %s in use of its limit of %s", c->refused ? "when it got no memory, " : "",
             plait_show_bytes(had, shown[0]), plait_show_bytes(limit, shown[1]));
}

const char *plait_worker_last_words(const struct plait_process_pool *p, const struct plait_process_worker *w,
                                    uint64_t since, char *text, size_t size)
{
    static const char before[] = ", after it said: ";
    struct plait_relay *r = w->process->relay;
    tell_memory(p, w->channel, text, size);
    size_t end = strlen(text), at = end + sizeof before - 1;
    if (r && at < size && plait_relay_last_line(r, since, text + at, size - at)) memcpy(text + end, before, at - end);
    else text[end] = 0;
    return text;
}
