/* value.h: what a value is.

   What must hold: a value has one parent at most, and no value is its own ancestor; so a tree is freed without recursion,
   from its leaves up. */
#ifndef PLAIT_VALUE_VALUE_H
#define PLAIT_VALUE_VALUE_H
#include <plait/value.h>

enum { PLAIT_VALUE_DEEPEST = 128 };

struct plait_value {
    plait_value_kind kind;
    plait_value *parent;
    union {
        bool boolean;
        int64_t integer;
        double real;
        plait_bytes bytes; /* and text */
        struct {
            plait_value **at;
            char **keys; /* of a map, as many */
            size_t count, room;
        } parts;
    };
};

plait_value *plait_value_new(plait_value_kind kind);

/* A text, or bytes, of which not all end in a NUL. */
plait_value *plait_value_block(plait_value_kind kind, const void *data, size_t size);

#endif
