/* SPDX-License-Identifier: MIT */
/*
 * Three implementations: x86-64 (its switch is inline, in the header) and aarch64 in assembly,
 * ucontext for the rest, or with -DCO_SWITCH_UCONTEXT, which the tests build too. The entry's frame
 * pointer is zero and its return address undefined, so that unwinders stop there.
 */
#include "runtime/switch.h"

#include <stdint.h>

#if defined(__x86_64__) && !defined(CO_SWITCH_UCONTEXT)

__asm__(".text\n"
        ".globl co_switch_entry\n"
        ".hidden co_switch_entry\n"
        ".type co_switch_entry, @function\n"
        "co_switch_entry:\n"
        "    .cfi_startproc\n"
        "    .cfi_undefined rip\n"
        "    endbr64\n"
        "    popq %rbx\n"
        "    xorl %ebp, %ebp\n"
        "    callq *%rbx\n"
        "    ud2\n"
        "    .cfi_endproc\n"
        ".size co_switch_entry, .-co_switch_entry\n");

__attribute__((visibility("hidden"))) void co_switch_entry(void);

# define RED_ZONE_WORDS 16 /* 128 bytes, as co_switch steps over */

void *co_switch_prepare(void *top, size_t size, void (*entry)(void))
{
    (void)size;
    uintptr_t *sp = (uintptr_t *)top - 2; /* two words of zero end the chain of frames */
    sp[0] = sp[1] = 0;
    *--sp = (uintptr_t)entry; /* popped by co_switch_entry: the stack is aligned then */
    sp -= RED_ZONE_WORDS;
    *--sp = 0; /* rbp */
    *--sp = (uintptr_t)co_switch_entry;
    return sp;
}

void *co_switch_frame(void *saved, void **ret_pc)
{
    uintptr_t *sp = saved;
    *ret_pc = (void *)sp[0];
    return (void *)sp[1];
}

#elif defined(__aarch64__) && !defined(CO_SWITCH_UCONTEXT)

__asm__(".text\n"
        ".globl co_switch\n"
        ".hidden co_switch\n"
        ".type co_switch, %function\n"
        ".p2align 4\n"
        "co_switch:\n"
        "    hint #34\n" /* bti c */
        "    sub sp, sp, #160\n"
        "    stp x29, x30, [sp, #0]\n"
        "    stp x19, x20, [sp, #16]\n"
        "    stp x21, x22, [sp, #32]\n"
        "    stp x23, x24, [sp, #48]\n"
        "    stp x25, x26, [sp, #64]\n"
        "    stp x27, x28, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mov x9, sp\n"
        "    str x9, [x0]\n"
        "    mov sp, x1\n"
        "    ldp x29, x30, [sp, #0]\n"
        "    ldp x19, x20, [sp, #16]\n"
        "    ldp x21, x22, [sp, #32]\n"
        "    ldp x23, x24, [sp, #48]\n"
        "    ldp x25, x26, [sp, #64]\n"
        "    ldp x27, x28, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #160\n"
        "    ret\n"
        ".size co_switch, .-co_switch\n"
        /* global: the linker makes no GOT entry for a local symbol but the section's */
        ".globl co_switch_entry\n"
        ".hidden co_switch_entry\n"
        ".type co_switch_entry, %function\n"
        "co_switch_entry:\n"
        "    .cfi_startproc\n"
        "    .cfi_undefined x30\n"
        "    hint #36\n" /* bti j */
        "    mov x29, xzr\n"
        "    blr x19\n"
        "    brk #1\n"
        "    .cfi_endproc\n"
        ".size co_switch_entry, .-co_switch_entry\n");

__attribute__((visibility("hidden"))) void co_switch_entry(void);

# define FRAME_WORDS 20 /* 160 bytes */

void *co_switch_prepare(void *top, size_t size, void (*entry)(void))
{
    (void)size;
    uintptr_t *sp = (uintptr_t *)top - FRAME_WORDS;
    for (int i = 0; i < FRAME_WORDS; i++)
        sp[i] = 0;
    sp[1] = (uintptr_t)co_switch_entry; /* x30 */
    sp[2] = (uintptr_t)entry;           /* x19 */
    return sp;
}

void *co_switch_frame(void *saved, void **ret_pc)
{
    uintptr_t *sp = saved;
    *ret_pc = (void *)sp[1];
    return (void *)sp[0];
}

#else

# include <ucontext.h>

/* The contexts lie on the stacks themselves: a saved one in the frame of co_switch, a fresh one at
 * the top. */
void co_switch(void **save, void *to)
{
    ucontext_t here;
    *save = &here;
    swapcontext(&here, to);
}

void *co_switch_prepare(void *top, size_t size, void (*entry)(void))
{
    ucontext_t *context = (ucontext_t *)(((uintptr_t)top - sizeof *context) & ~(uintptr_t)63);
    getcontext(context);
    context->uc_stack.ss_sp = (char *)top - size;
    context->uc_stack.ss_size = (size_t)((char *)context - ((char *)top - size));
    context->uc_link = NULL;
    makecontext(context, entry, 0);
    return context;
}

void *co_switch_frame(void *saved, void **ret_pc)
{
    (void)saved;
    *ret_pc = NULL;
    return NULL;
}

#endif
