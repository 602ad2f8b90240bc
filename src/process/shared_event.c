/* shared_event.c: one word: bit 0 says that somebody may sleep, bit 1 that it is set, the rest how often it was set. What must
   hold: who has seen it unset goes on as soon as it was set once more, be it cleared since; each set wakes all. */
#include "park/words.h"
#include "process/shared_face.h"

#define SOMEBODY UINT32_C(1)
#define SET UINT32_C(2)
#define ONCE UINT32_C(4)

struct event {
    _Alignas(16) struct plait_shared_place place;
};

static struct plait_shared_place *behind(plait_event *e) { return &plait_behind(struct event, e)->place; }

plait_event *plait_shared_event_new(plait_shared_memory *memory)
{
    plait_event *e = plait_shared_face_new(memory, sizeof(struct event), sizeof *e);
    if (e) plait_list_be_shared(&e->waiters);
    return e;
}

bool plait_shared_event_is_set(plait_event *e)
{
    return atomic_load_explicit(&behind(e)->word, memory_order_acquire) & SET;
}

void plait_shared_event_change(plait_event *face, bool set)
{
    struct plait_shared_member *me = plait_shared_member_of(face);
    struct plait_shared_place *place = behind(face);
    uint32_t word = atomic_load(&place->word), next;
    do {
        if (set == !!(word & SET)) return;
        next = set ? ((word & ~SOMEBODY) + ONCE) | SET : word & ~SET;
    } while (!atomic_compare_exchange_weak(&place->word, &word, next));
    if (!set || !(word & SOMEBODY)) return;
    struct plait_shared_wake wake = { .most = PLAIT_ALL };
    plait_shared_take_bells(place->bells, wake.bells);
    plait_shared_wake(me, place, &wake);
}

int plait_shared_event_wait(plait_event *face, plait_deadline deadline)
{
    struct plait_shared_member *me = plait_shared_member_of(face);
    struct plait_shared_place *place = behind(face);
    struct plait_shared_seat seat = { .epoch = plait_shared_epoch(me) };
    uint32_t word = atomic_load(&place->word), times = word / ONCE;
    for (int over = plait_is_now(deadline) ? PLAIT_EAGAIN : 0;;) {
        if (word & SET || word / ONCE != times) return 0;
        if (over) return plait_failed(over);
        seat.epoch = plait_shared_epoch(me);
        plait_shared_come(place, &seat);
        if (!(seat.value & SET) && seat.value / ONCE == times)
            over = plait_shared_sleep(me, &seat, deadline, PLAIT_CANCELLABLE);
        word = atomic_load(&place->word);
    }
}
