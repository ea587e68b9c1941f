/* SPDX-License-Identifier: MIT */
#include "app/get_ftp.h"

#include "transfer/download_ftp.h"

static int parse(
    struct co_ftp_place *place, const struct co_get_settings *settings, const char *url)
{
    int rc = co_ftp_place_parse(place, url, settings->what.user);
    place->ascii |= settings->ascii;
    if (rc == 0 && (settings->head || settings->what.method || settings->what.body))
        rc = co_fail(CO_EINVALID, "--head, --method, --data and --form are HTTP's");
    if (rc == 0 && !settings->what.user)
        rc = co_ftp_place_look_up(place, settings->means.client.netrc);
    if (rc == 0 && place->path.size == 0)
        rc = co_fail(CO_EINVALID, "the URL names no file");
    return rc;
}

int co_get_ftp_file(
    const struct co_get_settings *settings, struct co_ftp_pool *pool, struct co_download *download)
{
    struct co_ftp_place place;
    int rc = parse(&place, settings, download->what.url);
    if (rc == 0)
        rc = co_download_ftp(download, pool, &place, place.path.at);
    co_ftp_place_free(&place);
    return rc;
}

static int pour(const struct co_get_ftp_sink *sink, co_ftp_client *client, const char *path)
{
    co_ftp_transfer *transfer;
    int rc = co_ftp_download_open(&transfer, client, path, 0);
    if (rc < 0)
        return rc;
    *sink->ret_size = co_ftp_transfer_size(transfer);
    return co_ftp_pour(transfer, sink->take, sink->arg);
}

int co_get_ftp_pour(const struct co_get_settings *settings, struct co_ftp_pool *pool,
    const char *url, const struct co_get_ftp_sink *sink, int *ret_status)
{
    struct co_ftp_place place;
    co_ftp_client *client = NULL;
    int rc = parse(&place, settings, url);
    if (rc == 0)
        rc = co_ftp_pool_take(pool, &place, &client, ret_status);
    if (client) {
        rc = pour(sink, client, place.path.at);
        *ret_status = co_ftp_status(client, rc);
        co_ftp_pool_give(pool, &place, client);
    }
    co_ftp_place_free(&place);
    return rc;
}
