/* throttle.pml: the throttle's sleepers against changes of the line. Tokens come one per tick of a clock, once a change
   has set them going; another change may push the line back; sleepers park until their own time.
   BROKEN: 7
     1  a sleeper lets go of the spin bit between reckoning its time and joining the list
     2  the change wakes nobody
     3  a sleeper whose time has come goes without looking at the line again
     4  a sleeper that was woken by the change sleeps on until the time that it had
     5  one that is cut short gives its ticket back though a newer one is out
     6  a try looks at what has come and not gone, and passes those that have tickets
     7  one that is cut short while the change wakes it leaves without waiting for WOKEN
   CC: -O2 -DSAFETY -DCOLLAPSE

   Two tasks take a token each; one of them may be cut short once, whenever it looks, and then begins anew. One more
   tries once. Checked: no more are gone than have come; a ticket given out is newer than all that are held; nobody is
   asleep for ever (an invalid end state); no node is touched after its owner has left. Each reads the clock before it
   holds the spin bit, as the code does: so one may come with a time that is older than the line. What is done under the
   spin bit is one step, since nobody else sees a part of it; so is a park. The model is sequentially consistent. What
   is not used any more is set to 0, so that like states are one. */
#ifndef BROKEN
#define BROKEN 0
#endif
#define TASKS 2
#define CHANGED_BY 2                 /* the clock goes no further before the changes are made */
#define END 8                        /* by then all tokens have come */
#define NEVER 255

mtype = { FREE, LISTED, CLAIMED, WOKEN };

byte now;
bool changed;                        /* all changes are made */

/* Under the spin bit. */
bool flowing;
byte come, at;                       /* so many had come at `at`; then one per tick */
byte taken, gone;
byte ticket[TASKS], first[TASKS];    /* 0: holds none */
bool listed[TASKS];

mtype node[TASKS] = FREE;            /* FREE: the stack frame is gone */
bool token[TASKS];                   /* of the parker */
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

/* To return for no reason is the same as in time, to who looks again. */
inline park(me) { atomic { token[me] || now >= until[me] -> token[me] = false } }

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
    fi
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

inline leave(me) { ticket[me] = 0; first[me] = 0; until[me] = 0; time = 0; goto out }

proctype task(byte me; bool may_be_cut)
{
    byte time;
    bool cut, over;
look:
    time = now;
    atomic {
        flow(time);
        if
        :: ticket[me] == 0 && come > taken -> taken++; go(); leave(me)
        :: ticket[me] && ticket[me] <= come -> go(); leave(me)
        :: else
        fi;
        if
        :: cut -> give_back(me); ticket[me] = 0; cut = false; may_be_cut = false; goto look
        :: else
        fi;
        if :: ticket[me] == 0 -> take(me) :: else fi;
        if
        :: flowing -> until[me] = at + ticket[me] - come
        :: else -> until[me] = NEVER
        fi;
        time = 0;
#if BROKEN == 1
    }
    atomic {
#endif
        node[me] = LISTED;
        listed[me] = true
    }
    do                               /* plait_wait_in */
    :: atomic { node[me] == WOKEN ->
#if BROKEN == 4
        node[me] = LISTED; listed[me] = true }
#else
        break }
#endif
    :: atomic { node[me] != WOKEN && now >= until[me] -> over = true }
    :: atomic { node[me] != WOKEN && may_be_cut -> cut = true; over = true }
    :: atomic { over && node[me] == LISTED -> listed[me] = false; break }
    :: over && node[me] != LISTED ->
#if BROKEN == 7
        atomic { node[me] = FREE; over = false; leave(me) }
#endif
        until[me] = NEVER;
        do :: node[me] == WOKEN -> break :: node[me] != WOKEN -> park(me) od;
        break
    :: node[me] != WOKEN && !over -> park(me)
    od;
    atomic { node[me] = FREE; over = false }; /* from here on our stack frame is somebody else's */
#if BROKEN == 3
    if
    :: now >= until[me] -> atomic { flow(now); go(); leave(me) }
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
        fi;
        time = 0
    }
}

inline claim_all()
{
    i = 0;
    do
    :: i < TASKS && listed[i] -> listed[i] = false; node[i] = CLAIMED; claimed[i] = true; i++
    :: i < TASKS && !listed[i] -> i++
    :: else -> break
    od
}

inline wake(who)                     /* the mark is the last access to the node */
{
    if
    :: claimed[who] ->
        atomic { assert(node[who] == CLAIMED); node[who] = WOKEN; claimed[who] = false };
        token[who] = true
    :: else
    fi
}
inline wake_all() { wake(0); wake(1) }

proctype changes()
{
    byte time;
    bool claimed[TASKS];
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
    atomic { time = 0; changed = true }
}

proctype clock()
{
    do
    :: now < CHANGED_BY -> now++
    :: changed -> now = END; break   /* nothing new happens on the way there */
    od
}

init { atomic { run task(0, false); run task(1, true); run tries(); run changes(); run clock() } }
