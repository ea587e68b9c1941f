/* SPDX-License-Identifier: MIT */
#ifndef CO_FAULT_BACKEND_H
#define CO_FAULT_BACKEND_H

#include "runtime/backend.h"

#define FAULT_BACKENDS &co_backend_virtual, &co_backend_epoll, &co_backend_uring

/* Forgets the run before. */
void fault_backend_reset(void);

#endif
