/* area.h: what a process and the one that started it tell each other: a file in memory (memfd) that both have open. The
   starter writes what is asked, once, before the other begins; the other writes how far it has come and the outcome.

   What must hold:
   - The outcome counts only when ENDED says so, which is written last: who dies in the middle leaves none.
   - Nobody waits for the other here: the area takes whatever is written, however large, whether it is read or not.
   - What is read is not trusted to make sense: the other may have run wild before it died. Sizes and pointers are
     checked. */
#ifndef PLAIT_PROCESS_AREA_H
#define PLAIT_PROCESS_AREA_H
#include "base/record.h"
#include "process/task_place.h"

enum { PLAIT_AREA_ASKED, PLAIT_AREA_BEGUN, PLAIT_AREA_ENDED }; /* plait_area_head.state */

/* A value and all that it owns, in the file from `at` on. */
struct plait_area_value {
    uint64_t at, size;
    bool none; /* a plait_bytes without a block */
};

/* What the file begins with. Texts are cut to fit. */
struct plait_area_head {
    char magic[8];
    uint64_t nonce;
    int32_t parent; /* the keeper of whom it is asked, by its number, which that one writes */
    _Atomic uint32_t state;

    bool daemon, by_lines; /* its stdout is passed on by lines */
    char name[64];
    struct plait_build program, library; /* that of plait */
    struct plait_task_place task;
    char file[96];
    int32_t line;
    uint64_t handovers_at, handover_count;
    struct plait_area_value argument;
    uint64_t end; /* of all that is asked */

    int32_t code;
    uint32_t said; /* records behind the head's outcome, the failure first, then its causes */
    struct plait_area_value result;
};

/* A new one, of a head of zero bytes; or a negative code, with a record. close(2) ends it. */
int plait_area_new(void);

/* All or nothing: 0 or -errno. */
int plait_area_write(int fd, uint64_t at, const void *data, size_t size);
int plait_area_read(int fd, uint64_t at, void *data, size_t size);

/* How far it has come. */
uint32_t plait_area_state(int fd);
void plait_area_set_state(int fd, uint32_t state);

/* Writes a value from `at` on. 0, or a negative code. */
int plait_area_put(int fd, uint64_t at, uint32_t kind, const plait_type *, size_t size, const void *value,
                   struct plait_area_value *put);

/* Makes *value, of zero bytes, what was written, with pieces of its own. 0; PLAIT_ENOMEM; PLAIT_EPROTOCOL when it makes
   no sense: then it is zero bytes. */
int plait_area_get(int fd, uint32_t kind, const plait_type *, size_t size, const struct plait_area_value *,
                   void *value);

/* By the process that was started: its outcome, with the record of a failure and the result of a success. */
void plait_area_end(int fd, const plait_task *, int code, const plait_record *, const void *result);

/* By its starter, when it has ended: 0 and the outcome, whose record and result, with all that this owns, are the
   caller's; or a negative code: there is none. */
int plait_area_outcome(int fd, const plait_task *, int *code, plait_record **, void **result);

#endif
