/* SPDX-License-Identifier: MIT */
#include "transfer/means.h"

#include "http/client.h"
#include "transfer/ftp_pool.h"

int co_means_open(struct co_remote_options *options, const struct co_http_client_options *client)
{
    options->client = NULL;
    options->ftp = NULL;
    int rc = co_http_client_new(&options->client, client);
    return rc < 0 ? rc : co_ftp_pool_new(&options->ftp, client, options->ftp_active);
}

void co_means_close(struct co_remote_options *options)
{
    co_ftp_pool_free(options->ftp);
    co_http_client_free(options->client);
}
