/* SPDX-License-Identifier: MIT */
#include "transfer/crowd.h"

#include "coronet/error.h"

#include <errno.h>

bool co_crowd_is_full(int rc, int status)
{
    bool is_cut = rc == -ECONNRESET || rc == -ECONNREFUSED || rc == CO_EEOF;
    return (rc == CO_ESTATUS && (status == 503 || status == 429)) || (is_cut && status == 0);
}

/* Who is refused goes on when another has ended, not when one was refused as well: all of them
 * would run in circles. */
int co_crowd_try(struct co_crowd *crowd, int (*attempt)(void *arg, bool *ret_refused), void *arg)
{
    for (;;) {
        uint64_t served = crowd->served;
        bool refused = false;
        crowd->active++;
        int rc = attempt(arg, &refused);
        crowd->active--;
        bool alone = crowd->active == 0 && crowd->served == served;
        crowd->served += !refused;
        if (!refused || alone) {
            co_event_set(&crowd->ended);
            return rc;
        }
        if (crowd->served != served)
            continue;
        co_event_clear(&crowd->ended);
        rc = co_event_wait(&crowd->ended);
        if (rc < 0)
            return rc;
    }
}
