/* close.pml: waits for a descriptor, and plait_close (src/park/wait_fd.c), over park_on with a token.

   BROKEN: 6
   CC: -O1 -DSAFETY
     1  those that came while it was closed are not claimed
     2  the waker marks the node before it reads the parker
     3  a waiter whose node was claimed leaves without waiting for WOKEN
     4  unpark leaves no token
     5  a waiter looks at the descriptor before it comes to the list, and not again
     6  those that came while it was closed are told to look again before it is closed

   Two wait for one descriptor that is never ready, one without a deadline, the other may be late whenever it looks; each
   may come at any time. One closes. A descriptor that is closed while somebody sleeps in poll wakes nobody: that is the
   kernel's way. Checked: everybody ends (an invalid end state), with the right answer; no node is touched after its
   owner has left. What is done under the spin bit is one step here; its own protocol is in mutex.pml. */
#ifndef BROKEN
#define BROKEN 0
#endif
#define WAITERS 2

mtype = { EMPTY, PARKED_ON, NOTIFIED, FREE, LISTED, CLAIMED, WOKEN };

bool open = true;
mtype node[WAITERS] = FREE;          /* FREE: the stack frame is gone. The list is the nodes that are LISTED */
bool again[WAITERS];
mtype parker[WAITERS] = EMPTY;
bool event[WAITERS];                 /* the eventfd's count */

inline say_parked_on(me)
{
    atomic { if :: parker[me] == EMPTY -> parker[me] = PARKED_ON; said = true :: else -> said = false fi }
}

inline wake_up(me) { atomic { event[me] = false; parker[me] = EMPTY } }

proctype waiter(byte me; bool may_be_late)
{
    bool said, closed, told, late;
look:
#if BROKEN == 5
    closed = !open;
#endif
    atomic { again[me] = false; node[me] = LISTED };
    do
    :: say_parked_on(me);
#if BROKEN != 5
       closed = !open;                                   /* poll looks when it begins */
#endif
       if
       :: closed
       :: !closed && (event[me] || !said || may_be_late)
       fi;
       wake_up(me);
       if
       :: closed -> break
       :: !closed && may_be_late -> late = true; break
       :: !closed && node[me] == WOKEN -> break
       :: !closed && node[me] != WOKEN
       fi
    od;
    if
    :: atomic { node[me] == LISTED -> node[me] = FREE; goto out }
    :: node[me] != LISTED
    fi;
#if BROKEN == 3
    node[me] = FREE;
    goto out;
#endif
    do
    :: node[me] == WOKEN -> break
    :: node[me] != WOKEN -> say_parked_on(me); (event[me] || !said); wake_up(me)
    od;
    told = true;
    if :: again[me] -> closed = false; late = false; goto look :: else fi;
    node[me] = FREE;
out:
    assert(closed || told || late)
}

inline claim(look_again)
{
    d_step {
        i = 0;
        do
        :: i == WAITERS -> break
        :: i < WAITERS ->
            if
            :: node[i] == LISTED -> node[i] = CLAIMED; again[i] = look_again; mine[i] = true
            :: else
            fi;
            i++
        od;
        i = 0
    }
}

inline unpark(who)
{
    bit write;
    atomic {
        write = parker[who] == PARKED_ON;
#if BROKEN == 4
        if :: write -> parker[who] = NOTIFIED :: else fi
#else
        parker[who] = NOTIFIED
#endif
    };
    if :: write -> event[who] = true :: else fi          /* perhaps late: then it is of a later sleep */
}

inline wake(who)
{
    if
    :: mine[who] ->
#if BROKEN == 2
        node[who] = WOKEN;
        assert(node[who] != FREE);                       /* reads node.parker */
#else
        assert(node[who] == CLAIMED);
        node[who] = WOKEN;
#endif
        mine[who] = false;
        unpark(who)
    :: else
    fi
}

proctype closer()
{
    byte i;
    bool mine[WAITERS];
    claim(false);
    wake(0);
    wake(1);
#if BROKEN == 6
    claim(true);
    wake(0);
    wake(1);
#endif
    open = false;
#if BROKEN != 1 && BROKEN != 6
    claim(true);
    wake(0);
    wake(1)
#endif
}

init { atomic { run waiter(0, false); run waiter(1, true); run closer() } }
