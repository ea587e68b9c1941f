/* SPDX-License-Identifier: MIT */
/*
 * One file to a server over FTP, or the rest of it.
 *
 * No server tells which version of a file the bytes are of that it has. It is gone on from them
 * only when they are no more than the file here has, were written after that was changed for the
 * last time, and end in the same bytes: by the server's HASH of them where it has that, else they
 * are fetched once more. Otherwise it begins anew, so another file of that name is never extended.
 */
#ifndef CO_TRANSFER_UPLOAD_FTP_H
#define CO_TRANSFER_UPLOAD_FTP_H

#include "coronet/ftp_transfer.h"
#include "transfer/remote.h"

/* Sends it. Suspends. As co_remote_kind's upload; upload->status is the caller's. */
int co_upload_ftp(co_ftp_client *client, const char *path, struct co_remote_upload *upload);

#endif
