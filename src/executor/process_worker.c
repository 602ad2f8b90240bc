/* process_worker.c: the life of a worker process: it takes cells, runs their tasks one after the other, and answers. See
   process_pool.h for what must hold.

   A second thread of it sleeps on `control`, and cancels the scope of the running task when it is told so. `running` is that
   task's cell, with a bit while that thread is at its scope, for some instructions: the task does not end meanwhile. So a cancel
   meets the task that it was meant for or none. One that comes as the task begins is seen by one of the two: the one sets
   `running` and then looks at the cell, the other has the cell set and then looks at `running`. */
#include "base/fork.h"
#include "base/hooks.h"
#include "base/memory.h"
#include "executor/process_pool.h"
#include "future/value.h"
#include "base/stop.h"
#include "park/thread_parker.h"
#include "process/shared_block.h"
#include <plait/scope.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Looks for the next task before a sleep: for about as long as a wake-up takes; and until who waits has left off. */
enum { TURNS = 2000, LINGER = 200, SOON = 64 };

#define AT_IT ((uintptr_t)1) /* cells are more aligned than that */

struct server {
    struct plait_pool_board *board;
    struct plait_channel *channel;
    const plait_task **known; /* by number */
    size_t known_count;
    _Atomic(uintptr_t) running;
    plait_scope scope;
    uint32_t rung;    /* the value of `armed` for which it has rung */
    bool rang;        /* and so has woken somebody, since it looked out last */
    unsigned unknown; /* tasks that were not measured, since one was */
    uint32_t generation;
};
static struct server here;

/* No handler of exit is called, since it may be one of the program's for the worker itself. */
void plait_worker_end_if_forked(void)
{
    if (plait_process_generation() == here.generation) return;
    fflush(NULL);
    syscall(SYS_exit_group, 0); /* not by _exit: ThreadSanitizer would count the parent's threads there */
}

static const plait_task *find(const struct plait_known_task *t)
{
    struct server *s = &here;
    if (t->number >= s->known_count) {
        size_t count = t->number + 16;
        const plait_task **more = plait_reallocate((void *)s->known, count * sizeof *more);
        if (!more) return NULL;
        memset((void *)(more + s->known_count), 0, (count - s->known_count) * sizeof *more);
        s->known = more, s->known_count = count;
    }
    if (!s->known[t->number]) s->known[t->number] = plait_task_find(&t->place);
    return s->known[t->number];
}

/* Each worker rings by itself, once for each time that the board is armed: so one that is stopped just before keeps nobody from
   doing it. */
static void ring(void)
{
    struct server *s = &here;
    uint32_t armed = atomic_load_explicit(&s->board->armed, memory_order_seq_cst);
    if (!(armed & 1) || armed == s->rung) return;
    if (atomic_load_explicit(&s->board->attended, memory_order_seq_cst)) return;
    uint64_t one = 1;
    while (write(s->board->event, &one, sizeof one) < 0 && errno == EINTR) {}
    s->rung = armed;
    s->rang = true;
}

/* It is DONE, whether it was run or skipped. */
static void answer(struct plait_cell *cell, const char *task)
{
    atomic_store_explicit(&cell->state, PLAIT_CELL_DONE, memory_order_seq_cst);
    plait_reached("done", task);
    plait_reached("answered", task);
    ring();
}

static void begin_running(struct plait_cell *cell)
{
    atomic_store_explicit(&here.running, (uintptr_t)cell, memory_order_seq_cst);
    if (atomic_load_explicit(&cell->cancelled, memory_order_seq_cst)) plait_scope_cancel(&here.scope);
}

static void end_running(struct plait_cell *cell)
{
    for (uintptr_t now = (uintptr_t)cell;
         !atomic_compare_exchange_strong_explicit(&here.running, &now, 0, memory_order_acq_rel, memory_order_relaxed);
         now = (uintptr_t)cell)
        sched_yield();
}

static void cancel_running(void)
{
    uintptr_t cell = atomic_load_explicit(&here.running, memory_order_seq_cst);
    if (!cell || !atomic_load_explicit(&((struct plait_cell *)cell)->cancelled, memory_order_seq_cst)) return;
    if (!atomic_compare_exchange_strong_explicit(&here.running, &cell, cell | AT_IT, memory_order_acq_rel,
                                                 memory_order_relaxed))
        return;
    if (atomic_load_explicit(&((struct plait_cell *)cell)->cancelled, memory_order_relaxed)) /* still this task's */
        plait_scope_cancel(&here.scope);
    atomic_store_explicit(&here.running, cell, memory_order_release);
}

/* Runs it in a context and a scope of its own: its code, and what it said. */
static int run_task(struct plait_cell *cell, const plait_task *task, const void *argument, void *result,
                    plait_record **said)
{
    plait_context *self = plait_context_enter(NULL);
    if (!self) return PLAIT_ENOMEM;
    plait_scope_prepare(&here.scope, NULL, self->parker, cell->deadline, 0);
    self->scope = &here.scope;
    begin_running(cell);
    int code = 0;
    if (cell->slice) plait_packed_run(cell->slice, task, self, here.board->memory, &cell->cancelled);
    else code = task->run(argument, result);
    plait_worker_end_if_forked();
    end_running(cell);
    if (self->scope != &here.scope) plait_stop("task %s ended inside a scope that it had entered", task->name);
    cell->expired = plait_scope_expired(&here.scope);
    *said = plait_context_leave(self, task->name);
    return code;
}

static int run_values(struct plait_cell *cell, const plait_task *task, void *argument, void *result,
                      plait_record **said)
{
    plait_shared_memory *memory = here.board->memory;
    plait_reached("reading", task->name);
    int code = task->argument_size
                   ? plait_parcel_look(&cell->argument, memory, task->argument_kind, task->argument_size, argument)
                   : 0;
    if (code) {
        *said = plait_record_take();
        return code;
    }
    plait_shared_block_home(memory);
    code = run_task(cell, task, argument, result, said);
    plait_shared_block_home(NULL);
    plait_reached("writing", task->name);
    if (!code && task->result_size) {
        code = plait_parcel_pass(&cell->result, memory, task->result_kind, task->result_description, task->result_size,
                                 result);
        if (code) *said = plait_record_take();
    }
    if (plait_result_owns(task)) plait_result_clear(task, result);
    return code;
}

/* What fails of it says so by itself. */
static int run_slice(struct plait_cell *cell, const plait_task *task)
{
    plait_record *said = NULL;
    plait_reached("reading", task->name);
    int code = run_task(cell, task, NULL, NULL, &said);
    plait_reached("writing", task->name);
    plait_record_unref(said);
    return code;
}

static const char *run_cell(struct plait_cell *cell)
{
    plait_record *said = NULL;
    cell->heard = atomic_load_explicit(&here.channel->heard, memory_order_relaxed); /* what it says now, comes after */
    const plait_task *task = find(cell->task);
    _Alignas(max_align_t) unsigned char small[1024];
    size_t result_at = task ? (task->argument_size + 15) / 16 * 16 : 0,
           size = task && !cell->slice ? result_at + task->result_size : 0;
    char *values = size <= sizeof small ? memset(small, 0, size) : plait_allocate(size);
    int code = !task ? PLAIT_EWORKER : !values ? PLAIT_ENOMEM : 0;
    if (!task) said = plait_record_take();
    if (!code && cell->slice) code = run_slice(cell, task);
    else if (!code) code = run_values(cell, task, values, values + result_at, &said);
    if (code) {
        cell->code = code;
        if (!said) said = plait_record_say(code, NULL, "%s", plait_error_text(code));
        if (code == PLAIT_ENOMEM) plait_worker_mention_limit(&said);
        plait_parcel_say(&cell->said, here.board->memory, said);
    }
    plait_record_unref(said);
    if (values != (char *)small) free(values);
    plait_reached("written", task ? task->name : NULL);
    return task ? task->name : NULL;
}

/* The time that tasks take, lately, for who gives them ahead: one in many is measured, each where they are long. */
static const char *run_measured(struct plait_cell *cell)
{
    enum { MANY = 16, SHORT = 4000 /* ns */ };
    struct server *s = &here;
    _Atomic uint32_t *known = &s->channel->usual;
    int64_t usual = atomic_load_explicit(known, memory_order_relaxed);
    if (usual && usual < SHORT && ++s->unknown < MANY) return run_cell(cell);
    s->unknown = 0;
    int64_t start = plait_time();
    const char *name = run_cell(cell);
    int64_t took = plait_time() - start;
    if (usual) took = usual + (took - usual) / 4;
    atomic_store_explicit(known, took < 1 ? 1 : took > UINT32_MAX ? UINT32_MAX : (uint32_t)took, memory_order_relaxed);
    return name;
}

/* What is GIVEN, or SKIPPED. False: it is neither, by now. */
static bool run(struct plait_cell *cell)
{
    uint32_t state = PLAIT_CELL_GIVEN;
    plait_reached("taken", NULL);
    if (atomic_compare_exchange_strong_explicit(&cell->state, &state, PLAIT_CELL_RUNNING, memory_order_acq_rel,
                                                memory_order_acquire)) {
        answer(cell, run_measured(cell));
        return true;
    }
    if (state != PLAIT_CELL_SKIPPED ||
        !atomic_compare_exchange_strong_explicit(&cell->state, &state, PLAIT_CELL_RUNNING, memory_order_acq_rel,
                                                 memory_order_acquire))
        return false;
    answer(cell, NULL);
    return true;
}

static int obey(void *unused)
{
    (void)unused;
    struct plait_channel *c = here.channel;
    for (uint32_t seen = 0;;) {
        plait_words_sleep(&(struct plait_word){ .at = &c->control, .value = seen }, 1, 0);
        seen = atomic_load_explicit(&c->control, memory_order_acquire);
        cancel_running();
    }
    return 0;
}

static bool is_there(struct plait_cell *cell)
{
    uint32_t state = atomic_load_explicit(&cell->state, memory_order_seq_cst);
    return state == PLAIT_CELL_GIVEN || state == PLAIT_CELL_SKIPPED;
}

/* Whether it comes soon. */
static bool comes_soon(struct plait_cell *cell)
{
    bool began = false, came = false;
    struct plait_cell *last = cell == here.channel->cells ? cell + PLAIT_RING - 1 : cell - 1;
    for (unsigned turn = 0; turn < TURNS && !came; turn++) {
        if (!began && !(began = plait_spinner_begin(here.board, here.channel->number)) && turn == LINGER) break;
        plait_pause();
        if (turn == SOON && atomic_load_explicit(&last->state, memory_order_relaxed) == PLAIT_CELL_DONE)
            sched_yield(); /* who looks out for it may wait for this very CPU */
        came = is_there(cell) || atomic_load_explicit(&here.channel->stop, memory_order_relaxed);
    }
    if (began) plait_spinner_end(here.board, here.channel->number);
    return came;
}

/* Waits until it is there; false: it is not, and will not be. */
static bool wait_for(struct plait_cell *cell)
{
    struct plait_channel *c = here.channel;
    bool may_spin = plait_current()->parker->may_spin;
    while (!is_there(cell)) {
        if (atomic_load_explicit(&c->stop, memory_order_acquire)) return is_there(cell);
        if (here.rang) {
            here.rang = false;
            sched_yield(); /* who was woken may wait for this CPU: to look out would keep him from it */
            continue;
        }
        if (may_spin && comes_soon(cell)) continue;
        plait_reached("idle", NULL);
        uint32_t bell = atomic_load_explicit(&c->bell, memory_order_seq_cst);
        atomic_store_explicit(&c->asleep, 1, memory_order_seq_cst);
        if (!is_there(cell) && !atomic_load_explicit(&c->stop, memory_order_seq_cst))
            plait_words_sleep(&(struct plait_word){ .at = &c->bell, .value = bell }, 1, 0);
        atomic_store_explicit(&c->asleep, 0, memory_order_relaxed);
    }
    return true;
}

static int prepare(const struct plait_worker_place *place)
{
    struct plait_pool_board *board = place->board;
    int code = plait_worker_limit(place);
    if (code) return code;
    plait_thread *control =
        plait_thread_start(obey, NULL, &(plait_thread_start_options){ .name = "plait-control", .life = PLAIT_DAEMON });
    if (!control) return plait_error_code();
    plait_thread_detach(control);
    if (!board->initializer) return 0;
    place->channel->initializes = true;
    const plait_task *task = find(board->initializer);
    if (!task) return plait_error_code();
    void *argument = plait_allocate(task->argument_size + 1), *result = plait_allocate(task->result_size + 1);
    code = argument && result ? 0 : PLAIT_ENOMEM;
    if (!code && task->argument_size)
        code = plait_parcel_look(&board->initializer_argument, board->memory, task->argument_kind, task->argument_size,
                                 argument);
    if (!code) code = task->run(argument, result);
    plait_worker_end_if_forked();
    if (result && plait_result_owns(task)) plait_result_clear(task, result);
    free(argument), free(result);
    return code;
}

static int serve(const struct plait_worker_place *place)
{
    here.board = place->board, here.channel = place->channel;
    here.generation = plait_process_generation();
    plait_shared_block_tell(here.board->memory, &here.channel->owner);
    struct plait_channel *c = here.channel;
    int code = prepare(place);
    if (code) {
        plait_record *said = plait_record_take();
        if (!said || said->public.code != code) said = plait_record_say(code, said, "%s", plait_error_text(code));
        if (code == PLAIT_ENOMEM) plait_worker_mention_limit(&said);
        plait_parcel_say(&c->said, here.board->memory, said);
        plait_record_unref(said);
        c->code = code < 0 ? code : PLAIT_EINVAL;
        return code;
    }
    plait_reached("birth", NULL);
    atomic_store_explicit(&c->born, 1, memory_order_seq_cst);
    ring();
    for (uint32_t at = 0;;) {
        struct plait_cell *cell = &c->cells[at % PLAIT_RING];
        if (!wait_for(cell)) break;
        at += run(cell);
    }
    plait_reached("parting", NULL);
    return 0;
}

/* It has a result, though nobody asks for it: without one an exit(0) in the midst of a task would be a good end. */
static int serve_thunk(const void *place, void *result)
{
    *(int *)result = 0;
    return serve(place);
}
const plait_task plait_pool_worker_plait_task = { .run = serve_thunk,
                                                  .argument_size = sizeof(struct plait_worker_place),
                                                  .result_size = sizeof(int),
                                                  .name = "worker",
                                                  .argument_type = "place",
                                                  .result_type = "int" };
