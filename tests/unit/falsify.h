/* SPDX-License-Identifier: MIT */
/* The running backend, with a call or two of a test's own in place of its. */
#ifndef CO_TEST_FALSIFY_H
#define CO_TEST_FALSIFY_H

#include "runtime/rt.h"

static const struct co_backend *honest;

/* From now on this runtime's calls go through the copy that is returned, to be changed. */
static inline struct co_backend *falsify(void)
{
    static struct co_backend copy;
    honest = co_rt_current()->backend;
    copy = *honest;
    co_rt_current()->backend = &copy;
    return &copy;
}

static inline void falsify_end(void)
{
    co_rt_current()->backend = honest;
}

/* ---- a calendar that jumps ------------------------------------------------------------------- */

#define TEN_YEARS (3652 * 86400LL) /* seconds */

static int64_t calendar_jump; /* seconds */

static inline int64_t jumped_wall(struct co_rt *rt)
{
    return honest->wall(rt) + calendar_jump * CO_SECOND;
}

#endif
