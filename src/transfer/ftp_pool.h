/* SPDX-License-Identifier: MIT */
/*
 * Control connections, logged in, that go from one file to the next: of one place, one user with
 * one password, one kind of TLS and one way, by a proxy or by none (attacks C02).
 */
#ifndef CO_TRANSFER_FTP_POOL_H
#define CO_TRANSFER_FTP_POOL_H

#include "coronet/http_client.h"
#include "transfer/ftp_place.h"

struct co_ftp_pool;

/* options: of what is in them, those hold that are not about HTTP; what they point to must outlive
 * the pool. active: the server makes the data connections. 0, -ENOMEM. */
int co_ftp_pool_new(
    struct co_ftp_pool **ret, const struct co_http_client_options *options, bool active);

/* Says goodbye on all that are idle. Suspends. NULL is allowed. */
void co_ftp_pool_free(struct co_ftp_pool *pool);

/* A client of that place, for co_ftp_pool_give: an idle one, or a new one; where the server has a
 * limit and all that it lets in are in use, one of these, once it is given back: whoever has one
 * must not wait for another. Suspends. 0; as co_ftp_connect: then after CO_ESTATUS *ret_status is
 * 503. */
int co_ftp_pool_take(struct co_ftp_pool *pool, const struct co_ftp_place *place,
    co_ftp_client **ret, int *ret_status);

/* Keeps it, if anything can be said over it still. Suspends. */
void co_ftp_pool_give(
    struct co_ftp_pool *pool, const struct co_ftp_place *place, co_ftp_client *client);

/* What of HTTP's statuses comes nearest to the client's last reply, where `rc` is CO_ESTATUS; else
 * 0. 550 and 501 say both that something is not there and that it is not permitted: 404. Pure. */
int co_ftp_status(const co_ftp_client *client, int rc);

#endif
