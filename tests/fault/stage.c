/* stage.c: see stage.h. */
#include "stage.h"
#include "check.h"
#include "base/hooks.h"
#include <plait/shared.h>
#include <plait/time.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#define VARIABLE "PLAIT_TEST_STAGE"
struct stage *stage;

static void come(void)
{
    int at = stage->slots++;
    if (at < WORKERS) stage->workers[at] = getpid();
    stage->come++;
}

static void hold_births(const char *step, const char *task)
{
    (void)task;
    if (strcmp(step, "birth") != 0 || !stage->births_held) return;
    come();
    while (stage->births_held) usleep(1000);
}

void stage_look(void)
{
    const char *place = getenv(VARIABLE);
    if (!place) return;
    stage = (struct stage *)(uintptr_t)strtoull(place, NULL, 16); /* mapped by plait_init */
    plait_hooks.reached = hold_births;
}

void stage_begin(void)
{
    char place[32];
    plait_shared_memory *memory = plait_shared_memory_new(&(plait_shared_memory_options){ .limit = 1 << 20 });
    check((stage = memory ? plait_shared_alloc(memory, sizeof *stage) : NULL));
    snprintf(place, sizeof place, "%llx", (unsigned long long)(uintptr_t)stage);
    check_number(setenv(VARIABLE, place, 1), 0);
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
}

void stage_clear(void) { memset((void *)stage, 0, sizeof *stage); }

int be_tiny(void)
{
    stage->runs++;
    return 0;
}

int be_held(void)
{
    come();
    while (!stage->open) {
        int err = plait_sleep(PLAIT_MILLISECOND);
        if (err) return err;
    }
    return be_tiny();
}

int compute_for_ever(void)
{
    if (atomic_exchange(&stage->one_is_deaf, true)) signal(SIGTERM, SIG_IGN);
    come();
    for (volatile unsigned n = 0;; n++) {}
    return 0;
}
