/* SPDX-License-Identifier: MIT */
/* Which address PASV names: behind NAT it is not the one that we have, and not the same for all. */
#ifndef CO_FTP_ANNOUNCE_H
#define CO_FTP_ANNOUNCE_H

#include "net/network.h"

struct co_ftp_announced {
    struct co_network network; /* of peers; all of 0 bits: everybody from elsewhere */
    co_address address;        /* IPv4 */
};

/* "ADDR" or "CIDR=ADDR". 0 or -EINVAL. */
int co_ftp_announced_parse(const char *rule, struct co_ftp_announced *ret);

/* Puts the address that the peer shall be told in the place of the local one; its port stays. The
 * rule of the smallest network counts; one without a network is not for peers that are near. */
void co_ftp_announce(const struct co_ftp_announced *rules, size_t count, const co_address *peer,
    co_address *address);

#endif
