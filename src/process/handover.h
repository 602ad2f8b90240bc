/* handover.h: what a process that is started afresh is to have beside its argument: the mappings of shared memory, each at
   the address that it has here, so that pointers into it mean the same in both.

   The functions are shared memory's. They are weak: a program linked statically that uses no shared memory has
   none of them, and whoever calls them looks first. */
#ifndef PLAIT_PROCESS_HANDOVER_H
#define PLAIT_PROCESS_HANDOVER_H
#include <plait/api.h>

/* All of the mapping, and the descriptor of the file behind it. */
struct plait_handover {
    int fd;
    void *address;
    size_t size;
};

/* Fills `list` with the mappings that there are, as many as there is room for, and returns how many there are. Each `fd` is
   a duplicate (close-on-exec), which the caller closes. Those beyond `room` have none. */
size_t plait_handover_list(struct plait_handover *list, size_t room) __attribute__((weak));

/* In the started process, before the program's own code, on its only thread: makes these mappings, taking over the
   descriptors in any case. 0 or a negative code, with a record, when one cannot be had at its address. */
int plait_handover_adopt(const struct plait_handover *list, size_t count) __attribute__((weak));

/* How many threads shared memory has in this process: none that holds anything that a forked child would miss. */
int plait_handover_threads(void) __attribute__((weak));

#endif
