/* SPDX-License-Identifier: MIT */
/* Which proxy leads where. */
#ifndef CO_DIAL_PROXIES_H
#define CO_DIAL_PROXIES_H

#include "base/base.h"
#include "coronet/dial.h"

/* The proxy's URL for a place that is spoken to by that scheme; NULL: none. It is one of the
 * strings of `proxies`. */
const char *co_proxies_choose(
    const struct co_proxies *proxies, co_text scheme, co_text host, uint16_t port);

/* Does a list such as no_proxy name the place? NULL names none. */
bool co_proxies_spare(const char *list, co_text host, uint16_t port);

/* Copies them with their strings, into *ret in any case: co_proxies_free. 0 or -ENOMEM. */
int co_proxies_copy(const struct co_proxies *proxies, struct co_proxies *ret);
void co_proxies_free(struct co_proxies *proxies);

#endif
