/* process_status.h: what the system says of this process. */
#ifndef PLAIT_APPS_PROCESS_STATUS_H
#define PLAIT_APPS_PROCESS_STATUS_H

/* The number behind `name` in /proc/self/status ("Threads", "VmHWM" in KiB); 0 when it is not there. Never waits. */
long process_status(const char *name);

#endif
