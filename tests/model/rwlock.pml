/* rwlock.pml: the read-write lock (src/sync/rwlock.c): the readers inside, the shut door, those that wait on either side.

   BROKEN: 10
   CC: -O2 -DSAFETY
     1  a reader queues up without a look whether the door is shut
     2  the door is opened without a look whether readers wait
     3  readers that wait are woken, and not counted in
     4  the last reader does not look again, under the spin bit, whether it is the last
     5  the last reader leaves first, and then looks for the writer
     6  the writer waits without a look whether a reader is inside
     7  a writer that gives up leaves the door shut
     8  a late reader whose node was claimed leaves without waiting for WOKEN
     9  the writer unlocks the mutex, and then opens the door
    10  a late reader that was woken says "late", though it was counted in

   Two readers and two writers; one of each may be late whenever it looks. A writer may downgrade. Each that is inside counts
   itself out; a writer that is the last frees the lock after it has unlocked. Checked: nobody writes beside another; nobody
   asleep for ever (an invalid end state); no node touched after its owner has left; no lock touched after it was freed.

   The mutex among writers is one step (it has a model of its own), and so is a sleep: that a task whose node is WOKEN runs
   is the business of park.pml. The model is sequentially consistent. */
#ifndef BROKEN
#define BROKEN 0
#endif
#define READER(i) (i < 2)
#define TASKS 4                      /* 0 and 1 read, 2 and 3 write */
#define NOBODY 255

mtype = { FREE, LISTED, CLAIMED, WOKEN };

byte count;                          /* these four are one word: changed in one step */
bool shut, readers_wait, writer_waits;
bool readers_spin, leaving_spin;     /* of the two lists: the nodes that are LISTED, in any order */
bool taken;                          /* the mutex */
mtype node[TASKS] = FREE;            /* FREE: the stack frame is gone */
byte reading, writing;
byte to_leave = TASKS;
bool kept;                           /* one went without the lock: nobody may free it */
bool freed;

inline touch() { assert(!freed) }
inline hold(spin) { atomic { !spin -> touch(); spin = true } }
inline release(spin) { atomic { touch(); spin = false } }
inline claim(who) { assert(node[who] == LISTED); node[who] = CLAIMED }
inline wake(who) { atomic { assert(node[who] == CLAIMED); node[who] = WOKEN } }

/* Sleeps until the node, which is on the list, is WOKEN: got. Or takes it off. */
inline wait_in(me, spin, late)
{
    do
    :: node[me] == WOKEN -> got = true; break
    :: late && node[me] != WOKEN ->                      /* the deadline has passed */
        hold(spin);
        if
        :: atomic { node[me] == LISTED -> node[me] = FREE }; release(spin); break
        :: node[me] != LISTED -> release(spin);
#if BROKEN == 8
            if :: READER(me) -> break :: else fi;
#endif
            node[me] == WOKEN;
#if BROKEN == 10
            if :: READER(me) -> break :: else fi;
#endif
            got = true;
            break
        fi
    od;
    node[me] = FREE                                      /* from here on our stack frame is somebody else's */
}

inline unlock_read()
{
    do
    :: atomic { !(count == 1 && writer_waits) || BROKEN == 5 -> touch(); assert(count > 0); count-- };
#if BROKEN == 5
        if
        :: count == 0 && writer_waits ->
            hold(leaving_spin);
            if
            :: node[2] == LISTED -> claim(2); release(leaving_spin); wake(2)
            :: node[3] == LISTED -> claim(3); release(leaving_spin); wake(3)
            :: node[2] != LISTED && node[3] != LISTED -> release(leaving_spin)
            fi
        :: else
        fi;
#endif
        break
    :: count == 1 && writer_waits && BROKEN != 5 ->
        hold(leaving_spin);
        other = NOBODY;
        atomic {
            if
            :: (count == 1 || BROKEN == 4) && node[2] == LISTED -> other = 2; claim(2)
            :: (count == 1 || BROKEN == 4) && node[3] == LISTED -> other = 3; claim(3)
            :: else
            fi;
            if :: node[2] != LISTED && node[3] != LISTED -> writer_waits = false :: else fi
        };
        release(leaving_spin);
        if
        :: other != NOBODY -> atomic { touch(); count-- }; wake(other); break
        :: else
        fi
    od
}

inline open_door(more)
{
    entering = more;
    do
    :: atomic { !readers_wait || BROKEN == 2 -> touch(); shut = false; writer_waits = false; count = count + entering };
        break
    :: readers_wait && BROKEN != 2 ->
        hold(readers_spin);
        atomic {
            if :: node[0] == LISTED -> claim(0); mine[0] = true; entering = entering + (BROKEN != 3) :: else fi;
            if :: node[1] == LISTED -> claim(1); mine[1] = true; entering = entering + (BROKEN != 3) :: else fi;
            readers_wait = false
        };
        release(readers_spin)
    od;
    if :: mine[0] -> mine[0] = false; wake(0) :: else fi;
    if :: mine[1] -> mine[1] = false; wake(1) :: else fi
}

inline read_and_leave()
{
    atomic { reading++; assert(!writing) };
    to_leave--;
    reading--;
    unlock_read()
}

proctype reader(byte me; bool may_be_late)
{
    bool got, listed;
    byte other;
    do
    :: atomic { touch(); if :: !shut -> count++; got = true :: else fi };
        if :: got -> break :: else fi;
        hold(readers_spin);
        atomic { touch(); if :: shut || BROKEN == 1 -> readers_wait = true; listed = true :: else -> listed = false fi };
        if
        :: listed -> node[me] = LISTED; release(readers_spin); wait_in(me, readers_spin, may_be_late); break
        :: else -> release(readers_spin)
        fi
    od;
    if
    :: got -> read_and_leave()
    :: else -> kept = true
    fi
}

proctype writer(byte me; bool may_be_late)
{
    bool got, listed, last, mine[2];
    byte other, entering;
    atomic { !taken -> touch(); taken = true };
    atomic { touch(); if :: count == 0 && !shut -> shut = true; got = true :: else fi };
    if
    :: got
    :: else ->
        atomic { touch(); shut = true };
        hold(leaving_spin);
        atomic { touch(); if :: count > 0 || BROKEN == 6 -> writer_waits = true; listed = true :: else fi };
        if
        :: listed -> node[me] = LISTED; release(leaving_spin); wait_in(me, leaving_spin, may_be_late)
        :: else -> release(leaving_spin); got = true
        fi
    fi;
    if
    :: got ->
        atomic { writing++; assert(writing == 1 && !reading && count == 0 && shut) };
        to_leave--;
        last = to_leave == 0 && !kept;
        writing--;
        if
#if BROKEN == 9
        :: atomic { touch(); taken = false }; open_door(0); goto through
#else
        :: open_door(0)
#endif
        :: open_door(1);
            atomic { reading++; assert(!writing) };
            atomic { touch(); taken = false };
            reading--;
            unlock_read();
            goto through
        fi
    :: else ->
        kept = true;
#if BROKEN != 7
        open_door(0)
#endif
    fi;
    atomic { touch(); taken = false };
through:
    if :: last -> freed = true :: else fi
}

init { atomic { run reader(0, false); run reader(1, true); run writer(2, true); run writer(3, false) } }
