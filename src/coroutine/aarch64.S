/* aarch64.S: the switch for aarch64, AAPCS64: x19 to x30, the low halves of v8 to v15, and fpcr are kept. A saved stack has
   on it, from its pointer up: x19 to x30 in pairs, d8 to d15 in pairs, fpcr, and 8 bytes that keep it aligned to 16.

   The last step is a return, foretold as told in x86_64.S. There is no note that claims support for guarded control stacks: a switch would break one. */
#if defined __aarch64__ && defined __linux__ && !defined PLAIT_PORTABLE_SWITCH

    .text
    .globl plait_stack_switch
    .hidden plait_stack_switch
    .type plait_stack_switch, %function
    .p2align 4
plait_stack_switch:
    .cfi_startproc
    sub sp, sp, #176
    .cfi_def_cfa_offset 176
    stp x19, x20, [sp, #0]
    .cfi_offset x19, -176
    .cfi_offset x20, -168
    stp x21, x22, [sp, #16]
    .cfi_offset x21, -160
    .cfi_offset x22, -152
    stp x23, x24, [sp, #32]
    .cfi_offset x23, -144
    .cfi_offset x24, -136
    stp x25, x26, [sp, #48]
    .cfi_offset x25, -128
    .cfi_offset x26, -120
    stp x27, x28, [sp, #64]
    .cfi_offset x27, -112
    .cfi_offset x28, -104
    stp x29, x30, [sp, #80]
    .cfi_offset x29, -96
    .cfi_offset x30, -88
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mrs x9, fpcr
    str x9, [sp, #160]
    mov x10, sp
    str x10, [x0]
    mov sp, x1
    ldr x10, [sp, #160]
    cmp x9, x10
    b.eq 1f
    msr fpcr, x10
1:  ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #176
    .cfi_def_cfa_offset 0
    mov w0, #0
    ret
    .cfi_endproc
    .size plait_stack_switch, . - plait_stack_switch

/* Where a new stack begins: x19 is the function, x20 its argument. Nobody called this, and unwinders are told so. */
    .globl plait_stack_begin
    .hidden plait_stack_begin
    .type plait_stack_begin, %function
    .p2align 4
plait_stack_begin:
    .cfi_startproc
    .cfi_undefined x30
    mov x29, xzr
    mov x0, x20
    blr x19
    brk #1
    .cfi_endproc
    .size plait_stack_begin, . - plait_stack_begin
#endif
    .section .note.GNU-stack, "", %progbits
