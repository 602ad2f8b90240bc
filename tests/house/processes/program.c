/* program.c: what processes.py builds in many ways. Its first argument says what it does before it starts a process. */
#include <dlfcn.h>
#include <plait.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef BUILD
#define BUILD 1
#endif

static int doubles(const int *n, int *result)
{
    *result = 2 * *n * BUILD;
    return 0;
}
PLAIT_TASK(doubles, int, int);

enum { SLEEPS, RUNS_ON, IS_STOPPED };
static int lives_on(const int *how)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    printf("%d\n", getpid());
    fflush(stdout);
    if (*how == IS_STOPPED) raise(SIGSTOP);
    while (*how == RUNS_ON) {}
    for (;;) pause();
    return 0;
}
PLAIT_TASK(lives_on, int, void);

static int join(plait_process *p)
{
    int code, result = 0, err = plait_process_join(p, &code, PLAIT_FOREVER);
    if (!err) err = code;
    if (!err) err = plait_process_result(p, &result);
    if (!err) printf("%d\n", result);
    plait_error_print(stdout, err);
    plait_process_free(p);
    return plait_exit_status(err);
}

static int live_on(void)
{
    for (int how = SLEEPS; how <= IS_STOPPED; how++) {
        plait_process *started = plait_process_start(lives_on, &how), *forked = plait_process_fork(lives_on, &how);
        if (!started || !forked) plait_error_print(stdout, plait_error_code());
    }
    for (;;) pause();
}

int main(int count, char **arguments)
{
    plait_init();
    const char *what = count > 1 ? arguments[1] : "";
    if (strcmp(what, "live-on") == 0) return live_on();
    if (strcmp(what, "library") == 0) {
        void *library = dlopen(arguments[2], RTLD_NOW);
        if (!library) return puts(dlerror()), 1;
        plait_process *(*start)(int) = (plait_process * (*)(int)) dlsym(library, "library_start");
        if (count > 3 && rename(arguments[3], arguments[2]) != 0) return perror("rename"), 1;
        return join(start(21));
    }
    if (strcmp(what, "unlinked") == 0 && unlink(arguments[2]) != 0) return perror("unlink"), 1;
    if (strcmp(what, "replaced") == 0 && rename(arguments[3], arguments[2]) != 0) return perror("rename"), 1;
    plait_process *p = plait_process_start(doubles, &(int){ 21 });
    if (!p) return plait_error_print(stdout, plait_error_code()), 1;
    return join(p);
}
