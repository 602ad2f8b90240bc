/* switch.h: leaves one stack and goes on with another. Written three times: x86_64.S, aarch64.S, and in switch.c over
   ucontext for all others.

   What must hold: what the platform's calling convention says a function keeps is kept, with the rounding and exception
   masks of floating point; signal masks are not, they are the thread's. */
#ifndef PLAIT_COROUTINE_SWITCH_H
#define PLAIT_COROUTINE_SWITCH_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Where a stack was left: opaque, valid until it is gone on with. */
typedef void *plait_stack_pointer;

/* How far below that the stack may be in use; whether what lies there is ours to write. */
#if (defined __x86_64__ || defined __aarch64__) && defined __linux__ && !defined PLAIT_PORTABLE_SWITCH
enum { PLAIT_STACK_BELOW = 0, PLAIT_STACK_TELLS_FLOAT_CONTROL = 1 };
#else
enum { PLAIT_STACK_BELOW = 1024, PLAIT_STACK_TELLS_FLOAT_CONTROL = 0 };
#endif

/* Saves the present stack in *from and goes on with `to`. Returns when somebody goes on with *from: always 0, so that a
   function that has nothing more to do and returns that can end with it. */
int plait_stack_switch(plait_stack_pointer *from, plait_stack_pointer to) __attribute__((visibility("hidden")));

/* The stack of `size` bytes that ends at `top` (aligned to 16), made so that a switch to it calls entry(argument), which
   must not return. */
plait_stack_pointer plait_stack_prepare(void *top, size_t size, void (*entry)(void *), void *argument);

/* How the running thread rounds and which floating-point exceptions it traps; and that again. */
typedef uint64_t plait_float_control;
static inline plait_float_control plait_float_control_get(void)
{
#if defined __x86_64__
    uint32_t mxcsr;
    uint16_t word;
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(word));
    return (uint64_t)word << 32 | (mxcsr & 0xffffffc0u); /* the others are no control: they say what happened */
#elif defined __aarch64__
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return fpcr;
#else
    return 0;
#endif
}

/* The same for a stack that was left and goes on with that, where its layout tells (PLAIT_STACK_TELLS_FLOAT_CONTROL). */
static inline void plait_stack_set_float_control(plait_stack_pointer left, plait_float_control control)
{
#if defined __x86_64__ && defined __linux__ && !defined PLAIT_PORTABLE_SWITCH
    uint16_t word = (uint16_t)(control >> 32);
    memcpy(left, &control, sizeof(uint32_t));
    memcpy((char *)left + sizeof(uint32_t), &word, sizeof word);
#elif defined __aarch64__ && defined __linux__ && !defined PLAIT_PORTABLE_SWITCH
    memcpy((char *)left + 160, &control, sizeof control);
#else
    (void)left, (void)control;
#endif
}

static inline void plait_float_control_set(plait_float_control control)
{
    if (plait_float_control_get() == control) return; /* nearly always; to set it is dear */
#if defined __x86_64__
    uint32_t mxcsr = (uint32_t)control;
    uint16_t word = (uint16_t)(control >> 32);
    __asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(mxcsr), "m"(word));
#elif defined __aarch64__
    __asm__ volatile("msr fpcr, %0" : : "r"(control));
#endif
}

#endif
