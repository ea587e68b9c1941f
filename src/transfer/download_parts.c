/* SPDX-License-Identifier: MIT */
/* Parts of a file at once over HTTP, over as many connections as the server lets in. */
#include "coronet/fiber.h"
#include "http/client.h"
#include "transfer/crowd.h"
#include "transfer/downloading.h"

#define LATE_MS    200 /* before a part is asked for again */
#define LATE_TIMES 5

struct segmented {
    struct co_download *download;
    const struct co_version *version;
    co_http_response **whole; /* not read yet: for the segment that begins it; NULL: it is gone */
    int status;               /* that it was told with */
    struct co_crowd crowd;
};

/* For a part's bytes. */
struct asking {
    struct segmented *segmented;
    struct co_download_part *part;
    int status;   /* of a refusal */
    bool refused; /* as one connection too many */
};

static int receive_part(struct co_download_part *part, co_http_response *response)
{
    int rc = 0;
    while (rc == 0) {
        co_text piece;
        ssize_t n = co_http_response_next(response, &piece);
        if (n <= 0)
            return n < 0 ? (int)n : CO_EEOF;
        rc = co_download_part_take(part, piece.at, piece.size);
    }
    return rc < 0 ? rc : 0;
}

/* The response that has told the version, if these bytes begin it. Otherwise it is given back: its
 * connection may be the only one that the server lets in. */
static co_http_response *take_whole(struct segmented *segmented, const uint64_t range[2])
{
    co_http_response *whole = *segmented->whole;
    *segmented->whole = NULL;
    if (range[0] == 0)
        return whole;
    co_http_response_close(whole);
    return NULL;
}

/* A refusal is not what the file's download was answered, until it is final. */
static void note_refusal(struct asking *asking, int rc)
{
    struct co_download *download = asking->segmented->download;
    asking->status = rc == CO_ESTATUS ? download->status : 0;
    asking->refused = co_crowd_is_full(rc, asking->status) && download->retry_after_ms < 0;
    if (rc == CO_ESTATUS)
        download->status = asking->segmented->status;
}

static int bring_once(void *arg, bool *ret_refused)
{
    struct asking *asking = arg;
    struct segmented *segmented = asking->segmented;
    struct co_download_part *part = asking->part;
    const uint64_t range[2] = {part->missing->at, part->missing->end - 1};
    co_http_response *response = take_whole(segmented, range);
    int rc = 0;
    if (!response)
        rc = co_download_ask_for_part(segmented->download, segmented->version, range, &response);
    note_refusal(asking, rc);
    *ret_refused = asking->refused;
    if (rc == CO_ECHANGED)
        return co_fail(CO_EEOF, "the server has another version of the file now");
    if (rc == 0)
        rc = receive_part(part, response);
    co_http_response_close(response);
    return rc;
}

/* A server that has given the version may notice late that a connection has ended. */
static int bring_part(void *arg, struct co_download_part *part)
{
    struct segmented *segmented = arg;
    struct asking asking = {.segmented = segmented, .part = part};
    int rc = co_crowd_try(&segmented->crowd, bring_once, &asking);
    for (unsigned i = 0; asking.refused && i < LATE_TIMES; i++) {
        rc = co_sleep(LATE_MS);
        if (rc < 0)
            return rc;
        rc = co_crowd_try(&segmented->crowd, bring_once, &asking);
    }
    if (rc == CO_ESTATUS)
        segmented->download->status = asking.status;
    return rc;
}

int co_download_in_parts(
    struct co_download *download, const struct co_version *version, co_http_response **response)
{
    struct segmented segmented = {
        .download = download, .version = version, .whole = response, .status = download->status};
    const struct co_download_source source = {.bring = bring_part, .arg = &segmented};
    return co_download_segments(download, version, &source);
}
