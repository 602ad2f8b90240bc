/* lifeline.h: what ends a process when the one that started it is gone. A pipe whose one end for writing is that process's
   alone. Each child holds an open file of its own on the other end, on which the kernel is to send it SIGKILL when the last
   writer goes: whichever thread started it, and whether the child computes, blocks all signals or is stopped. */
#ifndef PLAIT_PROCESS_LIFELINE_H
#define PLAIT_PROCESS_LIFELINE_H

/* The end for reading, of this process's lifeline, which the first call makes; or a negative code, with a record. */
int plait_lifeline(void);

/* In a child: makes its own end of the parent's, whose descriptor (inherited) this is; whom it is to kill is told as for
   kill(2), a group by its negated number, 0 being the process itself. A descriptor to be kept open and away from others,
   or -errno; when the parent has gone before, it does that itself, and ends here. By system calls alone, so that it may
   run where memory is still shared with the parent. */
int plait_lifeline_hold(int parents, int whom);

/* To be called in each forked child: this process has none yet, its parent's is closed here. Before plait_lifeline_hold
   the end for reading is needed yet: that is left open then, its descriptor is returned. -1: there was none. */
int plait_lifeline_forked(void);

#endif
