/* SPDX-License-Identifier: MIT */
/* What `coronet get` does where a URL is FTP's. */
#ifndef CO_APP_GET_FTP_H
#define CO_APP_GET_FTP_H

#include "app/get.h"
#include "transfer/ftp_pool.h"

/* One try to get the file that download->what names. Suspends. As co_download_run. */
int co_get_ftp_file(
    const struct co_get_settings *settings, struct co_ftp_pool *pool, struct co_download *download);

/* Where bytes go. */
struct co_get_ftp_sink {
    int (*take)(void *arg, const void *bytes, size_t size); /* 0, or negative to end it */
    void *arg;
    int64_t *ret_size; /* receives how many will come; -1: the server does not say */
};

/* One try to get it into the sink instead. Suspends. */
int co_get_ftp_pour(const struct co_get_settings *settings, struct co_ftp_pool *pool,
    const char *url, const struct co_get_ftp_sink *sink, int *ret_status);

#endif
