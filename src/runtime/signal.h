/* SPDX-License-Identifier: MIT */
/* Signals as events, and the naming of stack overflows. No handler of ours runs but the one for
 * SIGSEGV: the others are blocked and read from a descriptor. */
#ifndef CO_RUNTIME_SIGNAL_H
#define CO_RUNTIME_SIGNAL_H

#include "runtime/rt.h"

/* Starts the fiber that drains, cancels and dumps on SIGINT, SIGTERM and SIGUSR1, and has a stack
 * overflow reported. Nothing happens on the virtual backend. */
void co_signals_handle(struct co_rt *rt);
void co_signals_restore(struct co_rt *rt);

#endif
