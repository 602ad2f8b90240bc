/* launch.h: a new process of a file, with nothing of this one but what is named. */
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
    int lifeline;    /* this process's; the new one has its own under that number */
};

/* Its number, and in *pidfd (close-on-exec) a descriptor of it; or -errno. */
pid_t plait_launch(const struct plait_launch *, int *pidfd);

#endif
