/* x86_64.S: the switch for x86-64, System V calling convention: rbx, rbp, r12 to r15, the control bits of mxcsr and the
   x87 control word are kept. A saved stack has on it, from its pointer up: mxcsr and the control word (8 bytes), r15, r14,
   r13, r12, rbx, rbp, and where to go on.

   The last step is a return. Processors foretell it, and those after it, by the calls of the stack that is left; nearly
   always that one was left by the same calls as the other, or at least by the same innermost ones. (A jump would be
   foretold by its history, but leave all returns after it off by one.) There is no note that claims support for shadow
   stacks: a switch would break one. */
#if defined __x86_64__ && defined __linux__ && !defined PLAIT_PORTABLE_SWITCH

    .text
    .globl plait_stack_switch
    .hidden plait_stack_switch
    .type plait_stack_switch, @function
    .p2align 4
plait_stack_switch:
    .cfi_startproc
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
    pushq %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbx, 0
    pushq %r12
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r12, 0
    pushq %r13
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r13, 0
    pushq %r14
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r14, 0
    pushq %r15
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r15, 0
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    /* To compare the words first, and load them only where they differ, takes longer: what stmxcsr has stored comes late.
       The low six bits of mxcsr, which say what happened and are no control, so become each stack's own. */
    ldmxcsr (%rsp)
    fldcw 4(%rsp)
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    popq %r15
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r15
    popq %r14
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r14
    popq %r13
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r13
    popq %r12
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r12
    popq %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbx
    popq %rbp
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbp
    xorl %eax, %eax
    retq
    .cfi_endproc

    .size plait_stack_switch, . - plait_stack_switch

/* Where a new stack begins: r12 is the function, r13 its argument. Nobody called this, and unwinders are told so. */
    .globl plait_stack_begin
    .hidden plait_stack_begin
    .type plait_stack_begin, @function
    .p2align 4
plait_stack_begin:
    .cfi_startproc
    .cfi_undefined %rip
    xorl %ebp, %ebp
    movq %r13, %rdi
    callq *%r12
    ud2
    .cfi_endproc
    .size plait_stack_begin, . - plait_stack_begin
#endif
    .section .note.GNU-stack, "", %progbits
