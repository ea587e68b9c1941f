/* SPDX-License-Identifier: MIT */
/*
 * A small file whose bytes have come together with the response's head, as they mostly do: it was
 * never partial, so it needs nothing of what makes a partial file go on after a kill.
 */
#include "coronet/fiber.h"
#include "http/client.h"
#include "transfer/downloading.h"

/* Is all of it here? Its bytes are added to `first` even if not. */
static bool has_come(
    const struct co_version *version, co_http_response *response, struct co_buf *first)
{
    co_text piece;
    if (!co_download_may_come_at_once(version))
        return false;
    if (co_http_response_next(response, &piece) > 0)
        co_buf_add_text(first, piece);
    return first->size == (size_t)version->size && !first->error &&
           co_http_response_next(response, &piece) == 0;
}

int co_download_at_once(const struct co_download *download, const struct co_version *version,
    co_http_response *response, struct co_buf *first)
{
    struct co_upload_whole file = {
        .uploader = co_buf_text(&version->name), .sync = !download->no_sync};
    if (download->checksum || !has_come(version, response, first))
        return first->error ? first->error : 1;
    file.dated = co_download_time(download, version, &file.modified_ns);
    file.now = co_wall_seconds();
    file.bytes = first->at;
    file.size = first->size;
    co_download_tell(download, 0, 0, version->size);
    int rc = co_upload_whole(download->tree, download->path, &file);
    if (rc == 0)
        co_download_tell(download, file.size, 0, version->size);
    return rc;
}
