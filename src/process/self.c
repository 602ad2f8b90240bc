/* self.c: what the running process is: a program that somebody started, or a process of plait's. What must hold: it is set
   before the task runs, on the only thread, and not changed after. */
#include "process/process.h"
#include <pthread.h>
#include <string.h>
#include <unistd.h>

bool plait_was_initialized;
static char own_name[64] = "main";
static bool is_daemon;
static int own_area = -1, own_lifeline = -1;

void plait_self_become(const char *name, bool daemon, int area, int lifeline)
{
    char shown[16] = "";
    if (own_area >= 0) close(own_area); /* those of the parent that forked this one */
    if (own_lifeline >= 0) close(own_lifeline);
    own_area = area;
    own_lifeline = lifeline;
    strncpy(own_name, name, sizeof own_name - 1);
    is_daemon = daemon;
    strncpy(shown, name, sizeof shown - 1);
    pthread_setname_np(pthread_self(), shown);
}

const char *plait_self_name(void) { return own_name; }
bool plait_self_is_daemon(void) { return is_daemon; }
