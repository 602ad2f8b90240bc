/* parcel.h: values and the words of failures in shared memory, between two processes of the same build: what is small lies
   in the parcel itself, what is large in a block of the memory.

   What must hold: a parcel is filled by one side and read by the other, which has been told that it is full. Sizes are
   checked by the reader: the other may have run wild before it died. A block is given back by whoever ends the parcel,
   on either side. */
#ifndef PLAIT_PROCESS_PARCEL_H
#define PLAIT_PROCESS_PARCEL_H
#include "base/record.h"
#include <plait/shared.h>
#include <plait/task.h>

enum { PLAIT_PARCEL_ROOM = 104 };

typedef struct plait_parcel {
    uint64_t size;
    void *block; /* NULL: it lies inside */
    bool none;   /* a plait_bytes without a block; no words at all */
    _Alignas(16) unsigned char inside[PLAIT_PARCEL_ROOM];
} plait_parcel;

/* 0; PLAIT_ENOMEM; PLAIT_ETOOLARGE with words. A parcel that is empty is zero bytes. */
int plait_parcel_put(plait_parcel *, plait_shared_memory *, uint32_t kind, const plait_type *, size_t size,
                     const void *value);

/* Makes *value, of zero bytes, what was put, with pieces of its own. 0; PLAIT_ENOMEM; PLAIT_EPROTOCOL with words. */
int plait_parcel_get(const plait_parcel *, uint32_t kind, const plait_type *, size_t size, void *value);

/* The same for the records of a failure, cut to fit. Without memory there are none. */
void plait_parcel_say(plait_parcel *, plait_shared_memory *, const plait_record *);
plait_record *plait_parcel_said(const plait_parcel *);

/* Makes it empty. */
void plait_parcel_clear(plait_parcel *, plait_shared_memory *);

#endif
