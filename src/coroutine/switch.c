/* switch.c: how a new stack must look for a first switch to it; and the whole switch over ucontext where there is none in
   assembly. See switch.h for what must hold. */
#include "coroutine/switch.h"
#include <stdint.h>
#include <string.h>

#if defined __x86_64__ && defined __linux__ && !defined PLAIT_PORTABLE_SWITCH

void plait_stack_begin(void) __attribute__((visibility("hidden")));

plait_stack_pointer plait_stack_prepare(void *top, size_t size, void (*entry)(void *), void *argument)
{
    (void)size;
    struct {
        uint32_t mxcsr;
        uint16_t control, unused;
        void *r15, *r14, *argument_r13, *entry_r12, *rbx, *rbp, *go_on;
    } saved = { .argument_r13 = argument };
    _Static_assert(sizeof saved == 64, "as x86_64.S has it; and the call in plait_stack_begin finds the stack aligned");
    __asm__("stmxcsr %0\n\tfnstcw %1" : "=m"(saved.mxcsr), "=m"(saved.control));
    memcpy(&saved.entry_r12, &entry, sizeof entry);
    void (*begin)(void) = plait_stack_begin;
    memcpy(&saved.go_on, &begin, sizeof begin);
    return memcpy((char *)top - sizeof saved, &saved, sizeof saved);
}

#elif defined __aarch64__ && defined __linux__ && !defined PLAIT_PORTABLE_SWITCH

void plait_stack_begin(void) __attribute__((visibility("hidden")));

plait_stack_pointer plait_stack_prepare(void *top, size_t size, void (*entry)(void *), void *argument)
{
    (void)size;
    struct {
        void *entry_x19, *argument_x20, *x21_to_x29[9], *go_on_x30;
        uint64_t d8_to_d15[8], fpcr, unused;
    } saved = { .argument_x20 = argument };
    _Static_assert(sizeof saved == 176, "as aarch64.S has it");
    __asm__("mrs %0, fpcr" : "=r"(saved.fpcr));
    memcpy(&saved.entry_x19, &entry, sizeof entry);
    void (*begin)(void) = plait_stack_begin;
    memcpy(&saved.go_on_x30, &begin, sizeof begin);
    return memcpy((char *)top - sizeof saved, &saved, sizeof saved);
}

#else
#include <ucontext.h>

/* A saved stack's pointer is that of its ucontext_t, which lies on it: in the frame that left it, or at its top. */
static void begin(unsigned entry_high, unsigned entry_low, unsigned argument_high, unsigned argument_low)
{
    uintptr_t at = (uintptr_t)((uint64_t)entry_high << 32 | entry_low);
    void (*entry)(void *);
    memcpy(&entry, &at, sizeof entry);
    entry((void *)(uintptr_t)((uint64_t)argument_high << 32 | argument_low));
}

int plait_stack_switch(plait_stack_pointer *from, plait_stack_pointer to)
{
    ucontext_t here;
    memcpy(from, &(void *){ &here }, sizeof *from); /* it lives as long as this stack is left */
    swapcontext(&here, to);
    return 0;
}

plait_stack_pointer plait_stack_prepare(void *top, size_t size, void (*entry)(void *), void *argument)
{
    ucontext_t *c = (ucontext_t *)(((uintptr_t)top - sizeof *c) & ~(uintptr_t)63);
    uint64_t e = 0, a = (uintptr_t)argument;
    uintptr_t at;
    memcpy(&at, &entry, sizeof at);
    e = at;
    getcontext(c);
    c->uc_link = NULL;
    c->uc_stack.ss_sp = (char *)top - size;
    c->uc_stack.ss_size = (size_t)((char *)c - (char *)c->uc_stack.ss_sp);
    makecontext(c, (void (*)(void))begin, 4, (unsigned)(e >> 32), (unsigned)e, (unsigned)(a >> 32), (unsigned)a);
    return c;
}
#endif
