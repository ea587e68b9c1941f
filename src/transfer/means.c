/* SPDX-License-Identifier: MIT */
#include "transfer/means.h"

#include "http/client.h"
#include "transfer/ftp_pool.h"

int co_means_open(struct co_means *means, const struct co_means_settings *settings)
{
    *means = (struct co_means){.options = settings->client};
    int rc = co_keep_open(&means->keep, &settings->keep, &means->options);
    if (rc == 0)
        rc = co_http_client_new(&means->http, &means->options);
    return rc < 0 ? rc : co_ftp_pool_new(&means->ftp, &means->options, settings->ftp_active);
}

void co_means_offer(const struct co_means *means, struct co_remote_options *remote)
{
    remote->client = means->http;
    remote->ftp = means->ftp;
    remote->netrc = means->options.netrc;
}

void co_means_close(struct co_means *means)
{
    co_ftp_pool_free(means->ftp);
    co_http_client_free(means->http);
    co_keep_close(&means->keep);
}
