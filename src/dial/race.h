/* SPDX-License-Identifier: MIT */
/* Happy eyeballs (RFC 8305): several addresses, one connection. */
#ifndef CO_DIAL_RACE_H
#define CO_DIAL_RACE_H

#include "coronet/net.h"

/* Connects to one address. Suspends and obeys the scope. */
typedef int co_race_connect(co_stream **ret, const co_address *address, void *arg);

struct co_race {
    const co_address *addresses;
    unsigned count;
    int64_t delay_ms; /* between the starts of attempts that neither succeed nor fail */
    co_race_connect *connect;
    void *arg;
};

/*
 * Tries the addresses in their order, each beside those before it, until one is connected; the
 * others are cancelled, and what they had connected by then is aborted. Suspends.
 * Returns: 0; the error of the last attempt that failed; CO_ECANCELED, CO_EDEADLINE, -ENOMEM.
 */
int co_race_run(const struct co_race *race, co_stream **ret);

/* Lets the families take turns, beginning with the first address's, each in its own order
 * (RFC 8305 4, with a First Address Family Count of 1). Pure. */
void co_race_interleave(co_address *addresses, unsigned count);

#endif
