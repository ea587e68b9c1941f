/* SPDX-License-Identifier: MIT */
/* Attempts at one server at once: servers limit their number, and who is refused for that waits for
 * another. */
#ifndef CO_TRANSFER_CROWD_H
#define CO_TRANSFER_CROWD_H

#include "coronet/sync.h"

/* All zeros at first. */
struct co_crowd {
    unsigned active; /* attempts under way */
    uint64_t served; /* attempts that the server has let in */
    co_event ended;  /* one of them, whatever came of it */
};

/* Does a server refuse so whoever is one too many? 503 and 429, or a connection that is cut before
 * any response: status 0. */
bool co_crowd_is_full(int rc, int status);

/* One attempt, which says whether it was refused so. Returned otherwise, or where no other is under
 * way, whatever it has returned; refused while others are, it is tried again once one has ended.
 * Suspends. CO_ECANCELED and the like while it waits. */
int co_crowd_try(struct co_crowd *crowd, int (*attempt)(void *arg, bool *ret_refused), void *arg);

#endif
