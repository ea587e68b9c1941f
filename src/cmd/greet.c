/* SPDX-License-Identifier: MIT */
#include "cmd/greet.h"

#include "cmd/message.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

char *co_greet_url(const char *scheme, const co_address *address, char ret_url[CO_GREET_URL_MAX])
{
    char text[CO_ADDRESS_TEXT_MAX];
    co_address_text(address, text);
    bool is_unix = strncmp(text, "unix:", 5) == 0;
    if (is_unix)
        snprintf(ret_url, CO_GREET_URL_MAX, "%s", text);
    else
        snprintf(ret_url, CO_GREET_URL_MAX, "%s://%s/", scheme, text);
    return ret_url;
}

bool co_greet_is_everywhere(const co_address *address)
{
    union {
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } as;
    if (address->size > sizeof as)
        return false;
    memcpy(&as, address->as.bytes, address->size);
    if (address->as.any.sa_family == AF_INET)
        return as.v4.sin_addr.s_addr == INADDR_ANY;
    return address->as.any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&as.v6.sin6_addr);
}

/* False when nobody would use it: loopback has a line of its own, link-local addresses need a zone
 * that browsers do not take. */
static bool usable(const struct ifaddrs *entry, co_address *ret)
{
    struct sockaddr_in6 v6;
    if (!entry->ifa_addr || !(entry->ifa_flags & IFF_UP) || (entry->ifa_flags & IFF_LOOPBACK))
        return false;
    switch (entry->ifa_addr->sa_family) {
    case AF_INET: *ret = (co_address){.size = sizeof(struct sockaddr_in)}; break;
    case AF_INET6:
        memcpy(&v6, entry->ifa_addr, sizeof v6);
        if (IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr))
            return false;
        *ret = (co_address){.size = sizeof v6};
        break;
    default: return false;
    }
    memcpy(ret->as.bytes, entry->ifa_addr, ret->size);
    return true;
}

void co_greet_interfaces(struct co_interfaces *ret)
{
    struct ifaddrs *all;
    ret->count = 0;
    if (getifaddrs(&all) < 0)
        return;
    for (const struct ifaddrs *entry = all; entry && ret->count < CO_INTERFACES_MAX;
         entry = entry->ifa_next)
        ret->count += usable(entry, &ret->at[ret->count]);
    freeifaddrs(all);
}

static co_address with_port(const co_address *own, unsigned port)
{
    struct sockaddr_in v4; /* IPv6 has it at the same place */
    co_address address = *own;
    memcpy(&v4, address.as.bytes, sizeof v4);
    v4.sin_port = htons((uint16_t)port);
    memcpy(address.as.bytes, &v4, sizeof v4);
    return address;
}

static void say_others(
    const char *scheme, const co_address *address, const struct co_interfaces *interfaces)
{
    char url[CO_GREET_URL_MAX];
    bool only_v4 = address->as.any.sa_family == AF_INET;
    for (unsigned i = 0; i < interfaces->count; i++) {
        co_address own = with_port(&interfaces->at[i], co_address_port(address));
        if (!only_v4 || own.as.any.sa_family == AF_INET)
            co_say("  others see %s", co_greet_url(scheme, &own, url));
    }
}

void co_greet_listening(
    const char *scheme, const co_address *address, const struct co_interfaces *interfaces)
{
    char url[CO_GREET_URL_MAX];
    co_say("listening %s", co_greet_url(scheme, address, url));
    if (co_greet_is_everywhere(address))
        say_others(scheme, address, interfaces);
}
