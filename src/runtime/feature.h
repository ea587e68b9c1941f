/* SPDX-License-Identifier: MIT */
/* Kernel features that a test pretends not to have, so that fallbacks run on any kernel. */
#ifndef CO_RUNTIME_FEATURE_H
#define CO_RUNTIME_FEATURE_H

#include <stdbool.h>

/* Is the feature named in the comma-separated list of the environment variable CORONET_MASK? Asked
 * once, before a probe: what is masked is treated as absent. */
bool co_feature_masked(const char *name);

#endif
