/* SPDX-License-Identifier: MIT */
/* Signals as events, and the naming of stack overflows. No handler of ours runs but the one for
 * SIGSEGV: the others are blocked and read from a descriptor. */
#ifndef CO_RUNTIME_SIGNAL_H
#define CO_RUNTIME_SIGNAL_H

#include "runtime/rt.h"

/* Starts the fiber that drains, cancels and dumps on SIGINT, SIGTERM and SIGUSR1. Nothing happens
 * on the virtual backend. */
void co_signals_handle(struct co_rt *rt);

/* Has a stack overflow of this runtime's fibers named on stderr, if its options ask for that or
 * another runtime's do; ends that. The alternate stack is the thread's, the handler the process's.
 */
void co_overflow_watch(struct co_rt *rt);
void co_overflow_watch_end(struct co_rt *rt);

#endif
