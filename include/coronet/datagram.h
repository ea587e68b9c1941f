/* SPDX-License-Identifier: MIT */
/* Datagrams over UDP and Unix sockets, one by one and in batches. Addresses as in coronet/net.h. */
#ifndef CORONET_DATAGRAM_H
#define CORONET_DATAGRAM_H

#include "coronet/net.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct co_socket co_socket;

/* One datagram of a batch. */
struct co_datagram {
    void *bytes;     /* room when receiving, content when sending */
    size_t size;     /* in: room or size; out, receiving: size that came */
    bool truncated;  /* out, receiving: the datagram was longer than the room */
    co_address peer; /* out when receiving, in when sending */
};

/*
 * co_udp_bind - open a socket for datagrams at an address.
 *
 * Suspends only to look up a name.
 * where: an address as above, without "fd:N"; "unix:PATH" gives a Unix datagram socket, whose file
 * co_udp_close removes.
 * Returns: 0; CO_EADDRESS, CO_ENAME, -errno, with detail; CO_ECANCELED, CO_EDEADLINE.
 */
CO_API int co_udp_bind(co_socket **ret, const char *where) CO_MUST_USE;

/*
 * co_udp_connect - open a socket for datagrams to and from one peer.
 *
 * Suspends to look up a name, and to connect; nothing is sent.
 * where: as for co_udp_bind.
 * Returns: as co_udp_bind.
 */
CO_API int co_udp_connect(co_socket **ret, const char *where) CO_MUST_USE;

/*
 * co_udp_close - close and free; NULL is allowed.
 *
 * Does not suspend. Nobody may be sending or receiving: whoever is in another fiber is cancelled
 * and joined first.
 */
CO_API void co_udp_close(co_socket *socket);

/*
 * co_udp_address - the local address.
 *
 * Does not suspend.
 * Returns: lives as long as the socket.
 */
CO_API const co_address *co_udp_address(const co_socket *socket);

/*
 * co_udp_receive - wait for a datagram.
 *
 * Suspends. What does not fit is cut off.
 * ret_peer: who sent it, of size 0 when a Unix socket has no name; NULL if not wanted.
 * Returns: its size (0 is a datagram too), CO_ECANCELED, CO_EDEADLINE, CO_EDRAIN (not on a
 * connected socket: what a server has not heard yet is new work), -errno (-ECONNREFUSED on a
 * connected socket whose peer's port is closed).
 */
CO_API ssize_t co_udp_receive(
    co_socket *socket, void *ret_bytes, size_t size, co_address *ret_peer);

/*
 * co_udp_send - send a datagram.
 *
 * Suspends while the send buffer is full.
 * peer: NULL on a connected socket.
 * Returns: 0, -EMSGSIZE, -errno, CO_ECANCELED, CO_EDEADLINE.
 */
CO_API int co_udp_send(co_socket *socket, const void *bytes, size_t size, const co_address *peer);

/*
 * co_udp_receive_many - wait for datagrams and take all that are there, in one system call.
 *
 * Suspends until there is at least one.
 * datagrams: count of them, 1 to 64, each with room.
 * Returns: how many came; -EINVAL for another count; -ENOMEM; else as co_udp_receive.
 */
CO_API int co_udp_receive_many(co_socket *socket, struct co_datagram *datagrams, unsigned count);

/*
 * co_udp_send_many - send several datagrams in as few system calls as possible.
 *
 * Suspends while the send buffer is full.
 * datagrams: count of them; one whose peer has size 0 goes to the peer of a connected socket.
 * Returns: how many were sent; as co_udp_send, or -ENOMEM, when not even the first could be.
 */
CO_API int co_udp_send_many(co_socket *socket, const struct co_datagram *datagrams, unsigned count);

#ifdef __cplusplus
}
#endif
#endif
