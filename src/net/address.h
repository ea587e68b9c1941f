/* SPDX-License-Identifier: MIT */
/* Addresses as text: the one grammar of "where" for listening and dialling. */
#ifndef CO_NET_ADDRESS_H
#define CO_NET_ADDRESS_H

#include "base/base.h"
#include "coronet/net.h"

enum co_where_kind { CO_WHERE_HOST, CO_WHERE_UNIX, CO_WHERE_FD };

#define CO_HOST_MAX 255 /* bytes of a host name (RFC 1035 2.3.4) */

struct co_where {
    enum co_where_kind kind;
    char host[CO_HOST_MAX + 1]; /* name or number, without brackets; "*" is every interface */
    unsigned port;
    int fd;
    const char *path; /* of a Unix socket; points into the text */
};

/*
 * Takes "[HOST:]PORT", "[IPV6]:PORT", "*:PORT", "unix:PATH" or "fd:N" apart. HOST defaults to
 * localhost. Returns 0; CO_EADDRESS with detail.
 */
int co_where_parse(const char *text, struct co_where *ret);

/* The address of a number (IPv4 or IPv6, with scope id), or of a Unix path. 0 or CO_EADDRESS. */
int co_address_of_number(const char *host, unsigned port, co_address *ret);
int co_address_of_path(const char *path, co_address *ret);

/* Makes an IPv4 address mapped into IPv6 a plain one; leaves all others as they are. */
void co_address_unmap(co_address *address);

/* Is it the same host, whatever the port? IPv4 counts as its mapped form; Unix addresses have no
 * host. */
bool co_address_same_host(const co_address *a, const co_address *b);

void co_address_set_port(co_address *address, unsigned port);

#endif
