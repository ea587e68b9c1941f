/* SPDX-License-Identifier: MIT */
/*
 * Transfers as wu-ftpd's xferlog(5) has them, which many tools read. Times are UTC. For log.h.
 *
 * Sun Nov 22 03:02:56 2026 1 127.0.0.1 512 /a.txt b _ o r ann ftp 0 * c
 */
#ifndef CO_APP_XFERLOG_H
#define CO_APP_XFERLOG_H

#include "base/buf.h"
#include "coronet/ftp.h"
#include "coronet/http.h"

/* Append a line without its end, or nothing for what moved no file. host: the peer's. */
void co_xferlog_ftp(struct co_buf *out, co_text host, const struct co_ftp_event *event);
void co_xferlog_http(struct co_buf *out, co_text host, const struct co_http_event *event);

#endif
