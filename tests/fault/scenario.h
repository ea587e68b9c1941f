/* SPDX-License-Identifier: MIT */
#ifndef CO_FAULT_SCENARIO_H
#define CO_FAULT_SCENARIO_H

#include "coronet.h"

#include <errno.h>

/* The main fiber of every run: 0 when no fault was met, an error of any kind, or CO_EDEADLINE when
 * somebody waited for what could not come. */
int scenario(void *arg);

#endif
