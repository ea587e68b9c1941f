/* SPDX-License-Identifier: MIT */
/*
 * A small file, for a client who has connected before it asks: the session's own fiber sends it in
 * passing, and both replies leave in one packet. It never waits here, so that ABOR and the end of
 * the connection are not overlooked; what would have to be waited for is left to the transfer's
 * fiber, which goes on from there.
 */
#include "ftp/session.h"

#define AT_ONCE_MAX (32u << 10) /* bytes that are sent without a look at others */

static bool is_limited(const struct co_ftp_session *session)
{
    return session->server->options.limit_rate || session->account.rate;
}

bool co_ftp_prompt(struct co_ftp_job *transfer)
{
    struct co_ftp_session *session = transfer->session;
    const co_text whole = transfer->at_hand;
    if (!whole.at || whole.size > AT_ONCE_MAX || is_limited(session) ||
        !co_ftp_data_take(session, &transfer->data))
        return false;
    transfer->opened = true;
    if (whole.size > 0)
        transfer->bytes = co_stream_send_now(transfer->data, whole);
    /* 226 says that it has arrived: usually nothing waits for its acknowledgement on one machine.
     */
    if (transfer->bytes < whole.size || co_stream_unsent(transfer->data) > 0 ||
        !co_stream_close_now(transfer->data))
        return false;
    transfer->over = true;
    transfer->result = 0;
    return true;
}
