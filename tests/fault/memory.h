/* SPDX-License-Identifier: MIT */
#ifndef CO_FAULT_MEMORY_H
#define CO_FAULT_MEMORY_H

/* Allocations that have not been freed. */
long memory_alive(void);

#endif
