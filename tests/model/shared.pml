/* shared.pml: the mutex in shared memory (src/process/shared_mutex.c) over its ways to sleep (shared_lock.c) and the deaths
   (shared_registry.c): a word with its owner's process and a bit that somebody may sleep; threads that sleep in the kernel on
   the word and the epoch; a coroutine that its process's service thread wakes when its bell is rung.

   BROKEN: 8
   CC: -O1 -DSAFETY
     1  the bell is set before the word says that somebody sleeps
     2  a bell that was rung for one whose words are as they were is not set again
     3  who takes it after a sleep does not say that others may sleep still
     4  a death does not step the epoch
     5  a death steps the epoch and wakes nobody
     6  an unlock takes the bells before it changes the word
     7  the epoch is read after the look whether the owner is alive
     8  a coroutine does not look at the words again once its bell is set

   Tasks 0 and 1 are threads, task 2 is a coroutine. Each locks and unlocks once; either task 1 may die at any point, or task 0
   comes twice.
   Checked: nobody asleep for ever (an invalid end state); no two living inside at once. */
#ifndef BROKEN
#define BROKEN 0
#endif
#define NOBODY 9

byte owner = NOBODY;                 /* with `sleepers` one word */
bool sleepers;
byte epoch;
bool alive[3] = true;
bool asleep[2];                      /* in the kernel */
bool bell;                           /* the coroutine's, */
bool rung;                           /* and its service thread's to hear */
bool listed;                         /* the coroutine waits to be woken for these: */
byte wanted_owner, wanted_epoch;
bool token;                          /* of its parker */
byte inside, ended;
bool killed, twice, through;

#define AS_THEY_WERE (owner == wanted_owner && sleepers && epoch == wanted_epoch)

inline try_lock(me)
{
    atomic {
        if
        :: owner == NOBODY ->
#if BROKEN != 3
            sleepers = sleepers || slept;
#endif
            owner = me; got = true
        :: owner != NOBODY && !alive[owner] -> owner = me; sleepers = true; got = true
        :: else -> seen = owner; said = sleepers
        fi
    }
}

/* The others that are asleep in the kernel: any one, or all. */
inline wake_one()
{
    atomic {
        if
        :: asleep[0] -> asleep[0] = false
        :: asleep[1] -> asleep[1] = false
        :: !asleep[0] && !asleep[1]
        fi
    }
}

inline unlock()
{
#if BROKEN == 6
    atomic { heard = bell; bell = false };
#endif
    atomic { inside--; some = sleepers; owner = NOBODY; sleepers = false };
    if
    :: some ->
#if BROKEN != 6
        atomic { heard = bell; bell = false };
#endif
        wake_one();
        if :: heard -> rung = true :: else fi
    :: else
    fi
}

inline thread_sleeps(me)
{
    atomic { if :: owner == seen && sleepers && epoch == before -> asleep[me] = true :: else fi };
    !asleep[me];
}

inline coroutine_sleeps()
{
    atomic { wanted_owner = seen; wanted_epoch = before; listed = true };
#if BROKEN != 1
    bell = true;
#endif
    if
    :: AS_THEY_WERE || BROKEN == 8 -> atomic { token -> token = false }
    :: else
    fi;
    d_step { listed = false; wanted_owner = 0; wanted_epoch = 0 }
}

inline lock_and_unlock(me)
{
    got = false; slept = false;
    do
    :: before = epoch;
#if BROKEN == 1
       if :: me == 2 -> bell = true :: else fi;
#endif
       try_lock(me);
       if :: got -> before = 0; break :: else fi;
#if BROKEN == 7
       before = epoch;
#endif
       if
       :: atomic { owner == seen && sleepers == said -> sleepers = true }
       :: atomic { !(owner == seen && sleepers == said) -> goto again }
       fi;
       if
       :: me == 2 -> coroutine_sleeps()
       :: else -> thread_sleeps(me)
       fi;
       slept = true; seen = 0; before = 0;
again: said = false
    od;
    atomic { inside++; assert(inside == 1); got = false; slept = false; seen = 0; said = false };
    unlock();
    heard = false; some = false
}

proctype thread()
{
    bool got, slept, said, some, heard;
    byte seen, before, turns;
    do
    :: turns == 2 || (turns == 1 && !twice) -> break
    :: turns == 0 || (turns == 1 && twice) -> lock_and_unlock(0); turns++
    od;
    ended++
}

/* What it had is the next owner's: it is inside no more. */
proctype mortal()
{
    bool got, slept, said, some, heard;
    byte seen, before;
    { lock_and_unlock(1); through = true } unless {
        atomic {
            killed && !through ->
            if :: owner == 1 && inside > 0 -> inside-- :: else fi;
            asleep[1] = false;
            alive[1] = false             /* by the kernel */
        }
    };
    ended++
}

proctype coroutine()
{
    bool got, slept, said, some, heard;
    byte seen, before;
    lock_and_unlock(2);
    ended++
}

proctype service()
{
end: do
    :: atomic { rung -> rung = false };
       if
       :: listed ->
#if BROKEN != 2
           bell = true;
#endif
           if :: !AS_THEY_WERE -> token = true :: else fi
       :: else
       fi
    od
}

/* A service thread of one who lives. */
proctype reaper()
{
    if :: !alive[1] :: through -> goto done fi;
#if BROKEN != 4
    epoch++;
#endif
#if BROKEN != 4 && BROKEN != 5
    atomic { asleep[0] = false; asleep[1] = false };
    rung = true;
#endif
done:
    ended++
}

/* Either one dies, or another comes twice: both at once are too many states. */
proctype killer() { if :: killed = true :: twice = true fi }

init
{
    atomic { run thread(); run mortal(); run coroutine(); run service(); run reaper(); run killer() };
    ended == 4
}
