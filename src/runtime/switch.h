/* SPDX-License-Identifier: MIT */
/*
 * Switching between stacks: the callee-saved registers go onto the old stack, its pointer into
 * *save, and the new stack's come back. x87 and mxcsr control words are not saved: a fiber that
 * changes the rounding mode must restore it before it waits.
 */
#ifndef CO_RUNTIME_SWITCH_H
#define CO_RUNTIME_SWITCH_H

#include <stddef.h>

/* Saves the present context into *save and continues the one saved as `to`. */
void co_switch(void **save, void *to);

/*
 * Prepares a fresh stack, whose highest usable address is `top` (16-byte aligned), so that
 * switching to the result calls entry(), which must never return.
 */
void *co_switch_prepare(void *top, size_t size, void (*entry)(void));

/* The frame pointer in a saved context, for backtraces; and its return address. */
void *co_switch_frame(void *saved, void **ret_pc);

#endif
