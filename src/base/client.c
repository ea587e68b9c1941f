/* SPDX-License-Identifier: MIT */
#include "base/client.h"

#include <netinet/in.h>
#include <stdio.h>

const uint8_t co_client_mapped[12] = {[10] = 0xff, [11] = 0xff};

bool co_client_address(const co_address *peer, uint8_t ret[CO_CLIENT_BYTES])
{
    if (peer->size == 0)
        return false;
    if (peer->as.any.sa_family == AF_INET) {
        memcpy(ret, co_client_mapped, sizeof co_client_mapped);
        memcpy(ret + 12, peer->as.bytes + offsetof(struct sockaddr_in, sin_addr), 4);
        return true;
    }
    if (peer->as.any.sa_family != AF_INET6)
        return false;
    memcpy(ret, peer->as.bytes + offsetof(struct sockaddr_in6, sin6_addr), 16);
    return true;
}

void co_client_widen(uint8_t address[CO_CLIENT_BYTES])
{
    if (memcmp(address, co_client_mapped, sizeof co_client_mapped) != 0)
        memset(address + 8, 0, 8);
}

bool co_client_is_local(const co_address *peer)
{
    static const uint8_t loopback[CO_CLIENT_BYTES] = {[15] = 1};
    uint8_t address[CO_CLIENT_BYTES];
    if (!co_client_address(peer, address))
        return true;
    if (memcmp(address, co_client_mapped, sizeof co_client_mapped) == 0)
        return address[12] == 127;
    return memcmp(address, loopback, sizeof loopback) == 0;
}

co_text co_client_anonymous(const co_address *peer, char room[CO_CLIENT_ANONYMOUS_MAX])
{
    uint8_t address[CO_CLIENT_BYTES];
    int size = snprintf(room, CO_CLIENT_ANONYMOUS_MAX, "anonymous:");
    for (size_t i = 0; co_client_address(peer, address) && i < sizeof address; i++)
        size += snprintf(room + size, CO_CLIENT_ANONYMOUS_MAX - (size_t)size, "%02x", address[i]);
    return (co_text){room, (size_t)size};
}
