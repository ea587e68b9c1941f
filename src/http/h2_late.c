/* SPDX-License-Identifier: MIT */
/*
 * Frames that should not be: nobody speaks on a stream that has ended (RFC 9113 5.1), nor on one
 * that was passed over (5.1.1). nghttp2, which keeps no streams that have ended, lets them pass.
 *
 * What was on its way to a stream that was reset from here is nobody's fault.
 */
#include "http/h2.h"

#define PRIORITY_BYTES 5

/* Unsigned, for the first stream may be the last that there can be, and before it stands -1. */
static uint32_t steps_between(int32_t earlier, int32_t later)
{
    return ((uint32_t)later - (uint32_t)earlier) / 2;
}

void co_h2_note_opened(struct co_h2 *h2, int32_t id)
{
    uint32_t steps = steps_between(h2->opened_last, id);
    h2->opened = (steps < 64 ? h2->opened << steps : 0) | 1;
    h2->opened_last = id;
}

void co_h2_note_reset(struct co_h2 *h2, int32_t id)
{
    if (id > h2->reset_last)
        h2->reset_last = id;
}

/* As far as is remembered. */
static bool was_opened(const struct co_h2 *h2, int32_t id)
{
    uint32_t steps = steps_between(id, h2->opened_last);
    return steps >= 64 || h2->opened >> steps & 1;
}

static uint32_t late_error(const struct co_h2 *h2, int32_t id)
{
    if (id % 2 == 0 || id > h2->opened_last || id <= h2->reset_last ||
        nghttp2_session_find_stream(h2->session, id))
        return NGHTTP2_NO_ERROR;
    return was_opened(h2, id) ? NGHTTP2_STREAM_CLOSED : NGHTTP2_PROTOCOL_ERROR;
}

uint32_t co_h2_frame_error(const struct co_h2 *h2, const nghttp2_frame_hd *frame)
{
    if (frame->type == NGHTTP2_HEADERS)
        return late_error(h2, frame->stream_id);
    if (frame->type != NGHTTP2_PRIORITY) /* which counts, though nobody heeds it (6.3) */
        return NGHTTP2_NO_ERROR;
    return frame->stream_id == 0             ? NGHTTP2_PROTOCOL_ERROR
           : frame->length != PRIORITY_BYTES ? NGHTTP2_FRAME_SIZE_ERROR
                                             : NGHTTP2_NO_ERROR;
}

uint32_t co_h2_data_error(const struct co_h2 *h2)
{
    return h2->meter.data_on ? late_error(h2, h2->meter.data_on) : NGHTTP2_NO_ERROR;
}
