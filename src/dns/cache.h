/* SPDX-License-Identifier: MIT */
/* Replies kept for as long as they may be: a bounded cache, the longest unused of it leaves first.
 * Pure: time comes from the caller. */
#ifndef CO_DNS_CACHE_H
#define CO_DNS_CACHE_H

#include "dns/message.h"
#include "dns/resolvconf.h"

#define CO_DNS_CACHE_MAX        1024        /* replies: at most some 850 bytes each, mostly 150 */
#define CO_DNS_TTL_MAX          (24 * 3600) /* seconds: what changes is seen within a day */
#define CO_DNS_TTL_NEGATIVE_MAX 3600        /* RFC 2308 5 advises against more than 1 to 3 hours */

struct co_dns_cache;

/* A question, and to whom: other servers may answer otherwise (a network of another kind, a file
 * that was changed), so their answers are kept apart. */
struct co_dns_key {
    const struct co_resolv_conf *conf;
    enum co_dns_type type;
    const char *name; /* absolute, with or without its last dot, in any case */
};

/* secret: unpredictable. 0 or -ENOMEM. */
int co_dns_cache_new(struct co_dns_cache **ret, const uint64_t secret[2]);
void co_dns_cache_free(struct co_dns_cache *cache);

/* The reply, if it is kept and not too old at `now_ns`. Each time it begins with another of its
 * addresses, as servers do to share their load. */
bool co_dns_cache_get(struct co_dns_cache *cache, const struct co_dns_key *key, int64_t now_ns,
    struct co_dns_reply *ret);

/* Keeps a reply, also one that says that there is nothing, for reply->ttl_s; without memory none.
 */
void co_dns_cache_put(struct co_dns_cache *cache, const struct co_dns_key *key, int64_t now_ns,
    const struct co_dns_reply *reply);

#endif
