/* strand.pml: how other threads wake a coroutine that is used again, by another loop (src/loop/strand.c: wake_elsewhere,
   plait_loop_wake, plait_loop_part_with; the closing of src/loop/loop.c).

   BROKEN: 4
   CC: -O1 -DSAFETY
     1  who finds no loop to bring a wake to does not look again when he has cleared `coming`
     2  a loop drops a wake of a coroutine that is another's by now
     3  a loop that gives a coroutine away leaves it its inbox
     4  who finds that another is bringing a wake brings one, too

   Two threads open a loop each: on records of their own, the first of which a third opens again, or, one after the other,
   on the same. The two take the one coroutine from the pool when it is there, run a task on it that waits for its reason,
   and give it back: at once, or when they close. A waker for each task gives the reason and then wakes; it may come late, when the coroutine is the other task's,
   who may rely on it. Checked: no task waits for ever for what has happened (an invalid end state); only its loop touches a
   coroutine's state; it is in one inbox, and once. A loop sleeps until its inbox holds something: see loop.pml. The model is
   sequentially consistent: memory orders are TSan's business. */
#ifndef BROKEN
#define BROKEN 0
#endif
#define NONE 2
#define CLOSED 255

byte inbox[2] = CLOSED; /* how often it holds the coroutine */
bool held[2];           /* a loop has the record */
bool pool = true;       /* it is nobody's */
byte owner = NONE;
byte inbox_of = NONE;
bool coming, parked;
bool began[2], reason[2];

inline wake()
{
    do
    :: atomic {
        was = coming;
        coming = true
    };
#if BROKEN != 4
    if :: was -> break :: else fi;
#endif
    to = inbox_of;
    pushed = false;
    if
    :: to != NONE ->
        atomic {
            if
            :: inbox[to] != CLOSED ->
                assert(inbox[to] == 0);
                inbox[to] = 1;
                pushed = true
            :: else
            fi
        }
    :: else
    fi;
    if :: pushed -> break :: else fi;
    coming = false;
#if BROKEN == 1
    break;
#endif
    to = inbox_of;
    if
    :: to == NONE -> break
    :: else -> if :: inbox[to] == CLOSED -> break :: else fi
    fi
    od
}

inline take()
{
    atomic { inbox[record] == 1 -> inbox[record] = 0 };
    coming = false;
    if
    :: inbox_of == record ->
        assert(owner == me);
        parked = false
    :: else ->
#if BROKEN != 2
        wake()
#else
        skip
#endif
    fi
}

inline part_with()
{
#if BROKEN != 3
    inbox_of = NONE;
#endif
    owner = NONE;
    pool = true
}

proctype loop(byte me, record)
{
    byte to;
    bool was, pushed, mine, shut;
    atomic { !held[record] -> held[record] = true };
    inbox[record] = 0;
    do
    :: pool || inbox[record] == 1 ->
        if
        :: atomic { pool -> pool = false; owner = me }; break
        :: take()
        fi
    od;
    mine = true;
    inbox_of = record;
    began[me] = true;
    do
    :: reason[me] -> break
    :: else ->
        assert(owner == me);
        parked = true;
        do
        :: parked -> take()
        :: else -> break
        od
    od;
    if
    :: true /* a spare one too many */
        do
        :: inbox_of = NONE;
            if
            :: !coming -> part_with(); mine = false; break
            :: else ->
                inbox_of = record; /* and tries again when it has come, or has been given up */
                if
                :: inbox[record] == 1 -> take()
                :: !coming
                fi
            fi
        od
    :: true /* it is kept */
    fi;
    do
    :: shut -> break
    :: !shut ->
        if
        :: atomic { inbox[record] == 0 -> inbox[record] = CLOSED; shut = true }
        :: inbox[record] == 1 -> take()
        fi
    od;
    if :: mine -> part_with() :: else fi;
    held[record] = false
}

/* A third loop on the first record, which never has the coroutine. */
proctype passer(byte me, record)
{
    byte to;
    bool was, pushed, shut;
    atomic { !held[record] -> held[record] = true };
    inbox[record] = 0;
    do
    :: shut -> break
    :: !shut ->
        if
        :: atomic { inbox[record] == 0 -> inbox[record] = CLOSED; shut = true }
        :: inbox[record] == 1 -> take()
        fi
    od;
    held[record] = false
}

proctype waker(byte whom)
{
    byte to;
    bool was, pushed;
    began[whom];
    reason[whom] = true;
    wake()
}

init
{
    atomic {
        run loop(0, 0);
        if
        :: true -> run loop(1, 0)
        :: true -> run loop(1, 1); run passer(NONE, 0)
        fi;
        run waker(0);
        run waker(1)
    };
    _nr_pr == 1
}
