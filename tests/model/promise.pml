/* promise.pml: a future that the program ends itself: two that set it, one of them after a start, one that cancels, one that
   awaits it and may be late, and the one who frees the promise when both setters are through.
   (src/future/promise.c, future.c)

   BROKEN: 8
   CC: -O1 -DSAFETY
     1  the set looks whether it may, and then stores SETTLING
     2  the set takes it from PENDING and STARTING alone, not once a cancel has asked
     3  the start stores STARTING whatever there was
     4  the start makes it RUNNING, as a task: a cancel touches a scope that was never set up
     5  the set writes its value, and then looks whether it may
     6  the free leaves a future that has no outcome as it is
     7  the free drops its reference, and then ends the future
     8  a cancel of a started one ends it at once: two write the outcome

   Checked: exactly one of them all decides the outcome, each of the others is told that it did not, and the one who awaits
   finds the winner's; nobody sleeps for ever (an invalid end state); nothing is touched after it was freed, and in the end
   it is. What a sleeper does is in future.pml, and is one step here. Memory order is TSan's. */
#ifndef BROKEN
#define BROKEN 0
#endif

mtype = { PENDING, STARTING, RUNNING, SETTLING, CANCELLED };

mtype state = PENDING;
bool asked;                          /* with the state one word */
byte references = 2, owners = 2;     /* the promise's and the owners'; the one who awaits and the one who cancels */
byte outcome, winner;                /* 1, 2: a setter's; 3: cancelled; 4: given up */
bool closed;                         /* the wait list: done */
bool freed;
byte ends, wins, through;

#define TOUCH assert(!freed)

inline release()
{
    TOUCH;
    atomic { references--; last = (references == 0) };
    if :: last -> assert(closed && !freed); freed = true :: else fi
}

inline drop()
{
    TOUCH;
    atomic { owners--; last = (owners == 0) };
    if :: last -> release() :: else fi
}

inline finish(what)
{
    TOUCH;
    ends++;
    assert(ends == 1);
    outcome = what;
    TOUCH;
    closed = true
}

inline claim()
{
    TOUCH;
#if BROKEN == 1
    won = (state == PENDING || state == STARTING);
    if :: won -> state = SETTLING :: else fi
#elif BROKEN == 2
    atomic { won = ((state == PENDING || state == STARTING) && !asked); if :: won -> state = SETTLING :: else fi }
#else
    atomic {
        won = (state == PENDING || state == STARTING || (BROKEN == 4 && state == RUNNING));
        if :: won -> state = SETTLING :: else fi
    }
#endif
}

inline end_as(what)                  /* set, or fail */
{
#if BROKEN == 5
    outcome = what;
#endif
    claim();
    if
    :: won -> wins++; winner = what; finish(what)
    :: else
    fi
}

inline start()
{
    TOUCH;
#if BROKEN == 3
    state = STARTING
#elif BROKEN == 4
    atomic { if :: state == PENDING -> state = RUNNING :: else fi }
#else
    atomic { if :: state == PENDING -> state = STARTING :: else fi }
#endif
}

inline cancel()
{
    TOUCH;
    atomic { won = (state == PENDING || (BROKEN == 8 && state == STARTING)); if :: won && state == PENDING -> state = CANCELLED :: else fi };
    if
    :: won -> wins++; winner = 3; finish(3)
    :: else ->
        if
        :: state == CANCELLED || closed
        :: else ->
            atomic { first = (state == RUNNING && !asked); asked = true };
            assert(!first)           /* else the scope would be cancelled, and there is none */
        fi
    fi
}

#define LOCALS bool won, first, last

proctype setter(byte me; bool starts)
{
    LOCALS;
    if :: starts -> start() :: else fi;
    if
    :: true -> end_as(me)
    :: true                          /* it has nothing to say */
    fi;
    through++
}

proctype freer()
{
    LOCALS;
    through == 2;
#if BROKEN == 7
    release();
#endif
#if BROKEN != 6
    claim();
    if :: won -> wins++; winner = 4; finish(4) :: else fi;
#endif
#if BROKEN != 7
    release()
#endif
}

proctype canceller()
{
    LOCALS;
    if :: true -> cancel() :: true fi;
    drop()
}

proctype awaiter()
{
    LOCALS;
    if
    :: true -> closed; TOUCH; assert(outcome == winner)  /* sleeps until then */
    :: true -> cancel()                                  /* it is late */
    fi;
    drop()
}

init
{
    atomic {
        run setter(1, false);
        run setter(2, true);
        run freer();
        run canceller();
        run awaiter()
    };
    _nr_pr == 1;
    assert(freed && wins == 1 && outcome == winner)
}
