/* turn.pml: the turns of a pool of processes (src/executor/process_turn.c), and how an answer is seen for which nobody looks
   out (process_manager.c, process_worker.c).

   BROKEN: 5
   CC: -O2 -DSAFETY
     1  who finds the guard held asks, and does not try it again
     2  the holder takes `asked` before he lets go
     3  the manager looks at the cells before it arms the board
     4  a worker looks at the board before its cell is DONE
     5  a worker disarms the board before it rings, and may be stopped in between

   Two submit: each puts one task into the inbox and does a turn. Two workers take what was given, answer and ring the manager
   if it is armed and they have not rung for that value of it; the first may be stopped for ever at any step once its own
   answer is DONE, or before it has a task. Checked: all come to rest (an invalid end state) with the inbox empty, and with
   each answer collected. Steps under the guard are those of one holder; the guard itself is a try and a release, as
   mutex.pml has them. */
#ifndef BROKEN
#define BROKEN 0
#endif
#define TASKS 2

bool guard, asked, rung;                 /* `rung`: the count of the eventfd */
byte inbox, given[2], done[2], armed, over, collected;

inline collect()
{
    d_step {
        collected = collected + done[0] + done[1];
        done[0] = 0;
        done[1] = 0
    }
}

inline give(to)
{
    do :: atomic { inbox > 0 -> given[to] = given[to] + 1; inbox-- } :: inbox == 0 -> break od
}

inline turn(to)
{
    do
    :: atomic { if :: !guard -> guard = true; got = true :: else -> got = false fi };
       if
       :: got
       :: !got -> asked = true;
#if BROKEN == 1
          break;
#endif
          atomic { if :: !guard -> guard = true; got = true :: else fi };
          if :: !got -> break :: got fi
       fi;
       give(to);
       collect();
#if BROKEN == 2
       atomic { again = asked; asked = false };
       guard = false;
#else
       guard = false;
       atomic { again = asked; asked = false };
#endif
       if :: !again -> break :: again fi
    od
}

proctype submitter(byte me)
{
    bool got, again;
    inbox++;
    turn(me);
    over++
}

proctype worker(byte me; bool may_stop)
{
    byte value, last;
end:
    do
    :: atomic { given[me] > 0 -> given[me]-- };
#if BROKEN == 4
       value = armed;
       done[me]++;
#else
       done[me]++;
       if :: may_stop -> break :: true fi;
       value = armed;
#endif
       if
       :: value % 2 == 1 && value != last ->
#if BROKEN == 5
          armed = armed + 1;
#endif
          if :: may_stop -> break :: true fi;
          rung = true;
          last = value
       :: else
       fi
    od
}

/* It sleeps when it has looked in vain. What a worker has DONE that is stopped before it rings, it sees when others ring, or
   when that one dies. */
proctype manager()
{
    bool got, again, seen;
    do
    :: atomic { !guard -> guard = true };                /* it waits for its turn, and does one more if asked meanwhile */
       give(0);
       collect();
       guard = false;
       atomic { again = asked; asked = false };
       if :: again -> turn(0) :: else fi;
#if BROKEN == 3
       seen = done[0] + done[1] > 0;
       armed = armed + 1 + armed % 2;
#else
       armed = armed + 1 + armed % 2;
       seen = done[0] + done[1] > 0;
#endif
       assert(armed < 40);                               /* it does not go on for ever */
       if
       :: seen
       :: !seen ->
end_asleep:
          atomic { rung -> rung = false }
       fi;
       if :: armed % 2 == 1 -> armed = armed + 1 :: else fi
    od
}

init
{
    atomic { run submitter(0); run submitter(1); run worker(0, true); run worker(1, false); run manager() };
    timeout; /* nobody can go on */
    assert(over == TASKS && inbox == 0 && given[1] == 0 && done[1] == 0)
}
