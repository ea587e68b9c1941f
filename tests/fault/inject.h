/* SPDX-License-Identifier: MIT */
/* The one fault of a run: which call fails, and how. */
#ifndef CO_FAULT_INJECT_H
#define CO_FAULT_INJECT_H

#include "runtime/backend.h"

/* Beside enum co_op_code: what can fail and is no operation. */
enum {
    FAULT_SOCKET = 16,
    FAULT_CONTROL,
    FAULT_OFFLOAD,
    FAULT_POLL,
    FAULT_MEMORY, /* and a thread, a mapping, a compressor */
    FAULT_OPEN,   /* a descriptor that is not a socket */
    FAULT_READ,
    FAULT_STAT,
    FAULT_LIST,
    FAULT_CODES,
};

/* Beside errno: results that are no errors. */
enum {
    FAULT_SHORT = 10000, /* a transfer of one byte, a batch of one message */
    FAULT_END,           /* the end comes too early */
};

/* The ordinal-th call of a kind gives the error: at once, or (operations) from the next poll. */
struct fault {
    unsigned code; /* 0: none */
    int error;
    long ordinal;
    bool later;
    bool shortens; /* every transfer is as short as can be, besides */
};

void fault_set(const struct fault *fault);
const struct fault *fault_get(void);

/* Only calls between these two count. */
void fault_begin(void);
void fault_end(void);

/* Has the chosen call been reached? */
bool fault_struck(void);

/* Calls of a kind that have counted since fault_set. */
long fault_calls(unsigned code);

/* For the places where faults come in: the error that this call shall give, or 0. Threads may ask
 * at once. */
int fault_strikes(unsigned code);

#endif
