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

/* An interface's address with our port; false when nobody would use it: loopback has a line of its
 * own, link-local addresses need a zone that browsers do not take. */
static bool usable(const struct ifaddrs *entry, unsigned port, co_address *ret)
{
    union {
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } as = {0};
    if (!entry->ifa_addr || !(entry->ifa_flags & IFF_UP) || (entry->ifa_flags & IFF_LOOPBACK))
        return false;
    if (entry->ifa_addr->sa_family == AF_INET) {
        memcpy(&as.v4, entry->ifa_addr, sizeof as.v4);
        as.v4.sin_port = htons((uint16_t)port);
        *ret = (co_address){.size = sizeof as.v4};
    } else if (entry->ifa_addr->sa_family == AF_INET6) {
        memcpy(&as.v6, entry->ifa_addr, sizeof as.v6);
        as.v6.sin6_port = htons((uint16_t)port);
        if (IN6_IS_ADDR_LINKLOCAL(&as.v6.sin6_addr))
            return false;
        *ret = (co_address){.size = sizeof as.v6};
    } else {
        return false;
    }
    memcpy(ret->as.bytes, &as, ret->size);
    return true;
}

unsigned co_greet_interfaces(unsigned port, co_address *ret, unsigned room)
{
    struct ifaddrs *all;
    unsigned count = 0;
    if (getifaddrs(&all) < 0)
        return 0;
    for (const struct ifaddrs *entry = all; entry && count < room; entry = entry->ifa_next)
        count += usable(entry, port, &ret[count]);
    freeifaddrs(all);
    return count;
}

static void interfaces(const char *scheme, const co_address *address)
{
    char url[CO_GREET_URL_MAX];
    static co_address own[CO_INTERFACES_MAX];
    bool only_v4 = address->as.any.sa_family == AF_INET;
    unsigned count = co_greet_interfaces(co_address_port(address), own, CO_INTERFACES_MAX);
    for (unsigned i = 0; i < count; i++)
        if (!only_v4 || own[i].as.any.sa_family == AF_INET)
            co_say("  others see %s", co_greet_url(scheme, &own[i], url));
}

void co_greet_listening(const char *scheme, const co_address *address, bool for_people)
{
    char url[CO_GREET_URL_MAX];
    co_say("listening %s", co_greet_url(scheme, address, url));
    if (for_people && co_greet_is_everywhere(address))
        interfaces(scheme, address);
}
