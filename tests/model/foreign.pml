/* foreign.pml: the bell of a loop that another one drives, the host (src/loop/foreign.c): whether its descriptor is readable
   whenever a turn has something to do.

   BROKEN: 5
   CC: -O1 -DSAFETY
     1  the end of a turn does not ring for what came while it lasted
     2  the end of a turn does not ring for what is left ready
     3  a turn takes the token away after it has looked into the inbox
     4  what the host's own thread brings between two turns goes to the ready queue, without the bell
     5  a handler of a signal unparks before it has set the bit

   The host sleeps until the descriptor is readable, and turns; now and then it brings something itself. A pusher and a
   handler bring things meanwhile, each waking by an exchange and then, where that is called for, a write. A turn runs one
   thing at most.
   Checked: when the host sleeps for ever, all that was brought has been run, and the signal told. The model is sequentially
   consistent: memory orders are TSan's business. */
#ifndef BROKEN
#define BROKEN 0
#endif
#define EACH 2

mtype = { EMPTY, PARKED, NOTIFIED };
mtype state = PARKED; /* of the bell: between two turns */
bool readable;        /* its eventfd */
byte inbox, ready;
bool came;            /* the signal's bit */
byte brought, run_so_far;
bool told; /* of the signal */

inline unpark(was)
{
    atomic { was = state; state = NOTIFIED }
    if
    :: was == PARKED -> readable = true
    :: else
    fi
}

inline push(head, was)
{
    atomic { head = inbox; inbox = inbox + 1; brought++ }
    if
    :: head == 0 -> unpark(was)
    :: else
    fi
}

inline empty_inbox()
{
    atomic { ready = ready + inbox; inbox = 0 }
}

inline turn()
{
    state = EMPTY;
    empty_inbox();
    readable = false; /* the poller reads it */
#if BROKEN == 3
    empty_inbox();
    if :: atomic { came -> came = false; told = true } :: else fi;
    state = EMPTY;
#else
    state = EMPTY;
    empty_inbox();
    if :: atomic { came -> came = false; told = true } :: else fi;
#endif
    if
    :: ready -> ready--; run_so_far++
    :: else
    fi;
    if
    :: atomic { state == EMPTY -> state = PARKED }
    :: atomic { state == NOTIFIED -> skip };
#if BROKEN != 1
        readable = true
#endif
    fi;
#if BROKEN != 2
    if
    :: ready -> readable = true
    :: else
    fi
#endif
}

active proctype host()
{
    byte own, head;
    mtype was;
end_asleep:
    do
    :: own < EACH ->
        own++;
#if BROKEN == 4
        atomic { ready++; brought++ }
#else
        push(head, was)
#endif
    :: readable -> turn()
    od
}

active proctype pusher()
{
    byte given, head;
    mtype was;
    do
    :: given == EACH -> break
    :: else -> given++; push(head, was)
    od
}

active proctype handler()
{
    mtype was;
#if BROKEN == 5
    unpark(was);
    came = true
#else
    came = true;
    unpark(was)
#endif
}

/* When nobody can do anything any more. */
active proctype checker()
{
    timeout;
    assert(told && run_so_far == brought && inbox == 0 && brought == 2 * EACH)
}
