/* semaphore.pml: the semaphore (src/sync/semaphore.c): a count, a waiters bit in the same word, and permits that are
   handed over to those that wait.

   BROKEN: 9
   CC: -O1 -DSAFETY
     1  permits are added to the count although somebody may wait
     2  the waiters bit is set without a look whether there is a permit
     3  the bit is cleared although somebody is left on the list
     4  unpark leaves no token
     5  a late waiter whose node was claimed leaves without waiting for WOKEN
     6  a late waiter that was woken says "late": its permit is lost
     7  the releaser wakes whom it has claimed, and then releases the spin bit
     8  the waker marks the node before it reads the parker
     9  what is left after the waiters is added once the spin bit is free

   Two tasks acquire without a deadline, a third may be late whenever it looks; one releaser gives two permits at once,
   another one. A task that got its permit counts itself; the third frees the semaphore at once. Checked: nobody asleep
   for ever (an invalid end state); at the end no permit is lost and none was made; no node touched after its owner has
   left; no semaphore touched after it was freed. */
#ifndef BROKEN
#define BROKEN 0
#endif
#define TASKS 3

mtype = { EMPTY, PARKED, NOTIFIED, FREE, LISTED, CLAIMED, WOKEN };

byte count;                          /* with `waiters` one word: changed in one step */
bool waiters;
bool spin_bit;                       /* the list is the nodes that are LISTED, in any order */
mtype node[TASKS] = FREE;            /* FREE: the stack frame is gone */
mtype parker[TASKS] = EMPTY;
byte acquired;
byte ended;
bool freed;

#define NOBODY_LISTED (node[0] != LISTED && node[1] != LISTED && node[2] != LISTED)

inline touch() { assert(!freed) }
inline hold() { atomic { !spin_bit -> touch(); spin_bit = true } }
inline release_spin_bit() { atomic { touch(); spin_bit = false } }

inline park(me, late)
{
    atomic { if :: parker[me] == NOTIFIED -> parker[me] = EMPTY :: parker[me] == EMPTY -> parker[me] = PARKED fi };
    if
    :: atomic { parker[me] == NOTIFIED -> parker[me] = EMPTY }
    :: atomic { parker[me] == EMPTY -> skip }
    :: atomic { late && parker[me] == PARKED -> parker[me] = EMPTY }
    fi
}

inline wake(who)
{
#if BROKEN == 8
    node[who] = WOKEN;
    assert(node[who] != FREE);       /* reads node.parker */
#else
    assert(node[who] == CLAIMED);
    node[who] = WOKEN;
#endif
    atomic {
#if BROKEN == 4
        if :: parker[who] == PARKED -> parker[who] = NOTIFIED :: else fi
#else
        parker[who] = NOTIFIED
#endif
    }
}

inline try_acquire() { atomic { touch(); if :: count > 0 -> count--; got = true :: else fi } }

proctype task(byte me; bool may_be_late)
{
    bool got, listed, last;
    do
    :: try_acquire();
       if :: got -> break :: else fi;
       hold();
       atomic {
           touch();
#if BROKEN == 2
           waiters = true;
           listed = true;
#else
           if :: count == 0 -> waiters = true; listed = true :: else -> listed = false fi;
#endif
           if :: listed -> node[me] = LISTED :: else fi
       };
       release_spin_bit();
       if :: !listed -> goto again :: else fi;
       do
       :: node[me] == WOKEN -> got = true; break
       :: node[me] != WOKEN -> park(me, may_be_late)
       :: may_be_late && node[me] != WOKEN ->            /* the deadline has passed */
            hold();
            if
            :: node[me] == LISTED -> node[me] = FREE; release_spin_bit(); break
            :: else -> release_spin_bit();
#if BROKEN != 5
                do :: node[me] == WOKEN -> break :: node[me] != WOKEN -> park(me, false) od;
#endif
#if BROKEN != 5 && BROKEN != 6
                got = true;
#endif
                break
            fi
       od;
       node[me] = FREE;                                  /* from here on our stack frame is somebody else's */
       break;
again: skip
    od;
    if
    :: got ->
        atomic { acquired++; last = acquired == TASKS };
        if :: last -> freed = true :: else fi
    :: else
    fi;
    ended++
}

inline wake_mine()
{
    i = 0;
    do
    :: i == TASKS -> break
    :: else -> if :: mine[i] -> mine[i] = false; wake(i) :: else fi; i++
    od
}

proctype releaser(byte permits)
{
    bool mine[TASKS], some;
    byte i;
    do
    :: atomic { !waiters || BROKEN == 1 -> touch(); count = count + permits };
        break
    :: waiters ->
        hold();
        do
        :: permits > 0 && node[0] == LISTED -> node[0] = CLAIMED; mine[0] = true; some = true; permits--
        :: permits > 0 && node[1] == LISTED -> node[1] = CLAIMED; mine[1] = true; some = true; permits--
        :: permits > 0 && node[2] == LISTED -> node[2] = CLAIMED; mine[2] = true; some = true; permits--
        :: permits == 0 || NOBODY_LISTED -> break
        od;
#if BROKEN == 9
        if :: NOBODY_LISTED -> atomic { touch(); waiters = false } :: else fi;
#else
        if
        :: some && (NOBODY_LISTED || BROKEN == 3) -> atomic { touch(); waiters = false; count = count + permits }
        :: !some -> atomic { touch(); waiters = false }
        :: else
        fi;
#endif
#if BROKEN == 7
        wake_mine();
#endif
        release_spin_bit();
#if BROKEN == 9
        if :: some -> atomic { touch(); count = count + permits } :: else fi;
#endif
        if :: some -> break :: else fi                   /* nobody there: add it all, unless one has come */
    od;
    wake_mine();
    ended++
}

init
{
    atomic { run task(0, false); run task(1, false); run task(2, true); run releaser(2); run releaser(1) };
    ended == TASKS + 2;
    assert(acquired + count == 3)
}
