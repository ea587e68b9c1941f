/* SPDX-License-Identifier: MIT */
#include "net/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

static struct sockaddr_in *as_v4(const co_address *address)
{
    return (struct sockaddr_in *)(uintptr_t)&address->as.any;
}

static struct sockaddr_in6 *as_v6(const co_address *address)
{
    return (struct sockaddr_in6 *)(uintptr_t)&address->as.any;
}

static struct sockaddr_un *as_unix(const co_address *address)
{
    return (struct sockaddr_un *)(uintptr_t)&address->as.any;
}

static int v6_parse(const char *host, co_address *ret)
{
    char number[INET6_ADDRSTRLEN];
    const char *zone = strchr(host, '%');
    size_t size = zone ? (size_t)(zone - host) : strlen(host);
    struct sockaddr_in6 *v6 = as_v6(ret);
    uint64_t index = 0;
    if (size >= sizeof number)
        return CO_EADDRESS;
    memcpy(number, host, size);
    number[size] = '\0';
    if (inet_pton(AF_INET6, number, &v6->sin6_addr) != 1)
        return CO_EADDRESS;
    if (zone && co_text_number(co_text_of(zone + 1), UINT32_MAX, &index) < 0) {
        index = if_nametoindex(zone + 1);
        if (index == 0)
            return CO_EADDRESS;
    }
    v6->sin6_scope_id = (uint32_t)index;
    v6->sin6_family = AF_INET6;
    ret->size = sizeof *v6;
    return 0;
}

int co_address_of_number(const char *host, unsigned port, co_address *ret)
{
    co_address address = {0};
    if (inet_pton(AF_INET, host, &as_v4(&address)->sin_addr) == 1) {
        as_v4(&address)->sin_family = AF_INET;
        address.size = sizeof(struct sockaddr_in);
    } else if (v6_parse(host, &address) < 0) {
        return CO_EADDRESS;
    }
    co_address_set_port(&address, port);
    *ret = address;
    return 0;
}

int co_address_of_path(const char *path, co_address *ret)
{
    co_address address = {0};
    struct sockaddr_un *un = as_unix(&address);
    size_t size = strlen(path);
    bool abstract = path[0] == '@';
    if (size == 0 || size >= sizeof un->sun_path)
        return co_fail(CO_EADDRESS, "bad socket path \"%s\": it must have 1 to %zu bytes", path,
            sizeof un->sun_path - 1);
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, size);
    if (abstract)
        un->sun_path[0] = '\0';
    address.size = (uint32_t)(offsetof(struct sockaddr_un, sun_path) + size + !abstract);
    *ret = address;
    return 0;
}

void co_address_set_port(co_address *address, unsigned port)
{
    if (address->as.any.sa_family == AF_INET)
        as_v4(address)->sin_port = htons((uint16_t)port);
    else if (address->as.any.sa_family == AF_INET6)
        as_v6(address)->sin6_port = htons((uint16_t)port);
}

unsigned co_address_port(const co_address *address)
{
    if (address->size && address->as.any.sa_family == AF_INET)
        return ntohs(as_v4(address)->sin_port);
    if (address->size && address->as.any.sa_family == AF_INET6)
        return ntohs(as_v6(address)->sin6_port);
    return 0;
}

static int where_bad(const char *text, const char *why)
{
    return co_fail(CO_EADDRESS,
        "bad address \"%.100s\": %s; expected [HOST:]PORT, [IPV6]:PORT, unix:PATH or fd:N", text,
        why);
}

static int port_bad(const char *text, const char *port)
{
    bool missing = port[0] == '\0' || strchr(port, ']') || /* that colon was the number's */
                   (port == text && (port[0] < '0' || port[0] > '9'));
    return where_bad(text, missing ? "the port is missing" : "the port must be 0 to 65535");
}

/* The host before the port's colon, brackets taken off; localhost when there is none. */
static int where_host(const char *text, co_text host, struct co_where *ret)
{
    bool bracketed = host.size >= 2 && host.at[0] == '[' && host.at[host.size - 1] == ']';
    if (bracketed)
        host = (co_text){host.at + 1, host.size - 2};
    else if (co_text_find(host, ':') >= 0)
        return where_bad(text, "an IPv6 address needs brackets");
    if (host.size == 0)
        return where_bad(text, "the host is empty (* listens on every interface)");
    if (host.size > CO_HOST_MAX || memchr(host.at, '\0', host.size))
        return where_bad(text, "the host is too long");
    memcpy(ret->host, host.at, host.size);
    ret->host[host.size] = '\0';
    return 0;
}

int co_where_parse(const char *text, struct co_where *ret)
{
    struct co_where where = {.fd = -1};
    uint64_t number;
    if (strncmp(text, "unix:", 5) == 0) {
        where.kind = CO_WHERE_UNIX;
        where.path = text + 5;
        *ret = where;
        return 0;
    }
    if (strncmp(text, "fd:", 3) == 0) {
        if (co_text_number(co_text_of(text + 3), INT32_MAX, &number) < 0)
            return where_bad(text, "fd: takes a descriptor's number");
        where.kind = CO_WHERE_FD;
        where.fd = (int)number;
        *ret = where;
        return 0;
    }
    if (strstr(text, "://"))
        return where_bad(text, "it must be an address, not a URL");
    const char *colon = strrchr(text, ':');
    const char *port = colon ? colon + 1 : text;
    if (co_text_number(co_text_of(port), 65535, &number) < 0)
        return port_bad(text, port);
    where.port = (unsigned)number;
    co_text host = colon ? (co_text){text, (size_t)(colon - text)} : CO_TEXT("localhost");
    int rc = where_host(text, host, &where);
    if (rc == 0)
        *ret = where;
    return rc;
}

/* An IPv6 number may stand in brackets though no port follows. */
static int number_parse(const char *text, unsigned port, co_address *ret)
{
    char host[CO_HOST_MAX + 1];
    size_t size = strlen(text);
    if (size < 2 || text[0] != '[' || text[size - 1] != ']' || size >= sizeof host)
        return co_address_of_number(text, port, ret);
    memcpy(host, text + 1, size - 2);
    host[size - 2] = '\0';
    return co_address_of_number(host, port, ret);
}

int co_address_parse(const char *text, int default_port, co_address *ret)
{
    struct co_where where;
    if (default_port >= 0 && number_parse(text, (unsigned)default_port, ret) == 0)
        return 0;
    int rc = co_where_parse(text, &where);
    if (rc < 0)
        return rc;
    if (where.kind == CO_WHERE_UNIX)
        return co_address_of_path(where.path, ret);
    if (where.kind == CO_WHERE_FD || co_address_of_number(where.host, where.port, ret) < 0)
        return where_bad(text, "the host is no number");
    return 0;
}

static char *unix_text(const co_address *address, char *ret_text)
{
    const struct sockaddr_un *un = as_unix(address);
    size_t head = offsetof(struct sockaddr_un, sun_path);
    size_t size = address->size > head ? address->size - head : 0;
    bool abstract = size > 0 && un->sun_path[0] == '\0';
    if (size > 0 && !abstract)
        size = strnlen(un->sun_path, size);
    snprintf(ret_text, CO_ADDRESS_TEXT_MAX, "unix:%s%.*s", abstract ? "@" : "",
        (int)(size - abstract), un->sun_path + abstract);
    return ret_text;
}

char *co_address_text(const co_address *address, char *ret_text)
{
    char number[INET6_ADDRSTRLEN], zone[16] = "";
    const void *bytes = &as_v4(address)->sin_addr;
    int family = address->size ? address->as.any.sa_family : AF_UNSPEC;
    if (family == AF_UNIX)
        return unix_text(address, ret_text);
    if (family == AF_INET6) {
        const struct sockaddr_in6 *v6 = as_v6(address);
        bytes = &v6->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
            family = AF_INET;
            bytes = v6->sin6_addr.s6_addr + 12;
        } else if (v6->sin6_scope_id) {
            snprintf(zone, sizeof zone, "%%%u", v6->sin6_scope_id);
        }
    }
    if (family == AF_UNSPEC || !inet_ntop(family, bytes, number, sizeof number))
        snprintf(ret_text, CO_ADDRESS_TEXT_MAX, "?");
    else
        snprintf(ret_text, CO_ADDRESS_TEXT_MAX, family == AF_INET6 ? "[%s%s]:%u" : "%s%s:%u",
            number, zone, co_address_port(address));
    return ret_text;
}

void co_address_unmap(co_address *address)
{
    const struct sockaddr_in6 *v6 = as_v6(address);
    if (address->size == 0 || address->as.any.sa_family != AF_INET6 ||
        !IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        return;
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = v6->sin6_port};
    memcpy(&v4.sin_addr, v6->sin6_addr.s6_addr + 12, sizeof v4.sin_addr);
    *address = (co_address){.size = sizeof v4};
    memcpy(address->as.bytes, &v4, sizeof v4);
}

bool co_address_same_host(const co_address *a, const co_address *b)
{
    co_address x = *a, y = *b;
    co_address_unmap(&x);
    co_address_unmap(&y);
    if (x.size == 0 || y.size == 0 || x.as.any.sa_family != y.as.any.sa_family)
        return false;
    if (x.as.any.sa_family == AF_INET)
        return as_v4(&x)->sin_addr.s_addr == as_v4(&y)->sin_addr.s_addr;
    return x.as.any.sa_family == AF_INET6 &&
           memcmp(&as_v6(&x)->sin6_addr, &as_v6(&y)->sin6_addr, sizeof as_v6(&x)->sin6_addr) == 0;
}
