/* SPDX-License-Identifier: MIT */
/*
 * Clients by address, for rules, counts, bans and names. All addresses are taken as IPv6, IPv4 ones
 * mapped, so that "::ffff:10.0.0.1" is no way around what is known of 10.0.0.1.
 */
#ifndef CO_CLIENT_H
#define CO_CLIENT_H

#include "base/base.h"
#include "coronet/address.h"

#define CO_CLIENT_BYTES 16

extern const uint8_t co_client_mapped[12]; /* what IPv4 addresses begin with */

/* The peer as an IPv6 address; false for peers without one (Unix), ret is untouched then. */
bool co_client_address(const co_address *peer, uint8_t ret[CO_CLIENT_BYTES]);

/* Is it a peer of this very machine: of a loopback, a Unix socket, or without an address? */
bool co_client_is_local(const co_address *peer);

/* Makes an address what clients are counted by: an IPv4 address, or an IPv6 /64, since a single
 * customer commands a whole /64. */
void co_client_widen(uint8_t address[CO_CLIENT_BYTES]);

/* A name for somebody who has told none, by address: whose unfinished uploads are whose, by
 * whatever protocol. No user's name has a colon. Peers without an address share one. */
#define CO_CLIENT_ANONYMOUS_MAX (sizeof "anonymous:" + 2 * CO_CLIENT_BYTES)
co_text co_client_anonymous(const co_address *peer, char room[CO_CLIENT_ANONYMOUS_MAX]);

#endif
