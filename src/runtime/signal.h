/* SPDX-License-Identifier: MIT */
/* Signals as events, and the naming of stack overflows. No handler of ours runs but the one for
 * SIGSEGV: the others are blocked and read from a descriptor. */
#ifndef CO_RUNTIME_SIGNAL_H
#define CO_RUNTIME_SIGNAL_H

#include "runtime/rt.h"

/* Starts the fiber that drains, cancels and dumps on SIGINT, SIGTERM and SIGUSR1. Nothing happens
 * on the virtual backend. */
void co_signals_handle(struct co_rt *rt);

/* Has a stack overflow of this thread's fibers named on stderr; ends that. The alternate stack is
 * the thread's, the handler the process's: only the last thread takes it away. */
void co_overflow_report(void);
void co_overflow_report_end(bool last);

#endif
