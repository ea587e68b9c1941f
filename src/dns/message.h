/* SPDX-License-Identifier: MIT */
/*
 * DNS messages: queries for addresses written, replies read, with c-ares' encoder and its decoder
 * of compressed names. Pure: id and case come from the caller, sockets and time are elsewhere.
 */
#ifndef CO_DNS_MESSAGE_H
#define CO_DNS_MESSAGE_H

#include "base/base.h"
#include "dns/name.h"

#define CO_DNS_QUERY_MAX   296  /* header 12, name 255, type and class 4, OPT record 11, to spare */
#define CO_DNS_UDP_MAX     1232 /* reply size that passes unfragmented (DNS flag day 2020) */
#define CO_DNS_ANSWERS_MAX 32   /* addresses of one reply that are kept; = CO_RESOLVE_MAX */
#define CO_DNS_RECORDS_MAX 256  /* of a section that are looked at: bounds the work */
#define CO_DNS_CHAIN_MAX   8    /* aliases from the name asked for to its addresses */
#define CO_DNS_CHANCE      34   /* random bytes of a query: its id and a bit for each letter */

enum co_dns_type {
    CO_DNS_A = 1,     /* RFC 1035 3.2.2 */
    CO_DNS_AAAA = 28, /* RFC 3596 2.1 */
};

enum co_dns_rcode { /* RFC 1035 4.1.1 */
    CO_DNS_NOERROR = 0,
    CO_DNS_FORMERR = 1,
    CO_DNS_NXDOMAIN = 3,
};

struct co_dns_query {
    uint8_t bytes[CO_DNS_QUERY_MAX];
    size_t size, question_end;
    enum co_dns_type type;
};

struct co_dns_reply {
    unsigned rcode;
    bool truncated; /* to be asked for again by TCP; nothing else of it is used */
    uint32_t ttl_s; /* how long it may be kept, in seconds; 0: not at all */
    unsigned count;
    uint8_t addresses[CO_DNS_ANSWERS_MAX][16]; /* A: the first four bytes of each */
};

/*
 * Writes a query. name: a valid host name, taken as absolute. extended: with an OPT record
 * (RFC 6891), which a server from before it may refuse with FORMERR. chance: the id, and which
 * letters become upper case, so that an answer which was not read from this query hardly
 * echoes it (draft-vixie-dnsext-dns0x20). 0, CO_EINVALID, -ENOMEM.
 */
int co_dns_query_write(const char *name, enum co_dns_type type, bool extended,
    const uint8_t chance[CO_DNS_CHANCE], struct co_dns_query *ret);

/* Whether the message is a reply to this very query: id and question are echoed to the byte
 * (RFC 5452 9.1). Anything else must be ignored, as if it had not come. */
bool co_dns_reply_matches(const struct co_dns_query *query, const uint8_t *bytes, size_t size);

/* Reads a reply that matches. 0, also when there are no addresses; CO_EPROTO when malformed, when
 * its chain of aliases is too long or a loop, or leads to what is no host name; -ENOMEM. */
int co_dns_reply_read(
    const struct co_dns_query *query, const uint8_t *bytes, size_t size, struct co_dns_reply *ret);

#endif
