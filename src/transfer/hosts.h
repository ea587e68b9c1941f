/* SPDX-License-Identifier: MIT */
/* Which URL is next, when no host may have more than so many at work: the first in their order
 * whose host has room. */
#ifndef CO_TRANSFER_HOSTS_H
#define CO_TRANSFER_HOSTS_H

#include "transfer/insist.h"

struct co_hosts;

/* urls: count of them, borrowed; what is no URL is a host of its own name. per_host: 0: no limit.
 * Inside a fiber; does not suspend. 0 or -ENOMEM. */
int co_hosts_new(struct co_hosts **ret, const char *const *urls, size_t count, unsigned per_host);
void co_hosts_free(struct co_hosts *hosts);

/* Takes the next one. Its place among the URLs; -1 when there is none, or each has to wait until
 * another of its host is given back. */
ssize_t co_hosts_take(struct co_hosts *hosts);
/* It is done. */
void co_hosts_give(struct co_hosts *hosts, size_t index);

/* The crowd of those at work at its host. */
struct co_crowd *co_hosts_crowd(struct co_hosts *hosts, size_t index);

#endif
