/* launch.h: a new process of a file, with nothing of this one but what is named; and its keeper, a process beside this one
   that does nothing but wait for it. See launch.c. */
#ifndef PLAIT_PROCESS_LAUNCH_H
#define PLAIT_PROCESS_LAUNCH_H
#include <plait/api.h>
#include <sys/types.h>

struct plait_launch {
    int image;
    char *const *arguments, *const *environment;
    const int *keep; /* the descriptors that stay open, ascending, each once; below 3 they need not be named … */
    size_t keep_count;
    bool keep_stdin; /* … but for stdin, which is /dev/null else */
    bool own_group;  /* it leads one, whose others are killed when a signal ends it, or this process ends */
    int output[2];   /* its stdout and stderr, above 2; -1: those of this process */
    int lifeline;    /* this process's */
    int told;        /* a file, and where in it the keeper's number is to stand, 32 bits */
    uint64_t told_at;
};

struct plait_keeper;
struct plait_launched {
    pid_t number;
    int pidfd;                   /* close-on-exec */
    struct plait_keeper *keeper; /* NULL: there is none, and it is this process's own child */
};

/* 0 or -errno. */
int plait_launch(const struct plait_launch *, struct plait_launched *);

/* When the pidfd says that the process has ended: waits for its keeper, which ends at once then, and says how it ended,
   with the signal's number negated. False when the keeper was killed before. Frees the keeper. */
bool plait_keeper_end(struct plait_keeper *, int *status);

/* In a forked child: it is the parent's. Frees what is here of it. NULL is nothing. */
void plait_keeper_forget(struct plait_keeper *);

#endif
