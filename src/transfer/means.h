/* SPDX-License-Identifier: MIT */
/* What places elsewhere are reached by: a client of each protocol, for as long as they are open. */
#ifndef CO_TRANSFER_MEANS_H
#define CO_TRANSFER_MEANS_H

#include "transfer/remote.h"

/* Fills in options->client and options->ftp. `client` must outlive them. co_means_close in any
 * case. 0, -ENOMEM. */
int co_means_open(struct co_remote_options *options, const struct co_http_client_options *client);

/* Suspends. */
void co_means_close(struct co_remote_options *options);

#endif
