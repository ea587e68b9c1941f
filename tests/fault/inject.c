/* SPDX-License-Identifier: MIT */
#include "inject.h"

#include <stdatomic.h>

static struct fault fault;
static atomic_long calls[FAULT_CODES];
static atomic_bool counts;

void fault_set(const struct fault *next)
{
    fault = *next;
    for (size_t i = 0; i < FAULT_CODES; i++)
        atomic_store(&calls[i], 0);
    atomic_store(&counts, false);
}

const struct fault *fault_get(void)
{
    return &fault;
}

void fault_begin(void)
{
    atomic_store(&counts, true);
}

void fault_end(void)
{
    atomic_store(&counts, false);
}

long fault_calls(unsigned code)
{
    return atomic_load(&calls[code]);
}

bool fault_struck(void)
{
    return fault.code && fault_calls(fault.code) >= fault.ordinal;
}

int fault_strikes(unsigned code)
{
    if (!atomic_load(&counts))
        return 0;
    long number = atomic_fetch_add(&calls[code], 1) + 1;
    return fault.code == code && fault.ordinal == number ? fault.error : 0;
}
