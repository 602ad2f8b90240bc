/* relay.h: what a process writes to its stdout and stderr, passed on to this process's by whole lines: what it writes comes
   through pipes, from which one thread of this process reads, as long as there are any (relay.c).

   What must hold:
   - Nobody waits for that thread but those who ask for it (plait_relays_wait): when this process's stdout takes nothing, the
     writers of that stream wait in their pipes, as they would at the thing itself, and those of the other do not.
   - A line is passed on in one write, after the last one: two lines never mix. One longer than PLAIT_LINE goes in pieces.
     Nothing is added, but for a newline where somebody else's words would follow on an unfinished line.
   - What a process wrote before its end is passed on, though another still has its pipe open; then the pipe is closed. */
#ifndef PLAIT_PROCESS_RELAY_H
#define PLAIT_PROCESS_RELAY_H
#include <plait/event.h>
#include <pthread.h>
#include <stdatomic.h>

enum { PLAIT_LINE = 64 * 1024 };

/* Those of one owner, who may wait for them all; counted. NULL with a record. */
struct plait_relays {
    _Atomic uint32_t references;
    size_t open; /* streams; under the guard of relay.c, as is a change of `none` */
    plait_event none;
};
struct plait_relays *plait_relays_new(void);
void plait_relays_unref(struct plait_relays *); /* NULL is nothing */

/* Until all that the ended ones have written is passed on. 0, or a code of the wait. */
int plait_relays_wait(struct plait_relays *, plait_deadline);

/* One stream of a process, at this end; relay_stream.c. Under the guard of its relay, but for what the thread alone uses. */
struct plait_stream {
    struct plait_relay *relay;
    struct plait_relay_thread *thread;
    struct plait_stream *next, *previous; /* all; under the guard of relay.c */
    int fd, of;                           /* `of` 0: stdout, 1: stderr */
    uint64_t number;
    bool over, measured; /* nothing more comes; it is known how much there is of one that has ended */
    int left;            /* so much */
    uint64_t taken;      /* bytes so far */
    char *held;          /* read, and not passed on */
    size_t size, room;
    char small[1024];
};

/* Both. Counted: by its owner, and by each stream that is open. */
struct plait_relay {
    _Atomic uint32_t references;
    _Atomic bool ended;
    struct plait_relays *relays;
    _Atomic uint64_t *taken; /* where it is told how many bytes of stderr were read, for others; or NULL */
    pthread_mutex_t guard;
    char last[160]; /* the last line of stderr that was passed on and is not empty, from its first letter; cut … */
    size_t last_size;
    uint64_t last_end; /* … and where it ended */
    struct plait_stream streams[2];
};

/* A new one; the ends for the process are `writing` (close-on-exec, above 2), which the caller closes when it has started.
   NULL with a record. */
struct plait_relay *plait_relay_new(struct plait_relays *, _Atomic uint64_t *taken, int writing[2]);
void plait_relay_unref(struct plait_relay *); /* NULL is nothing */

/* Its process has ended. Never waits. */
void plait_relay_end(struct plait_relay *);

/* The last line that is not empty of what it wrote to stderr after the first `since` bytes: its length, 0 for none. Control
   characters are question marks. Of an ended one: what is in its pipe counts. Never waits for the thread. */
size_t plait_relay_last_line(struct plait_relay *, uint64_t since, char *text, size_t size);

/* For fork(2): before it, after it in the parent, and in the child, which has none of them. */
void plait_relay_before_fork(void);
void plait_relay_after_fork(void);
void plait_relay_in_forked_child(void);

/* relay_stream.c, for relay.c, under the guard of the relay. Reads once, from one that has something. */
void plait_stream_read(struct plait_stream *, size_t at_most);

/* How many of the held bytes are to be passed on: whole lines, or all. At most PLAIT_LINE. */
size_t plait_stream_ripe(const struct plait_stream *);

/* They have been. */
void plait_stream_passed(struct plait_stream *, size_t count);

#endif
