/* stack.h: memory for stacks, with a guard below each. See stack.c. */
#ifndef PLAIT_COROUTINE_STACK_H
#define PLAIT_COROUTINE_STACK_H
#include <plait/api.h>

struct plait_stack {
    char *floor;  /* its lowest byte; below it the guard begins */
    size_t size;  /* from there to its top, which is aligned to a page */
    size_t guard; /* bytes; 0: the system did not give one */
    struct plait_slab *slab;
};

/* `size` bytes of zeros (rounded up to pages), or false without memory. Never given back to the system as a mapping:
   plait_stack_trim gives back those pages that lie wholly below `used`. */
bool plait_stack_map(size_t size, struct plait_stack *);
size_t plait_stack_number(const struct plait_stack *); /* of those that lie beside each other */
void plait_stack_trim(const struct plait_stack *, const void *used);

/* Gives back all its pages: it reads as zeros from now on, and plait_stack_map may give it to somebody else. What is
   written there all the same costs a page and nothing else, and may be found there by him. */
void plait_stack_drop(struct plait_stack);

#endif
