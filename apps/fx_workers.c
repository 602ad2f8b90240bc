/* fx_workers.c: a board in shared memory, which every worker is given before its first request, and which has a list of
   places where they count. What must hold: a place is whole when it is put on the list, and stays there: so the main process
   reads what a worker has counted that was killed, too. */
#include "apps/fx_workers.h"
#include "apps/interrupt.h"
#include "apps/process_status.h"
#include <plait/shared.h>

struct place {
    struct place *next;
    struct fetch_counts counts;
};

struct board {
    plait_shared_memory *memory;
    atomic_bool stop;
    _Atomic(struct place *) places;
};

/* The addresses are the same in all of them. */
struct membership {
    struct board *board;
};

static int join_workers(const struct membership *m)
{
    struct board *board = m->board;
    struct place *place = plait_shared_alloc(board->memory, sizeof *place);
    if (!place) return plait_error_code();
    fetch_counts = &place->counts;
    interrupt_share(&board->stop);
    place->next = atomic_load(&board->places);
    while (!atomic_compare_exchange_weak(&board->places, &place->next, place)) {}
    return 0;
}
PLAIT_TASK(join_workers, struct membership, void);

static struct board *board;
static struct fx_workers_counts sum;

static void end_board(void)
{
    if (!board) return;
    plait_shared_memory *memory = board->memory;
    interrupt_share(NULL);
    board = NULL;
    plait_shared_memory_free(memory);
}

plait_executor *fx_workers_new(int count)
{
    plait_shared_memory *memory = plait_shared_memory_new(&(plait_shared_memory_options){ .limit = 64 << 20 });
    if (!memory) return NULL;
    board = plait_shared_alloc(memory, sizeof *board);
    if (!board) {
        plait_shared_memory_free(memory);
        return NULL;
    }
    board->memory = memory;
    interrupt_share(&board->stop);
    struct membership membership = { board };
    plait_executor *pool = plait_process_executor_new(
        &(plait_process_options){ .workers = count < FX_WORKERS_MOST ? count : FX_WORKERS_MOST,
                                  .name = "fetch",
                                  .initializer = &join_workers_plait_task,
                                  .argument = &membership });
    if (!pool) end_board();
    return pool;
}

void fx_workers_free(plait_executor *pool)
{
    if (!pool) return;
    sum.threads += process_status("Threads");
    plait_executor_free(pool);
    for (struct place *p = atomic_load(&board->places); p; p = p->next) {
        sum.processes++;
        sum.requests += atomic_load(&p->counts.requests);
        sum.threads += atomic_load(&p->counts.threads);
        sum.peak_kib += atomic_load(&p->counts.peak_kib);
    }
    end_board();
}

struct fx_workers_counts fx_workers_counts(void) { return sum; }
