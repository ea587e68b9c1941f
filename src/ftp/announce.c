/* SPDX-License-Identifier: MIT */
#include "ftp/announce.h"

#include "net/address.h"

#include <errno.h>
#include <stdio.h>

int co_ftp_announced_parse(const char *rule, struct co_ftp_announced *ret)
{
    co_text text = co_text_of(rule);
    ssize_t equals = co_text_find(text, '=');
    *ret = (struct co_ftp_announced){0};
    if (equals >= 0 && co_network_parse((co_text){text.at, (size_t)equals}, &ret->network) < 0)
        return -EINVAL;
    if (co_address_of_number(rule + equals + 1, 0, &ret->address) < 0 ||
        ret->address.as.any.sa_family != AF_INET)
        return -EINVAL;
    return 0;
}

/* Networks that do not lie behind NAT as seen from within: this machine, and RFC 1918's. */
static bool is_near(const uint8_t peer[CO_CLIENT_BYTES], const uint8_t local[CO_CLIENT_BYTES])
{
    static const struct co_network near[] = {
        {{[10] = 0xff, [11] = 0xff, [12] = 127}, 96 + 8},
        {{[10] = 0xff, [11] = 0xff, [12] = 10}, 96 + 8},
        {{[10] = 0xff, [11] = 0xff, [12] = 172, [13] = 16}, 96 + 12},
        {{[10] = 0xff, [11] = 0xff, [12] = 192, [13] = 168}, 96 + 16},
        {{[10] = 0xff, [11] = 0xff, [12] = 169, [13] = 254}, 96 + 16},
    };
    if (memcmp(peer, local, CO_CLIENT_BYTES) == 0)
        return true;
    for (size_t i = 0; i < CO_LENGTH(near); i++)
        if (co_network_has(&near[i], peer))
            return co_network_has(&near[i], local);
    return false;
}

void co_ftp_announce(
    const struct co_ftp_announced *rules, size_t count, const co_address *peer, co_address *address)
{
    uint8_t from[CO_CLIENT_BYTES], to[CO_CLIENT_BYTES];
    const struct co_ftp_announced *best = NULL;
    if (!co_client_address(peer, from) || !co_client_address(address, to))
        return;
    for (size_t i = 0; i < count; i++) {
        const struct co_ftp_announced *rule = &rules[i];
        bool fits = rule->network.bits ? co_network_has(&rule->network, from) : !is_near(from, to);
        if (fits && (!best || rule->network.bits > best->network.bits))
            best = rule;
    }
    if (!best)
        return;
    unsigned port = co_address_port(address);
    *address = best->address;
    co_address_set_port(address, port);
}
