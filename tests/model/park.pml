/* park.pml: the parker of a thread (src/park/thread_parker.c): futex, poll with an eventfd, token.

   BROKEN: 7
   CC: -O1 -DSAFETY
     1  unpark leaves no token for a thread that is not parked yet
     2  unpark does not write the eventfd
     3  unpark does not wake the futex
     4  the futex is slept on without a look at the word
     5  PARKED is stored, not exchanged for EMPTY: a token is overwritten
     6  park_on sleeps in poll although the token was there
     7  the thread looks whether it has to sleep, and then takes the token away before it sleeps

   One thread sleeps, now on the futex, now in poll, until both wakers have given their reasons: each gives two, one after
   the other, and unparks after each. A deadline may end a sleep at any time, but only TIMES times in all: so in the end
   it must be the wake-ups that end it. Checked: it does not sleep for ever (an invalid end state). The model is sequentially consistent: memory orders are TSan's business. */
#ifndef BROKEN
#define BROKEN 0
#endif
#define WAKERS 2
#define EACH 2
#define TIMES 2

mtype = { EMPTY, PARKED, PARKED_ON, NOTIFIED };
mtype state = EMPTY;
bool in_futex;                       /* asleep in the kernel */
byte event;                          /* the eventfd's count */
bool ready;                          /* the descriptor, which somebody makes ready once */
byte reasons;
byte late;                           /* how often a deadline may still pass */

inline say(parked, said)
{
    atomic {
        if
        :: state == EMPTY -> state = parked; said = true
#if BROKEN == 5
        :: state != EMPTY -> state = parked; said = true
#else
        :: state != EMPTY -> said = false
#endif
        fi
    }
}

inline take_token() { state = EMPTY }

inline park()
{
    say(PARKED, said);
    if
    :: said ->
#if BROKEN == 4
        in_futex = true;
#else
        atomic { if :: state == PARKED -> in_futex = true :: else fi };
#endif
        if
        :: !in_futex
        :: atomic { in_futex && late > 0 -> late--; in_futex = false }
        fi
    :: else
    fi;
    take_token()
}

inline park_on()
{
    say(PARKED_ON, said);
#if BROKEN == 6
    said = true;
#endif
    if
    :: atomic { event > 0 -> seen = true }
    :: atomic { ready -> seen = event > 0 }
    :: atomic { said && late > 0 -> late--; seen = false }
    :: atomic { !said -> seen = event > 0 }
    fi;
    if :: seen -> event = 0 :: else fi;
    take_token()
}

active proctype sleeper()
{
    bool said, seen;
    late = TIMES;
    do
    :: reasons == WAKERS * EACH -> break
    :: else ->
#if BROKEN == 7
        take_token();
#endif
        if
        :: park()
        :: park_on()
        fi
    od
}

active [WAKERS] proctype waker()
{
    byte given;
    mtype was;
    do
    :: given == EACH -> break
    :: else ->
        reasons++;
        given++;
        atomic {
            was = state;
#if BROKEN == 1
            if :: was == PARKED || was == PARKED_ON -> state = NOTIFIED :: else fi
#else
            state = NOTIFIED
#endif
        };
        if
        :: was == PARKED ->
#if BROKEN != 3
            in_futex = false                             /* the system call: also of a later sleep */
#else
            skip
#endif
        :: was == PARKED_ON ->
#if BROKEN != 2
            event++
#else
            skip
#endif
        :: else
        fi
    od
}

active proctype writer() { if :: ready = true :: skip fi; ready = false }
