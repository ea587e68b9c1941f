/* SPDX-License-Identifier: MIT */
/* Access log lines and event objects as text. Bytes in, bytes out; the command writes them. */
#ifndef CO_APP_LOG_H
#define CO_APP_LOG_H

#include "base/buf.h"
#include "coronet/ftp.h"
#include "coronet/http.h"

enum co_log_format { CO_LOG_COMBINED, CO_LOG_JSON, CO_LOG_XFERLOG };

/*
 * Appends one line for a request, with its newline. What came from outside is escaped, so that it
 * can neither end a line or field nor reach a terminal as control bytes (attacks M10).
 * combined: 127.0.0.1 - ann [22/Nov/2026:03:02:55 +0000] "GET / HTTP/1.1" 200 512 "-" "curl/7.88.1"
 * xferlog, wu-ftpd's format, has a line for each file that went out or came in and for nothing
 * else: Sun Nov 22 03:02:56 2026 1 127.0.0.1 512 /a.txt b _ o r ann ftp 0 * c
 */
void co_log_request(
    struct co_buf *out, enum co_log_format format, const struct co_http_event *event);

/* The same for a file that went over HTTP, in xferlog's format: it has nothing else of HTTP. */
void co_log_transfer(struct co_buf *out, const struct co_http_transfer *transfer);

/* The same for what was done over FTP.
 * combined: 127.0.0.1 - ann [22/Nov/2026:03:02:55 +0000] "RETR /a.txt FTP" 226 512 "-" "-" */
void co_log_ftp(struct co_buf *out, enum co_log_format format, const struct co_ftp_event *event);

/* Appends {"event":"NAME"} and a newline; with "KEY":"VALUE" before the brace unless key is NULL.
 */
void co_log_event(struct co_buf *out, const char *name, const char *key, const char *value);

/* Appends a URL without its user and password. */
void co_log_url(struct co_buf *out, const char *url);

/* Appends a name from outside as a terminal may see it. */
void co_log_printable(struct co_buf *out, const char *name);

#endif
