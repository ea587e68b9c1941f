/* SPDX-License-Identifier: MIT */
/* What can fail, and how. */
#ifndef CO_FAULT_KINDS_H
#define CO_FAULT_KINDS_H

#include "inject.h"

struct fault_kind {
    unsigned code;
    const char *name;
    int errors[12]; /* ends with 0 */
};

#define FAULT_KINDS 17

extern const struct fault_kind fault_kinds[FAULT_KINDS];

#endif
