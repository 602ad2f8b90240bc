/* loop.pml: the inbox of a loop and its sleep (src/loop/loop.c), with a record that is used again by the next loop.

   BROKEN: 6
   CC: -O1 -DSAFETY
     1  who pushes does not unpark
     2  only who pushes into an inbox that is not empty unparks
     3  the loop takes the token away after it has looked into the inbox, and then sleeps
     4  who pushes reads whose loop it is before the push
     5  a loop ends without shutting its inbox: what comes then is never taken
     6  the inbox is looked into after the sleep alone, before the token is taken away

   Two threads run a loop each, one after the other on the same record: the second opens when the first has closed. Two
   others push items: an item counts when it was accepted. A loop ends when it may, with its inbox empty, in one step with
   closing it. A sleep ends by its wake-up alone. Checked: no loop sleeps for ever while its inbox holds something or its
   end was asked for (an invalid end state), and each item that was accepted is taken. The model is sequentially
   consistent: memory orders are TSan's business. */
#ifndef BROKEN
#define BROKEN 0
#endif
#define PUSHERS 2
#define EACH 2
#define CLOSED 255

mtype = { EMPTY, PARKED, NOTIFIED };
mtype state[2] = EMPTY; /* of the threads' parkers */
byte inbox = CLOSED;    /* how many items are in it */
byte thread;            /* the record's: which of the two has it */
bool asked[2];          /* to end */
byte accepted, taken, through;

inline unpark(who) { state[who] = NOTIFIED } /* wakes it when it was PARKED */

inline empty_inbox()
{
    atomic { taken = taken + inbox; inbox = 0 }
}

inline look_around()
{
#if BROKEN != 6
    empty_inbox();
#endif
#if BROKEN == 3
    state[me] = EMPTY;
#endif
    if
    :: atomic { state[me] == EMPTY -> state[me] = PARKED };
        state[me] == NOTIFIED /* asleep until somebody unparks */
    :: atomic { state[me] == NOTIFIED -> skip }
    fi;
#if BROKEN == 6
    empty_inbox();
    state[me] = EMPTY
#else
    state[me] = EMPTY;
    empty_inbox()
#endif
}

proctype loop(byte me)
{
    bool shut;
    atomic { (me == 0 || through == 1) -> thread = me }; /* the record is free */
    inbox = 0;
    do
    :: shut -> break
    :: !shut ->
        look_around();
        if
        :: asked[me] ->
#if BROKEN == 5
            if :: inbox == 0 -> shut = true :: else fi;
            if :: shut -> inbox = CLOSED :: else fi
#else
            atomic { if :: inbox == 0 -> inbox = CLOSED; shut = true :: else fi }
#endif
        :: else
        fi
    od;
    through++
}

/* Somebody asks a loop to end, at any time. */
proctype ender(byte who)
{
    asked[who] = true;
    unpark(who)
}

proctype pusher()
{
    byte given, head, whose;
    bool pushed;
    do
    :: given == EACH -> break
    :: else ->
        given++;
        pushed = false;
        head = inbox;
        do
        :: head == CLOSED || pushed -> break
        :: else ->
#if BROKEN == 4
            whose = thread;
#endif
            atomic {
                if
                :: inbox == head -> inbox = head + 1; accepted++; pushed = true
                :: else -> head = inbox
                fi
            }
        od;
        if
        :: pushed ->
#if BROKEN != 4
            whose = thread;
#endif
#if BROKEN == 1
            skip
#elif BROKEN == 2
            if :: head != 0 -> unpark(whose) :: else fi
#else
            if :: head == 0 -> unpark(whose) :: else fi
#endif
        :: else
        fi
    od
}

init
{
    atomic {
        run loop(0);
        run loop(1);
        run ender(0);
        run ender(1);
        byte i;
        for (i : 1 .. PUSHERS) { run pusher() }
    };
    through == 2 && _nr_pr == 1;
    assert(taken == accepted)
}
