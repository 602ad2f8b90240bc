/* throttle.pml: the throttle's sleepers against changes of the line. Tokens come one per tick of a clock, once a change
   has set them going; another change may push the line back; sleepers park until their own time.
   BROKEN: 8
     1  a sleeper lets go of the spin bit between reckoning its time and joining the list
     2  the change wakes nobody
     3  a sleeper whose time has come goes without looking at the line again
     4  a sleeper that was woken by the change parks again until the time that it had
     5  one that is cut short gives its ticket back though a newer one is out
     6  a try looks at what has come and not gone, and passes those that have tickets
     7  unpark leaves no token for a task that is not parked yet
     8  one that is cut short while the change wakes it leaves without waiting for WOKEN

   Tasks 0 to 2 take a token each; 1 and 2 may be cut short whenever they look. One more tries once. Checked: no more are
   gone than have come; a ticket given out is newer than all that are held; nobody is asleep for ever (an invalid end
   state); no node is touched after its owner has left. Each reads the clock before it holds the spin bit, as the code
   does: so one may come with a time that is older than the line. What is done under the spin bit is one step, since
   nobody else sees a part of it. The model is sequentially consistent. */
#ifndef BROKEN
#define BROKEN 0
#endif
#define TASKS 3
#define CHANGED_BY 2                 /* the clock goes no further before the changes are made */
#define END 7                        /* by then all tokens have come */
#define NEVER 255

mtype = { EMPTY, PARKED, NOTIFIED, FREE, LISTED, CLAIMED, WOKEN };

byte now;
bool changed;                        /* all changes are made */

/* Under the spin bit. */
bool flowing;
byte come, at;                       /* so many had come at `at`; then one per tick */
byte taken, gone;
byte ticket[TASKS], first[TASKS];    /* 0: holds none */
chan ring = [TASKS] of { byte };     /* who is listed */

mtype node[TASKS] = FREE;            /* FREE: the stack frame is gone */
mtype parker[TASKS] = EMPTY;
byte until[TASKS];
hidden byte i, newer;                /* used inside of one step */

inline flow(time)
{
    if
    :: flowing && time > at -> come = come + time - at; at = time
    :: else
    fi
}

inline go() { gone++; assert(gone <= come) }

inline park(me)                      /* until its time; for no reason is the same as in time, to who looks again */
{
    atomic { if :: parker[me] == NOTIFIED -> parker[me] = EMPTY :: parker[me] == EMPTY -> parker[me] = PARKED fi };
    if
    :: atomic { parker[me] == NOTIFIED -> parker[me] = EMPTY }
    :: atomic { parker[me] == EMPTY -> skip }
    :: atomic { parker[me] == PARKED && now >= until[me] -> parker[me] = EMPTY }
    fi
}

/* The holder that took its ticket next after `mine`, or TASKS. */
inline find_newer(mine)
{
    newer = TASKS;
    i = 0;
    do
    :: i < TASKS ->
        if
        :: ticket[i] > mine && (newer == TASKS || ticket[i] < ticket[newer]) -> newer = i
        :: else
        fi;
        i++
    :: else -> break
    od
}

inline give_back(me)
{
    find_newer(ticket[me]);
    if
#if BROKEN == 5
    :: true -> taken--
#else
    :: newer < TASKS && first[newer] == ticket[me] -> first[newer] = first[me]
    :: newer == TASKS && taken == ticket[me] -> taken = first[me]
    :: else
#endif
    fi;
    ticket[me] = 0
}

inline take(me)
{
    find_newer(taken);
    assert(newer == TASKS);          /* nobody holds a newer one … */
    first[me] = taken;
    taken++;
    find_newer(taken - 1);
    assert(newer == TASKS);          /* … nor this one */
    ticket[me] = taken
}

proctype task(byte me; bool may_be_cut)
{
    byte time;
    bool cut, over;
look:
    time = now;
    atomic {
        flow(time);
        if
        :: ticket[me] == 0 && come > taken -> taken++; go(); goto out
        :: ticket[me] && ticket[me] <= come -> ticket[me] = 0; go(); goto out
        :: else
        fi;
        if
        :: cut && ticket[me] -> give_back(me); goto out
        :: cut && !ticket[me] -> goto out
        :: else
        fi;
        if :: ticket[me] == 0 -> take(me) :: else fi;
        if
        :: flowing -> until[me] = at + ticket[me] - come
        :: else -> until[me] = NEVER
        fi;
#if BROKEN == 1
    }
    atomic {
#endif
        node[me] = LISTED;
        ring ! me
    }
    do                               /* plait_wait_in */
    :: node[me] == WOKEN ->
#if BROKEN == 4
        atomic { node[me] = LISTED; ring ! me }
#else
        break
#endif
    :: node[me] != WOKEN && (over || now >= until[me] || may_be_cut) ->
        if
        :: !over && may_be_cut -> cut = true
        :: over || now >= until[me]
        fi;
        over = true;
        atomic {
            if
            :: node[me] == LISTED -> ring ?? eval(me); break
            :: else
            fi
        }
#if BROKEN == 8
        node[me] = FREE; goto out;
#endif
        until[me] = NEVER;
        do :: node[me] == WOKEN -> break :: node[me] != WOKEN -> park(me) od;
        break
    :: node[me] != WOKEN && !over -> park(me)
    od;
    atomic { node[me] = FREE; over = false }; /* from here on our stack frame is somebody else's */
#if BROKEN == 3
    if
    :: now >= until[me] -> atomic { flow(now); ticket[me] = 0; go(); goto out }
    :: else
    fi;
#endif
    goto look;
out: skip
}

proctype tries()
{
    byte time;
    time = now;
    atomic {
        flow(time);
        if
#if BROKEN == 6
        :: come > gone -> taken++; go()
#else
        :: come > taken -> taken++; go()
#endif
        :: else
        fi
    }
}

inline claim_all()
{
    do
    :: ring ? claimed[count] -> node[claimed[count]] = CLAIMED; count++
    :: empty(ring) -> break
    od
}

inline wake_all()
{
    do
    :: count > 0 ->
        count--;
        atomic { assert(node[claimed[count]] == CLAIMED); node[claimed[count]] = WOKEN };
#if BROKEN == 7
        atomic { if :: parker[claimed[count]] == PARKED -> parker[claimed[count]] = NOTIFIED :: else fi }
#else
        parker[claimed[count]] = NOTIFIED
#endif
    :: count == 0 -> break
    od
}

proctype changes()
{
    byte time, count;
    byte claimed[TASKS];
    time = now;                      /* another rate: from none to one per tick */
    atomic {
        flowing = true;
        at = time;
#if BROKEN != 2
        claim_all()
#endif
    }
    wake_all();
    if
    :: time = now;                   /* the next token comes in two ticks at the soonest, and none is there */
       atomic {
           flow(time);
           if :: come > taken -> come = taken :: else fi;
           if :: at < time + 1 -> at = time + 1 :: else fi;
           claim_all()
       }
       wake_all()
    :: skip
    fi;
    changed = true
}

proctype clock()
{
    do
    :: now < (changed -> END : CHANGED_BY) -> now++
    :: changed && now == END -> break
    od
}

init { atomic { run task(0, false); run task(1, true); run task(2, true); run tries(); run changes(); run clock() } }
