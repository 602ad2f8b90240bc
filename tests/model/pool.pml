/* pool.pml: no task lies on a worker's deque while a place in the pool is free and nobody knows of it.
   (src/executor/pool.c, worker.c; the inbox is left out: it is empty)

   BROKEN: 7
   CC: -O1 -DSAFETY
     1  a worker that goes to sleep looks at the deques before it has said so
     2  what is put back on the deque after another was run in place is not offered again
     3  who goes to rest does not look at the deques once he is known to rest
     4  who goes to rest looks at them before
     5  who pushes looks whether anybody rests before the task can be seen
     6  who stole while he was engaged for something else does not pass that on
     7  who has rested for so long that he ends is still listed as one who rests

   A worker that has rested for long ends, and another is started in its place when needed.

   A pool of two or three. One worker's task pushes tasks on its deque and then waits for them in a way that the pool does
   not see (for an event), or does; or it takes one off and puts it back in between. The other workers rest, or one sleeps
   in a wait for the first. Of two, a third may be started to stand in. A task that is pushed may need the other to end.
   Checked: everybody gets to his end (an invalid end state): no task is left that somebody waits for. What is done under
   the pool's spin bit is one step. A task that waits for the other is there only where the pool has a place for both. */
#ifndef BROKEN
#define BROKEN 0
#endif
#define WORKERS 3 /* 0 has the deque, 1 rests or sleeps, 2 is started when needed */

byte most, busy;                     /* p->most, p->active */
bool hungry;                         /* busy < most, as others may read it without the spin bit */
bool listed[WORKERS], engaged[WORKERS], started;
byte deque;                          /* how many tasks can be stolen */
byte done, pushed;
bool through;                        /* the first worker's task has ended */
bool roomy;                          /* there are places for two tasks at once */

inline count_active(by) { busy = busy + by; hungry = (busy < most) }

inline engage(work)                  /* hold, decide, carry out */
{
    atomic {
        if
        :: busy < most && work ->
            if
            :: listed[1] -> listed[1] = false; count_active(1); engaged[1] = true
            :: !listed[1] && listed[2] -> listed[2] = false; count_active(1); engaged[2] = true
            :: !listed[1] && !listed[2] && !started -> started = true; count_active(1); engaged[2] = true
            :: else
            fi
        :: else
        fi
    }
}

inline offer()
{
    if :: hungry -> engage(true) :: else fi
}

inline push()
{
#if BROKEN == 5
    was_hungry = hungry;
    deque++;
    if :: was_hungry -> engage(true) :: else fi
#else
    deque++;
    offer()
#endif
}

inline steal(got)
{
    atomic { got = (deque > 0); if :: got -> deque-- :: else fi };
    if :: got && deque > 0 -> offer() :: else fi
}

proctype first(bool sleeps)                     /* its task; it is active all the while but for a sleep that the pool knows of */
{
    bool was_hungry, work;
    if
    :: pushed = 1; push()
    :: pushed = 2; push(); push()
    fi;
    if                                                   /* one was run in place: the newest that is left is looked at */
    :: atomic { deque > 0 -> deque-- };
       deque++;
#if BROKEN != 2
       offer()
#endif
    :: true
    fi;
    if
    :: true -> done == pushed                            /* waits for an event: the pool does not know */
    :: true ->                                           /* waits for futures */
        roomy = roomy || !sleeps;
#if BROKEN == 1
        work = (deque > 0);
        atomic { count_active(-1) };
#else
        atomic { count_active(-1) };
        work = (deque > 0);
#endif
        engage(work);
        done == pushed;
        atomic { count_active(1) }
    fi;
    through = true
}

inline run_one()
{
    if
    :: done++                                            /* ends at once */
    :: roomy -> done++; done == pushed                   /* ends when the other has come, too */
    fi
}

proctype other(byte me; bool sleeps)
{
    bool got, work;
    if
    :: sleeps ->                                         /* in a wait for the first worker's task */
#if BROKEN == 1
        work = (deque > 0);
        atomic { count_active(-1) };
#else
        atomic { count_active(-1) };
        work = (deque > 0);
#endif
        engage(work);
        through;
        atomic { count_active(1) }
    :: else
    fi;
end:
    do
    :: got = false;
#if BROKEN == 4
       steal(got);
       if :: !got -> atomic { count_active(-1); listed[me] = true } :: else fi;
       if :: got -> run_one() :: else -> engaged[me]; engaged[me] = false fi
#else
       atomic { count_active(-1); listed[me] = true };
#if BROKEN != 3
       steal(got);
#endif
       work = false;
       if
       :: got ->
            atomic {
                if
                :: listed[me] -> listed[me] = false; count_active(1)
                :: else -> work = true                   /* engaged meanwhile, for something else */
                fi
            };
            if
            :: work ->
                engaged[me];
                engaged[me] = false;
#if BROKEN != 6
                work = (deque > 0);
                engage(work)
#endif
            :: else
            fi;
            run_one()
       :: else ->
end_rest:   if
            :: engaged[me] -> engaged[me] = false
            :: me == 2 ->                                /* has rested for long: ends, unless engaged just now */
                 atomic {
                     if
                     :: listed[me] ->
#if BROKEN != 7
                         listed[me] = false;
#endif
                         started = false
                     :: else
                     fi
                 };
end_gone:        started && engaged[me];                 /* and is started anew, or was engaged */
                 engaged[me] = false
            fi
       fi
#endif
    od
}

proctype spare()
{
    bool got, work;
end_unstarted:
    engaged[2];
    engaged[2] = false;
    run other(2, false)
}

init
{
    bool sleeps;
    if :: sleeps = true :: sleeps = false fi;
    atomic {
        if :: most = 2 :: most = 3 fi;
        busy = most;
        started = (most == 3);
        roomy = (most == 3 && !sleeps);
        run first(sleeps);
        run other(1, sleeps);
        if :: started -> run other(2, false) :: else -> run spare() fi
    };
    through
}
