/* SPDX-License-Identifier: MIT */
#include "dns/name.h"

#include <net/if.h>
#include <netinet/in.h>

#define NUMBER_TEXT_MAX (INET6_ADDRSTRLEN + 1 + IF_NAMESIZE) /* with a zone, RFC 4007 11.2 */

static bool is_host_byte(char c)
{
    char lower = co_lower(c);
    return (lower >= 'a' && lower <= 'z') || co_is_digit(c) || c == '-' || c == '_';
}

static bool label_is_valid(co_text label)
{
    if (label.size == 0 || label.size > CO_LABEL_MAX || label.at[0] == '-')
        return false;
    for (size_t i = 0; i < label.size; i++)
        if (!is_host_byte(label.at[i]))
            return false;
    return true;
}

/* Digits alone, or "0x" and what follows: inet_aton(3) would read such a label as part of an IPv4
 * address, with octal and hexadecimal traps. */
static bool label_is_number(co_text label)
{
    if (label.size >= 2 && label.at[0] == '0' && co_lower(label.at[1]) == 'x')
        return true;
    for (size_t i = 0; i < label.size; i++)
        if (!co_is_digit(label.at[i]))
            return false;
    return true;
}

static co_text without_last_dot(co_text host)
{
    if (host.size && host.at[host.size - 1] == '.')
        host.size--;
    return host;
}

bool co_host_is_valid(co_text host)
{
    co_text rest = without_last_dot(host), label;
    if (rest.size == 0 || rest.size > CO_NAME_MAX)
        return false;
    for (;;) {
        ssize_t dot = co_text_find(rest, '.');
        label = (co_text){rest.at, dot < 0 ? rest.size : (size_t)dot};
        if (!label_is_valid(label))
            return false;
        if (dot < 0)
            return !label_is_number(label);
        rest = co_text_after(rest, (size_t)dot + 1);
    }
}

bool co_host_is_under(co_text host, co_text domain)
{
    host = without_last_dot(host);
    domain = without_last_dot(domain);
    if (host.size < domain.size)
        return false;
    co_text tail = co_text_after(host, host.size - domain.size);
    return co_text_equal_nocase(tail, domain) &&
           (host.size == domain.size || host.at[host.size - domain.size - 1] == '.');
}

co_address co_host_address(int family, const uint8_t *bytes, unsigned port)
{
    co_address address = {0};
    if (family == AF_INET) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
        memcpy(&in.sin_addr, bytes, sizeof in.sin_addr);
        address.size = sizeof in;
        memcpy(address.as.bytes, &in, sizeof in);
    } else {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
        memcpy(&in6.sin6_addr, bytes, sizeof in6.sin6_addr);
        address.size = sizeof in6;
        memcpy(address.as.bytes, &in6, sizeof in6);
    }
    return address;
}

int co_host_number(co_text host, unsigned port, co_address *ret)
{
    char text[NUMBER_TEXT_MAX];
    if (host.size == 0 || host.size >= sizeof text || memchr(host.at, '\0', host.size))
        return CO_EADDRESS;
    memcpy(text, host.at, host.size);
    text[host.size] = '\0';
    return co_address_of_number(text, port, ret);
}
