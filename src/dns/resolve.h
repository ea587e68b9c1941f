/* SPDX-License-Identifier: MIT */
#ifndef CO_DNS_RESOLVE_H
#define CO_DNS_RESOLVE_H

#include "coronet/dial.h"

/* co_resolve for one who will connect: once there are addresses of one family, the other's are
 * waited for only hurry_ms longer (0: no hurry). No detail is recorded; CO_EPROTO: as
 * co_dns_lookup. */
int co_resolve_hurried(const char *host, unsigned port, const struct co_resolve_options *options,
    int64_t hurry_ms, co_address *ret);

/* Records the sentence for a look-up's failure and returns the code, as co_resolve has it. */
int co_resolve_fail(int code, const char *host);

#endif
