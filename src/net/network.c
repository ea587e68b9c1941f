/* SPDX-License-Identifier: MIT */
#include "net/network.h"

#include <arpa/inet.h>
#include <errno.h>

int co_network_parse(co_text cidr, struct co_network *ret)
{
    char host[INET6_ADDRSTRLEN];
    ssize_t slash = co_text_find(cidr, '/');
    co_text name = {cidr.at, slash < 0 ? cidr.size : (size_t)slash};
    uint64_t bits = 0;
    if (name.size >= sizeof host)
        return -EINVAL;
    memcpy(host, name.at, name.size);
    host[name.size] = '\0';
    bool is_v4 = inet_pton(AF_INET, host, ret->address + 12) == 1;
    if (is_v4)
        memcpy(ret->address, co_client_mapped, sizeof co_client_mapped);
    else if (inet_pton(AF_INET6, host, ret->address) != 1)
        return -EINVAL;
    unsigned most = is_v4 ? 32 : 128;
    if (slash < 0)
        bits = most;
    else if (co_text_number(co_text_after(cidr, (size_t)slash + 1), most, &bits) < 0)
        return -EINVAL;
    ret->bits = (uint8_t)(is_v4 ? bits + 96 : bits);
    return 0;
}

bool co_network_has(const struct co_network *network, const uint8_t address[CO_CLIENT_BYTES])
{
    unsigned whole = network->bits / 8, rest = network->bits % 8;
    if (memcmp(network->address, address, whole) != 0)
        return false;
    return rest == 0 || (network->address[whole] ^ address[whole]) >> (8 - rest) == 0;
}
