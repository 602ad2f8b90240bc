/* parcel.h: values and the words of failures in shared memory, between two processes of the same build: what is small lies
   in the parcel itself, what is large in a block of the memory (shared_block.h).

   What must hold: a parcel is filled by one side and read by the other, which has been told that it is full. Sizes and
   addresses are checked by the reader: the other may have run wild before it died. The block is the parcel's, and is given
   back by whoever ends that, on either side; or it is lent: then who filled the parcel keeps it until that has ended. */
#ifndef PLAIT_PROCESS_PARCEL_H
#define PLAIT_PROCESS_PARCEL_H
#include "base/record.h"
#include <plait/shared.h>
#include <plait/task.h>

enum { PLAIT_PARCEL_ROOM = 96, PLAIT_PARCEL_PATIENCE = 2000 /* milliseconds */ };

typedef struct plait_parcel {
    uint64_t size;
    void *block;     /* NULL: it lies inside */
    uint64_t copied; /* bytes of it that were */
    uint8_t lent;    /* both 0 or 1, where nobody has run wild */
    uint8_t none;    /* a plait_bytes without a block; no words at all */
    _Alignas(16) unsigned char inside[PLAIT_PARCEL_ROOM];
} plait_parcel;

/* Makes a parcel, which is empty, of a value, to be looked at. A block of a plait_bytes that lies in the memory and is this
   process's is lent. 0; PLAIT_ENOMEM with words. An empty parcel is zero bytes. */
int plait_parcel_put(plait_parcel *, plait_shared_memory *, uint32_t kind, const plait_type *, size_t size,
                     const void *value);

/* Whether a put would leave a quarter of the memory free, for what is to come back. */
bool plait_parcel_has_room(plait_shared_memory *, uint32_t kind, const plait_type *, size_t size, const void *value);

/* The same as put, for one who does not need the value any more, for it to be taken: such a block is handed over, and the value
   emptied. Waits up to PLAIT_PARCEL_PATIENCE for others to give room back. Also PLAIT_ETOOLARGE. */
int plait_parcel_pass(plait_parcel *, plait_shared_memory *, uint32_t kind, const plait_type *, size_t size,
                      void *value);

/* Makes *value, of zero bytes, what was put, to be read as long as the parcel is there: all that it owns lies in it. The reader
   trusts who put it. 0; PLAIT_EPROTOCOL with words. */
int plait_parcel_look(const plait_parcel *, plait_shared_memory *, uint32_t kind, size_t size, void *value);

/* Makes *value, of zero bytes, what was passed, and this process's own: a block of a plait_bytes is moved there, unless the
   memory is more than half given out. 0; PLAIT_ENOMEM; PLAIT_EPROTOCOL with words. */
int plait_parcel_take(plait_parcel *, plait_shared_memory *, uint32_t kind, const plait_type *, size_t size,
                      void *value);

/* The same for the records of a failure, cut to fit. Without memory there are none. */
void plait_parcel_say(plait_parcel *, plait_shared_memory *, const plait_record *);
plait_record *plait_parcel_said(const plait_parcel *, plait_shared_memory *);

/* Makes it empty. */
void plait_parcel_clear(plait_parcel *, plait_shared_memory *);

#endif
