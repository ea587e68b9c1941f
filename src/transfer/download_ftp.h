/* SPDX-License-Identifier: MIT */
/*
 * One file over FTP, into a tree or into a function.
 *
 * FTP knows no versions: what has come of a file is kept by URL, user, size and time, where the
 * server tells both, and before more is added the last bytes are fetched again and compared. Else
 * a download begins anew. In segments the end of each is compared, too, and size and time, once all
 * are here.
 */
#ifndef CO_TRANSFER_DOWNLOAD_FTP_H
#define CO_TRANSFER_DOWNLOAD_FTP_H

#include "coronet/ftp_transfer.h"
#include "transfer/download.h"
#include "transfer/ftp_pool.h"

/* As co_download_run, by a connection of the pool, of what `path` names at the place; the client
 * and the request of *download are not looked at. Its segments have a connection each, as far as
 * the server lets them in. */
int co_download_ftp(struct co_download *download, struct co_ftp_pool *pool,
    const struct co_ftp_place *place, const char *path);

/* Gives all that comes to `take`, piece by piece, and ends the transfer. Suspends. 0; what `take`
 * returned, if negative; as co_ftp_transfer_read and _finish. */
int co_ftp_pour(
    co_ftp_transfer *transfer, int (*take)(void *arg, const void *bytes, size_t size), void *arg);

#endif
