/* ring.pml: the queue with a capacity (src/sync/ring.c): positions, slots, and how putters and getters sleep.
   BROKEN: 5

   Two putters put one item each into a ring of one slot; one getter takes one; another may find itself late whenever it
   looks, and then leaves. -DBROKEN=n is
     1  a put that finds the marked wakes nobody
     2  a getter goes to sleep without looking whether something has come meanwhile
     3  a getter that was woken and is late does not try once more
     4  who claims a waiter clears the marked although others are listed
     5  a put publishes the slot first and then claims, when the queue may be gone
   Checked: no item is lost or taken twice; nobody sleeps for ever (an invalid end state); is_empty is touched after the
   last item has been taken by one who may then end the queue (`gone`). The model is sequentially consistent. */
#ifndef BROKEN
#define BROKEN 0
#endif
#define PUTTERS 2
#define GETTERS 2
#define CAPACITY 1

byte tail, head;                     /* with the marked beside each: one word, changed in one step */
bool getters_wait, putters_wait;
byte number = 0;                     /* of the one slot */
byte item;
bool get_hold, put_hold;             /* the spin bits */
chan get_ring = [GETTERS] of { byte };
chan put_ring = [PUTTERS] of { byte };
bool listed[4], woken[4];            /* by process: 0 and 1 getters, 2 and 3 putters */
byte taken;                          /* items that got out */
bool got_item[3];
bool gone;                           /* all items were taken: the queue may have been freed */

inline touch() { assert(!gone) }

inline wake(who)
{
    if :: who != 255 -> woken[who] = true :: else fi
}

inline claim_getter(claimed)
{
    touch();
    atomic { !get_hold -> get_hold = true };
    claimed = 255;
    if :: nempty(get_ring) -> get_ring ? claimed; listed[claimed] = false :: empty(get_ring) fi;
#if BROKEN == 4
    getters_wait = false;
#else
    if :: empty(get_ring) -> getters_wait = false :: nempty(get_ring) fi;
#endif
    get_hold = false
}

inline claim_putter(claimed)
{
    atomic { !put_hold -> put_hold = true };
    claimed = 255;
    if :: nempty(put_ring) -> put_ring ? claimed; listed[claimed] = false :: empty(put_ring) fi;
    if :: empty(put_ring) -> putters_wait = false :: nempty(put_ring) fi;
    put_hold = false
}

proctype putter(byte me; byte value)
{
    byte t, claimed;
    bool mine, marked, no_room;
again:
    touch();
    t = tail;
    mine = false;
    if
    :: number == 2 * t ->
        atomic { if :: tail == t -> tail++; marked = getters_wait; mine = true :: else fi };
        if :: !mine -> goto again :: else fi;
        claimed = 255;
#if BROKEN == 5
        item = value;
        number = 2 * t + 1;
        if :: marked -> claim_getter(claimed) :: else fi;
#else
        if :: marked -> claim_getter(claimed) :: else fi;
        item = value;
        number = 2 * t + 1;                              /* the last access to the queue */
#endif
#if BROKEN != 1
        wake(claimed);
#endif
        goto out
    :: number != 2 * t ->
        if :: tail != t -> goto again :: tail == t && t - head < CAPACITY -> goto again :: else fi;
        atomic { !put_hold -> put_hold = true };
        atomic { no_room = (tail - head == CAPACITY); if :: no_room -> putters_wait = true :: else fi };
        if :: no_room -> woken[me] = false; listed[me] = true; put_ring ! me :: else fi;
        put_hold = false;
        if :: no_room -> woken[me] :: else fi;
        goto again
    fi;
out: skip
}

proctype getter(byte me; bool may_be_late)
{
    byte h, claimed, value;
    bool mine, marked, is_empty, late;
again:
    h = head;
    mine = false;
    if
    :: number == 2 * h + 1 ->
        atomic { if :: head == h -> head++; marked = putters_wait; mine = true :: else fi };
        if :: !mine -> goto again :: else fi;
        claimed = 255;
        if :: marked -> claim_putter(claimed) :: else fi;
        value = item;
        assert(!got_item[value]);
        number = 2 * (h + CAPACITY);
        atomic { got_item[value] = true; taken++; gone = (taken == PUTTERS) };
        wake(claimed);
        goto out
    :: number != 2 * h + 1 ->
        if :: head != h -> goto again :: head == h && tail != h -> goto again :: else fi;
        if :: late -> goto out :: else fi;
        atomic { !get_hold -> get_hold = true };
#if BROKEN == 2
        is_empty = true; getters_wait = true;
#else
        atomic { is_empty = (tail == head); if :: is_empty -> getters_wait = true :: else fi };
#endif
        if :: is_empty -> woken[me] = false; listed[me] = true; get_ring ! me :: else fi;
        get_hold = false;
        if
        :: !is_empty -> goto again
        :: is_empty && woken[me] -> goto again
        :: is_empty && may_be_late && !woken[me] ->
            late = true;
            atomic { !get_hold -> get_hold = true };
            if
            :: listed[me] -> get_ring ?? eval(me); listed[me] = false; get_hold = false
            :: else ->
                get_hold = false;
                woken[me];                               /* the waker is at work on our stack */
#if BROKEN == 3
                goto out
#endif
            fi;
            goto again
        fi
    fi;
out: skip
}

init {
    atomic { run getter(0, false); run getter(1, true); run putter(2, 1); run putter(3, 2) }
}
