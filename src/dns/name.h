/* SPDX-License-Identifier: MIT */
/* Host names as text, and numbers that stand where a name might. Pure. */
#ifndef CO_DNS_NAME_H
#define CO_DNS_NAME_H

#include "net/address.h"

#define CO_NAME_MAX                                                                                \
 253                    /* bytes of a name without its last dot: 255 on the wire (RFC 1035 2.3.4)  \
                         */
#define CO_LABEL_MAX 63 /* bytes of a label (RFC 1035 2.3.4) */

/*
 * Whether the text may be looked up as a host name: letters, digits, hyphens and underscores in
 * labels of 1 to 63, not beginning with a hyphen, the last one no number (so that "127.1" can be
 * taken neither for a name nor for an address; RFC 1123 2.1). One dot at the end is allowed.
 */
bool co_host_is_valid(co_text host);

/* Whether the name is the domain or beneath it; case and one last dot do not count. */
bool co_host_is_under(co_text host, co_text domain);

/* A numeric address without brackets, as co_address_of_number reads it. 0 or CO_EADDRESS. */
int co_host_number(co_text host, unsigned port, co_address *ret);

/* An address from its 4 (AF_INET) or 16 (AF_INET6) bytes. */
co_address co_host_address(int family, const uint8_t *bytes, unsigned port);

#endif
