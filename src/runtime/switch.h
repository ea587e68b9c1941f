/* SPDX-License-Identifier: MIT */
/*
 * Switching between stacks: the callee-saved registers go onto the old stack, its pointer into
 * *save, and the new stack's come back. x87 and mxcsr control words are not saved: a fiber that
 * changes the rounding mode must restore it before it waits.
 */
#ifndef CO_RUNTIME_SWITCH_H
#define CO_RUNTIME_SWITCH_H

#include <stddef.h>

#if defined(__x86_64__) && !defined(CO_SWITCH_UCONTEXT)

/*
 * Saves the present context into *save and continues the one saved as `to`. Inline, and left by a
 * jump: a call or return here would put the processor's stack of return addresses out of step, and
 * every return after a switch would be predicted wrong (24 ns a switch instead of 9). The compiler
 * saves what it needs of the registers that are named as lost; the red zone is stepped over.
 */
static inline __attribute__((always_inline)) void co_switch(void **save, void *to)
{
    __asm__ volatile("leaq -128(%%rsp), %%rsp\n\t"
                     "pushq %%rbp\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "movq %%rsp, (%0)\n\t"
                     "movq %1, %%rsp\n\t"
                     "popq %%rax\n\t"
                     "popq %%rbp\n\t"
                     "leaq 128(%%rsp), %%rsp\n\t"
                     "notrack jmp *%%rax\n"
                     "1:"
                     : "+D"(save), "+S"(to)
                     :
                     : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
                     "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
                     "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "cc", "memory");
}

#else

/* Saves the present context into *save and continues the one saved as `to`. */
void co_switch(void **save, void *to);

#endif

/*
 * Prepares a fresh stack, whose highest usable address is `top` (16-byte aligned), so that
 * switching to the result calls entry(), which must never return.
 */
void *co_switch_prepare(void *top, size_t size, void (*entry)(void));

/* The frame pointer in a saved context, for backtraces; and its return address. */
void *co_switch_frame(void *saved, void **ret_pc);

#endif
