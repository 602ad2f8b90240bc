/* x86_64.S: the switch for x86-64, System V calling convention: rbx, rbp, r12 to r15, the control bits of mxcsr and the
   x87 control word are kept. A saved stack has on it, from its pointer up: mxcsr and the control word (8 bytes), r15, r14,
   r13, r12, rbx, rbp, and where to go on.

   The last step is a jump and not a return: a return would be foretold by the call stack of the stack that is left. There
   is no note that claims support for shadow stacks: a switch would break one. */
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
    movl (%rsp), %eax
    movzwl 4(%rsp), %ecx
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    /* To load the words costs more than to compare them, and they are nearly always the same. The low six bits of mxcsr
       are not control: they tell what happened. */
    xorl (%rsp), %eax
    testl $0xffffffc0, %eax
    jne 3f
1:  cmpw 4(%rsp), %cx
    jne 4f
2:  addq $8, %rsp
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
    popq %rdx
    .cfi_adjust_cfa_offset -8
    .cfi_register %rip, %rdx
    jmpq *%rdx
    .cfi_endproc

    .cfi_startproc
    .cfi_def_cfa %rsp, 64
    .cfi_offset %rip, -8
    .cfi_offset %rbp, -16
    .cfi_offset %rbx, -24
    .cfi_offset %r12, -32
    .cfi_offset %r13, -40
    .cfi_offset %r14, -48
    .cfi_offset %r15, -56
3:  ldmxcsr (%rsp)
    jmp 1b
4:  fldcw 4(%rsp)
    jmp 2b
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
