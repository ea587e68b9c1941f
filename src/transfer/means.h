/* SPDX-License-Identifier: MIT */
/* What places elsewhere are reached by: a client of each protocol, and what one run keeps for the
 * next. */
#ifndef CO_TRANSFER_MEANS_H
#define CO_TRANSFER_MEANS_H

#include "transfer/keep.h"
#include "transfer/remote.h"

struct co_means_settings {
    struct co_http_client_options client; /* its cookies and hosts come of `keep` */
    struct co_keep_settings keep;
    bool ftp_active; /* servers make the data connections */
};

struct co_means {
    struct co_http_client_options options;
    struct co_keep keep;
    co_http_client *http;
    struct co_ftp_pool *ftp;
};

/* Makes them. The settings and `means` must stay where they are. co_means_close in any case.
 * Suspends. 0, -ENOMEM; as co_keep_open and co_http_client_new. */
int co_means_open(struct co_means *means, const struct co_means_settings *settings);

/* Tells a place of them, which they must outlive. */
void co_means_offer(const struct co_means *means, struct co_remote_options *remote);

/* Suspends. */
void co_means_close(struct co_means *means);

#endif
