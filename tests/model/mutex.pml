/* mutex.pml: the mutex (src/sync/mutex.c) over the wait list over park and unpark, with a waiter that may be late.

   BROKEN: 9
   CC: -O1 -DSAFETY
     1  a waiter that was woken and is late says "late" without trying the lock once more
     2  the waker marks the node before it reads the parker
     3  the waker marks the node before it publishes the free lock
     4  the unlock that finds nobody on the list publishes without looking again
     5  unpark leaves no token
     6  a late waiter whose node was claimed leaves without waiting for WOKEN
     7  the waiters bit is set although the lock is free
     8  the unlock publishes while it holds the spin bit, with nobody to wake, and then releases it
     9  the hand-over drops the waiters bit

   Three tasks. Tasks 0 and 1 lock without a deadline; task 2 may find itself late whenever it looks: then it either goes,
   or locks without one. Each that has the lock counts itself out and unlocks; the last to count frees the mutex after its
   unlock, if nobody went without. Checked: no two owners; nobody asleep for ever (an invalid end state); no node touched
   after its owner has left; no mutex touched after it was freed. The model is sequentially consistent: memory orders are
   TSan's and the stress's business. A park may return for no reason: for tasks that loop that is the same as a deadline. */
#ifndef BROKEN
#define BROKEN 0
#endif
#define TASKS 3
#define NOBODY 255

mtype = { EMPTY, PARKED, NOTIFIED, FREE, LISTED, CLAIMED, WOKEN };

byte owner = NOBODY;                 /* with `waiters` one word: changed in one step */
bool waiters;
bool spin_bit;                       /* the list is the nodes that are LISTED, in any order */
mtype node[TASKS] = FREE;            /* FREE: the stack frame is gone */
mtype parker[TASKS] = EMPTY;
bool handed[TASKS];
byte inside;
byte to_leave = TASKS;
bool kept;                           /* one went without the lock: nobody may free it */
bool freed;

inline touch() { assert(!freed) }

inline park(me, late)                /* a late task may also return by itself */
{
    atomic { if :: parker[me] == NOTIFIED -> parker[me] = EMPTY :: parker[me] == EMPTY -> parker[me] = PARKED fi };
    if
    :: atomic { parker[me] == NOTIFIED -> parker[me] = EMPTY }
    :: atomic { parker[me] == EMPTY -> skip }            /* the token was there */
    :: atomic { late && parker[me] == PARKED -> parker[me] = EMPTY }
    fi
}

inline unpark(who)
{
    atomic {
#if BROKEN == 5
        if :: parker[who] == PARKED -> parker[who] = NOTIFIED :: else fi
#else
        parker[who] = NOTIFIED
#endif
    }
}

inline hold() { atomic { !spin_bit -> touch(); spin_bit = true } }
inline release() { atomic { touch(); spin_bit = false } }

inline wake(who)                     /* the waker's last access to the node is the mark */
{
#if BROKEN == 2
    node[who] = WOKEN;
    assert(node[who] != FREE);       /* reads node.parker */
#elif BROKEN != 3
    assert(node[who] == CLAIMED);
    node[who] = WOKEN;
#endif
    unpark(who)
}

inline try_lock(me)
{
    atomic { touch(); if :: owner == NOBODY -> owner = me; got = true :: else fi }
}

inline unlock(me)
{
    done = false;
    do
    :: done -> break
    :: else ->
        atomic { touch(); if :: owner == me && !waiters -> owner = NOBODY; done = true :: else fi };
        if
        :: done
        :: else ->
            hold();
            first = NOBODY;
            if
            :: node[0] == LISTED -> first = 0
            :: node[1] == LISTED -> first = 1
            :: node[2] == LISTED -> first = 2
            :: node[0] != LISTED && node[1] != LISTED && node[2] != LISTED
            fi;
            if :: first != NOBODY -> node[first] = CLAIMED :: else fi;
            if
            :: node[0] != LISTED && node[1] != LISTED && node[2] != LISTED -> waiters = false
            :: else
            fi;
#if BROKEN == 3
            if :: first != NOBODY -> node[first] = WOKEN :: else fi;
#endif
#if BROKEN == 8
            if :: first == NOBODY -> owner = NOBODY; done = true :: else fi;
#endif
            release();
            if
            :: first != NOBODY ->
                if                                       /* hand it over, or let anybody have it */
#if BROKEN != 3
                :: handed[first] = true;
                   atomic {
                       touch();
                       owner = first;
#if BROKEN == 9
                       waiters = false
#endif
                   }
#endif
                :: atomic { touch(); owner = NOBODY }
                fi;
                wake(first);
                done = true
            :: else ->
#if BROKEN == 4
                atomic { touch(); owner = NOBODY };
                done = true
#else
                skip                                     /* look again: one may have arrived */
#endif
            fi
        fi
    od
}

proctype task(byte me; bool may_be_late)
{
    bool got, listed, gave_up, done, last;
    byte first;
begin:
    gave_up = false;
    do
    :: try_lock(me);
       if :: got -> break :: else fi;
       hold();
#if BROKEN == 7
       atomic { waiters = true; listed = true };
#else
       atomic { touch(); if :: owner != NOBODY -> waiters = true; listed = true :: else -> listed = false fi };
#endif
       if
       :: listed -> handed[me] = false; node[me] = LISTED; release()
       :: else -> release(); goto again
       fi;
       do
       :: node[me] == WOKEN -> break
       :: node[me] != WOKEN -> park(me, may_be_late)
       :: may_be_late && node[me] != WOKEN ->            /* the deadline has passed */
            hold();
            if
            :: node[me] == LISTED -> node[me] = FREE; gave_up = true; release(); break
            :: else -> release();
#if BROKEN == 6
                node[me] = FREE;
                goto went;
#endif
                do :: node[me] == WOKEN -> break :: node[me] != WOKEN -> park(me, false) od;
#if BROKEN == 1
                if :: !handed[me] -> node[me] = FREE; goto went :: else fi;
#endif
                break
            fi
       od;
       node[me] = FREE;                                  /* from here on our stack frame is somebody else's */
       if :: handed[me] && !gave_up -> got = true; break :: else fi;
       if :: gave_up -> try_lock(me); break :: else fi;
again: skip
    od;
    if
    :: got ->
        inside++;
        assert(inside == 1 && owner == me);
        inside--;
        to_leave--;
        last = to_leave == 0 && !kept;
        unlock(me);
        if :: last -> freed = true :: else fi;
        goto out
    :: else
    fi;
went:                                                    /* without the lock */
    if
    :: may_be_late = false; goto begin
    :: kept = true
    fi;
out: skip
}

init { atomic { run task(0, false); run task(1, false); run task(2, true) } }
