/* future.pml: the life of one future: who takes it out of PENDING, a cancel at any moment, its end against waiters that
   are late, and who frees it. (src/future/future.c, help.c; src/park/waitlist.h)

   BROKEN: 10
   CC: -O1 -DSAFETY
     1  the runner takes it from PENDING to RUNNING in one step, and sets the scope up after
     2  the runner does not look whether a cancel came while it was STARTING
     3  the runner looks for that, and then stores RUNNING: a cancel between the two is overwritten
     4  the cancel looks whether it is PENDING, and then stores CANCELLED
     5  the outcome is written after the list is closed
     6  the waiters are claimed, and then the list is closed: one who comes between sleeps for ever
     7  the runner drops its reference before it closes the list
     8  the last owner frees it although the runner still has a reference
     9  a late waiter whose node was claimed leaves without waiting for WOKEN
    10  a reference is counted off by a load and a store

   A worker has it in its queue; one who awaits it may run it in place; one who awaits it has a deadline, and cancels it
   when that has passed; a fourth cancels it. The task is, at choice, one that ends when it likes, or only by a cancel.
   Checked: it runs once, and not after a cancel that said it never will; nobody sleeps for ever (an invalid end state);
   who finds it done finds the outcome; a cancel is never lost on a task that needs it; the scope is not touched before it
   is set up; nothing is touched after it was freed, and in the end it is.
   What is done under the spin bit of the wait list is one step here: mutex.pml looks into that. Memory order is TSan's. */
#ifndef BROKEN
#define BROKEN 0
#endif
#define WAITERS 2 /* 0 runs it in place, 1 has a deadline */

mtype = { PENDING, STARTING, RUNNING, CANCELLED, FREE, LISTED, CLAIMED, WOKEN };

mtype state = PENDING;               /* with `asked` one word */
bool asked;
byte references = 2, owners = 3;     /* the queue's and the owners'; two waiters and the canceller */
bool closed;                         /* the wait list: done. With the nodes' LISTED one word */
mtype node[WAITERS] = FREE;
bool token[WAITERS];                 /* of the waiters' parkers */
bool endless, scope_ready, scope_cancelled, outcome, freed;
byte runs, ends;

#define TOUCH assert(!freed)

inline count_off(count, last)        /* who finds himself alone need not write */
{
    TOUCH;
#if BROKEN == 10
    seen = count;
    count = seen - 1;
    last = (seen == 1)
#else
    if
    :: count == 1 -> last = true
    :: else -> atomic { count--; last = (count == 0) }
    fi
#endif
}

inline release()
{
    count_off(references, last);
    if :: last -> assert(ends == 1 && !freed); freed = true :: else fi
}

inline drop()
{
    count_off(owners, last);
#if BROKEN == 8
    if :: last -> freed = true :: else fi
#else
    if :: last -> release() :: else fi
#endif
}

inline claim_all()
{
    i = 0;
    do
    :: i < WAITERS -> if :: node[i] == LISTED -> node[i] = CLAIMED; claimed[i] = true :: else -> claimed[i] = false fi; i++
    :: else -> break
    od
}

inline finish()
{
    TOUCH;
    ends++;
    assert(ends == 1);
#if BROKEN == 7
    release();
#endif
#if BROKEN != 5
    outcome = true;
#endif
    TOUCH;
#if BROKEN == 6
    atomic { claim_all() };
    closed = true;
#else
    atomic { claim_all(); closed = true };
#endif
#if BROKEN == 5
    outcome = true;
#endif
    i = 0;
    do
    :: i < WAITERS ->
        if
        :: claimed[i] -> assert(node[i] == CLAIMED); node[i] = WOKEN; token[i] = true
        :: else
        fi;
        i++
    :: else -> break
    od
}

inline run_task()                         /* by whoever takes it out of PENDING */
{
    TOUCH;
#if BROKEN == 1
    atomic { won = (state == PENDING); if :: won -> state = RUNNING :: else fi };
#else
    atomic { won = (state == PENDING); if :: won -> state = STARTING :: else fi };
#endif
    if
    :: won ->
        runs++;
        assert(runs == 1);
        scope_cancelled = false;
        scope_ready = true;
#if BROKEN == 2
        atomic { state = RUNNING; asked = false };
#elif BROKEN == 3
        was_asked = asked;
        atomic { state = RUNNING; asked = false };
        if :: was_asked -> scope_cancelled = true :: else fi;
#elif BROKEN != 1
        atomic { state = RUNNING; was_asked = asked };
        if :: was_asked -> scope_cancelled = true :: else fi;
#endif
        if :: scope_cancelled :: !endless fi;
        finish()
    :: else
    fi
}

inline cancel()
{
    TOUCH;
#if BROKEN == 4
    won = (state == PENDING);
    if :: won -> state = CANCELLED :: else fi;
#else
    atomic { won = (state == PENDING); if :: won -> state = CANCELLED :: else fi };
#endif
    if
    :: won -> finish(); assert(runs == 0)
    :: else ->
        if
        :: state == CANCELLED || closed
        :: else ->
            atomic { first = (state == RUNNING && !asked); asked = true };
            TOUCH;
            if :: first -> assert(scope_ready); scope_cancelled = true :: else fi
        fi
    fi
}

#define LOCALS byte i, seen; bool won, was_asked, first, last, claimed[WAITERS]

proctype worker()
{
    LOCALS;
    run_task();
#if BROKEN == 7
    if :: !won -> release() :: else fi
#else
    release()
#endif
}

proctype canceller()
{
    LOCALS;
    cancel();
    drop()
}

proctype awaiter(byte me; bool in_place; bool may_be_late)
{
    LOCALS;
    bool listed, gave_up;
    if :: in_place -> run_task() :: else fi;
    TOUCH;
    atomic { listed = !closed; if :: listed -> node[me] = LISTED :: else fi };
    if
    :: listed ->
        do
        :: node[me] == WOKEN -> break
        :: atomic { token[me] -> token[me] = false }     /* it parks until then; and looks again */
        :: may_be_late && node[me] != WOKEN ->           /* the deadline has passed */
            TOUCH;
            atomic { gave_up = (node[me] == LISTED); if :: gave_up -> node[me] = FREE :: else fi };
            if
            :: gave_up -> break
            :: else ->
#if BROKEN == 9
                break
#else
                node[me] == WOKEN;
                break
#endif
            fi
        od;
        node[me] = FREE                                  /* from here on our stack frame is somebody else's */
    :: else
    fi;
    if
    :: gave_up -> cancel()
    :: else -> TOUCH; assert(closed && outcome)
    fi;
    drop()
}

init
{
    if :: endless = true :: endless = false fi;
    atomic {
        run worker();
        run canceller();
        run awaiter(0, true, false);
        run awaiter(1, false, true)
    };
    _nr_pr == 1;
    assert(freed)
}
