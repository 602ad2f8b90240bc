/* raw.h: the least that a switch takes: what the calling convention says a function keeps is put on one stack and taken from
   another. x86-64 alone. */
#ifndef BENCH_SWITCH_RAW_H
#define BENCH_SWITCH_RAW_H

#ifndef __x86_64__
#error "written for x86-64 alone"
#endif

#ifdef WITH_FLOATS
#define SAVE "sub $8, %rsp; stmxcsr (%rsp); fnstcw 4(%rsp);"
#define LOAD "ldmxcsr (%rsp); fldcw 4(%rsp); add $8, %rsp;"
enum { RAW_WORDS = 9 };
#else
#define SAVE ""
#define LOAD ""
enum { RAW_WORDS = 8 };
#endif

/* Saves the present stack in *from and goes on with `to`. */
void raw_switch(void **from, void *to);
__asm__(".text; .globl raw_switch; raw_switch:"
        "push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15;" SAVE
        "mov %rsp, (%rdi); mov %rsi, %rsp;" LOAD
        "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp; pop %rcx; jmp *%rcx");

/* A stack that a switch to it begins in entry(), which must not return. */
static inline void *raw_stack(void *top, void (*entry)(void))
{
    void **at = (void **)top - RAW_WORDS - 1;
    for (int i = 0; i < RAW_WORDS; i++) at[i] = 0;
    __asm__("stmxcsr %0; fnstcw %1" : "=m"(((uint32_t *)at)[0]), "=m"(((uint32_t *)at)[1]));
    if (RAW_WORDS == 8) at[0] = 0;
    __builtin_memcpy(&at[RAW_WORDS - 2], &entry, sizeof entry);
    return at;
}

#endif
