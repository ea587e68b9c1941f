/* SPDX-License-Identifier: MIT */
/*
 * The rules of RFC 6724 6 that the system's answers allow: 1 (usable), 2 (scope), 5 (label),
 * 6 (precedence), 8 (smaller scope), 9 (longest prefix) and 10 (as it stood). Rules 3, 4 and 7 need
 * to know deprecated, home and tunnel addresses. Rule 9 is kept to IPv6: with IPv4 it would undo
 * the shuffling by which servers share their load, for no gain with provider-independent networks.
 */
#include "dns/order.h"

#include "coronet/datagram.h"
#include "coronet/dial.h"
#include "net/address.h"

#include <netinet/in.h>

#define SOURCE_PREFIX_BITS                                                                         \
 64                  /* of an IPv6 interface (RFC 4291 2.5.1), the most rule 9 compares            \
                      */
#define PROBE_PORT 9 /* discard: a datagram socket's connect needs one; nothing is sent */

enum { SCOPE_LINK = 2, SCOPE_SITE = 5, SCOPE_GLOBAL = 14 };

/* RFC 6724 2.1, the longest prefix first. */
static const struct policy {
    uint8_t prefix[16];
    unsigned bits, precedence, label;
} policies[] = {
    {{[15] = 1}, 128, 50, 0},                /* ::1 */
    {{[10] = 0xff, [11] = 0xff}, 96, 35, 4}, /* IPv4 */
    {{0}, 96, 1, 3},                         /* IPv4-compatible */
    {{0x20, 0x01}, 32, 5, 5},                /* Teredo */
    {{0x20, 0x02}, 16, 30, 2},               /* 6to4 */
    {{0x3f, 0xfe}, 16, 1, 12},               /* 6bone */
    {{0xfe, 0xc0}, 10, 1, 11},               /* site-local */
    {{0xfc}, 7, 3, 13},                      /* unique local */
    {{0}, 0, 40, 1},
};

static unsigned common_bits(const uint8_t *a, const uint8_t *b, unsigned max)
{
    unsigned bits = 0;
    while (bits < max && ((a[bits / 8] ^ b[bits / 8]) >> (7 - bits % 8)) % 2 == 0)
        bits++;
    return bits;
}

static const struct policy *policy_of(const uint8_t *address)
{
    const struct policy *policy = policies;
    while (common_bits(address, policy->prefix, policy->bits) < policy->bits)
        policy++;
    return policy;
}

static bool is_ipv4(const uint8_t *address)
{
    return common_bits(address, policies[1].prefix, 96) == 96;
}

/* RFC 6724 3.1 and 3.2. */
static int scope_of(const uint8_t *address)
{
    if (is_ipv4(address))
        return address[12] == 127 || (address[12] == 169 && address[13] == 254) ? SCOPE_LINK
                                                                                : SCOPE_GLOBAL;
    if (address[0] == 0xff)
        return address[1] & 0xf;
    if (common_bits(address, policies[0].prefix, 128) == 128)
        return SCOPE_LINK;
    if (address[0] == 0xfe && (address[1] & 0xc0) == 0x80)
        return SCOPE_LINK;
    return address[0] == 0xfe && (address[1] & 0xc0) == 0xc0 ? SCOPE_SITE : SCOPE_GLOBAL;
}

/* Negative when `a` alone is true. */
static int prefer(bool a, bool b)
{
    return (int)b - (int)a;
}

static int compare_prefix(const struct co_route *a, const struct co_route *b)
{
    if (is_ipv4(a->destination) || is_ipv4(b->destination))
        return 0;
    return (int)common_bits(b->destination, b->source, SOURCE_PREFIX_BITS) -
           (int)common_bits(a->destination, a->source, SOURCE_PREFIX_BITS);
}

int co_route_compare(const struct co_route *a, const struct co_route *b)
{
    const struct policy *policy_a = policy_of(a->destination);
    const struct policy *policy_b = policy_of(b->destination);
    int scope_a = scope_of(a->destination), scope_b = scope_of(b->destination);
    int by = prefer(a->usable, b->usable); /* rule 1 */
    if (by || !a->usable)
        return by;
    by = prefer(scope_a == scope_of(a->source), scope_b == scope_of(b->source)); /* rule 2 */
    if (by == 0)
        by = prefer(policy_a->label == policy_of(a->source)->label,
            policy_b->label == policy_of(b->source)->label); /* rule 5 */
    if (by == 0)
        by = (int)policy_b->precedence - (int)policy_a->precedence; /* rule 6 */
    if (by == 0)
        by = scope_a - scope_b;            /* rule 8 */
    return by ? by : compare_prefix(a, b); /* rules 9, 10 */
}

static void mapped_bytes(const co_address *address, uint8_t ret[16])
{
    if (address->as.any.sa_family == AF_INET) {
        memcpy(ret, policies[1].prefix, 12);
        memcpy(ret + 12, address->as.bytes + offsetof(struct sockaddr_in, sin_addr), 4);
    } else {
        memcpy(ret, address->as.bytes + offsetof(struct sockaddr_in6, sin6_addr), 16);
    }
}

static void route_find(const co_address *address, struct co_route *ret)
{
    char where[CO_ADDRESS_TEXT_MAX];
    co_address probe = *address;
    co_socket *socket;
    mapped_bytes(address, ret->destination);
    co_address_set_port(&probe, PROBE_PORT);
    ret->usable = co_udp_connect(&socket, co_address_text(&probe, where)) == 0;
    if (!ret->usable)
        return;
    mapped_bytes(co_udp_address(socket), ret->source);
    co_udp_close(socket);
}

/* Insertion keeps the order of equals (rule 10), and there are few. */
static void insert_last(co_address *addresses, struct co_route *routes, unsigned count)
{
    co_address address = addresses[count - 1];
    struct co_route route = routes[count - 1];
    unsigned at = count - 1;
    for (; at > 0 && co_route_compare(&route, &routes[at - 1]) < 0; at--) {
        addresses[at] = addresses[at - 1];
        routes[at] = routes[at - 1];
    }
    addresses[at] = address;
    routes[at] = route;
}

void co_order_addresses(co_address *addresses, unsigned count)
{
    struct co_route routes[CO_RESOLVE_MAX];
    if (count < 2)
        return;
    for (unsigned i = 0; i < count && i < CO_RESOLVE_MAX; i++) {
        route_find(&addresses[i], &routes[i]);
        insert_last(addresses, routes, i + 1);
    }
}
