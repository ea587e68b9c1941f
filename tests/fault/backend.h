/* SPDX-License-Identifier: MIT */
#ifndef CO_FAULT_BACKEND_H
#define CO_FAULT_BACKEND_H

#include "runtime/backend.h"

/* Beside enum co_op_code: the backend's calls that are no operations. */
enum { FAULT_SOCKET = 100, FAULT_CONTROL, FAULT_OFFLOAD };

#define FAULT_BACKENDS &co_backend_virtual, &co_backend_epoll, &co_backend_uring

/* The ordinal-th call of a kind fails with -error: at once, or from the next poll. */
struct fault {
    unsigned code; /* 0: none */
    int error;
    long ordinal;
    bool later;
};

void fault_set(const struct fault *fault, bool short_transfers);

/* Has the chosen call been reached? */
bool fault_struck(void);

#endif
