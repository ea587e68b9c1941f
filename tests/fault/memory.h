/* SPDX-License-Identifier: MIT */
#ifndef CO_FAULT_MEMORY_H
#define CO_FAULT_MEMORY_H

/* Lets the allocation of that number fail, counted from 1 and from now; 0: none. */
void memory_fail_at(long call);

/* Allocations tried since then. */
long memory_calls(void);

/* Allocations that have not been freed. */
long memory_alive(void);

#endif
