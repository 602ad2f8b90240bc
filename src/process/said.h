/* said.h: the words of a failure in a form without addresses, for another process: records, the failure first, then its
   causes, as many as there is room for, their texts cut to fit. */
#ifndef PLAIT_PROCESS_SAID_H
#define PLAIT_PROCESS_SAID_H
#include "base/record.h"

enum { PLAIT_MOST_SAID = 8 };

struct plait_said {
    int32_t code, signal, pid, line;
    char message[240], task[64], thread[32], file[96];
};

/* Writes those of a record (NULL: none), and returns how many. */
size_t plait_say_all(struct plait_said said[PLAIT_MOST_SAID], const plait_record *record);

/* Makes a record of them, with its reference; NULL of none, or without memory. Who wrote them need not be trusted. */
plait_record *plait_records_said(const struct plait_said *said, size_t count);

#endif
