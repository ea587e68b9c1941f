/* SPDX-License-Identifier: MIT */
/*
 * What a peer may ask for: one budget for all that is cheap to ask and dear to do. What is beyond
 * it ends the connection with ENHANCE_YOUR_CALM.
 *
 * The heads of frames are looked at before nghttp2 gets them, whatever it makes of them: so what is
 * too much is not decoded, and what it ignores counts too.
 */
#include "http/h2_common.h"

#define BUDGET_POINTS     100   /* a page that is left may reset as many streams at once */
#define BUDGET_PER_SECOND 10    /* earned back */
#define UPDATE_MIN        1024  /* bytes; a window that opens by less is counted */
#define WINDOW_AMPLE      16384 /* bytes of DATA that the windows allow: the largest frame */
#define WINDOWS_FREE      16    /* small WINDOW_UPDATEs that such a frame excuses */

void co_h2_charge(struct co_h2_meter *meter)
{
    struct co_h2_budget *budget = &meter->budget;
    const int64_t full = BUDGET_POINTS * CO_SECOND;
    int64_t now = co_now_ns(), earned = full;
    if (now - budget->since_ns < full / BUDGET_PER_SECOND)
        earned = (now - budget->since_ns) * BUDGET_PER_SECOND;
    budget->since_ns = now;
    budget->left = (budget->left + earned < full ? budget->left + earned : full) - CO_SECOND;
    meter->excess |= budget->left < 0;
}

/* A header block begins or goes on. It must be whole within a time, and a size. */
static void count_block(struct co_h2_meter *meter, const nghttp2_frame_hd *frame)
{
    meter->block = frame->flags & NGHTTP2_FLAG_END_HEADERS ? CO_H2_BLOCK_ENDS : CO_H2_BLOCK_GOES_ON;
    if (frame->type == NGHTTP2_HEADERS) {
        meter->continuations = 0;
        meter->block_bytes = 0;
        meter->block_due = 0;
    } else {
        meter->continuations++;
    }
    meter->block_bytes += frame->length;
    if (meter->continuations > meter->continuations_max ||
        meter->block_bytes > meter->block_bytes_max)
        meter->excess = true;
}

/* When must the block that is arriving be whole, whose last frame may dribble as well? */
static void time_block(struct co_h2_meter *meter)
{
    bool is_whole = meter->block == CO_H2_BLOCK_ENDS && meter->frame_left == 0;
    if (is_whole)
        meter->block = CO_H2_BLOCK_NONE;
    if (meter->block == CO_H2_BLOCK_NONE)
        meter->block_due = 0;
    else if (meter->block_due == 0 && meter->block_ms > 0)
        meter->block_due = co_now_ns() + meter->block_ms * CO_MS;
}

static void count_frame(struct co_h2_meter *meter, const nghttp2_frame_hd *frame)
{
    meter->block = CO_H2_BLOCK_NONE;
    switch (frame->type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_CONTINUATION: count_block(meter, frame); break;
    case NGHTTP2_DATA:
        meter->data_on = meter->stops_at_data ? frame->stream_id : 0;
        if (frame->length == 0 && !(frame->flags & NGHTTP2_FLAG_END_STREAM))
            co_h2_charge(meter);
        break;
    case NGHTTP2_PING:
        if (frame->flags & NGHTTP2_FLAG_ACK && meter->pings > 0)
            meter->pings--;
        else
            co_h2_charge(meter);
        break;
    case NGHTTP2_SETTINGS:
        if (!(frame->flags & NGHTTP2_FLAG_ACK)) /* nghttp2 knows for how many it waits */
            co_h2_charge(meter);
        break;
    case NGHTTP2_WINDOW_UPDATE: break; /* by their streams and increments: below */
    case NGHTTP2_RST_STREAM:
        if (meter->resets_free > 0)
            meter->resets_free--;
        else
            co_h2_charge(meter);
        break;
    case NGHTTP2_PRIORITY_UPDATE:
        if (meter->updates_free > 0)
            meter->updates_free--;
        else
            co_h2_charge(meter);
        break;
    default: co_h2_charge(meter); /* PRIORITY, GOAWAY, unknown ones */
    }
}

static nghttp2_frame_hd read_head(const uint8_t at[CO_H2_FRAME_HEAD])
{
    return (nghttp2_frame_hd){
        .length = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2],
        .stream_id = (at[5] & 0x7f) << 24 | at[6] << 16 | at[7] << 8 | at[8],
        .type = at[3],
        .flags = at[4],
    };
}

size_t co_h2_count(struct co_h2_meter *meter, const uint8_t *bytes, size_t size)
{
    size_t all = size;
    meter->data_on = 0;
    while (size > 0 && !meter->excess && meter->data_on == 0) {
        size_t left = meter->frame_left ? meter->frame_left : CO_H2_FRAME_HEAD - meter->head_size;
        size_t take = size < left ? size : left;
        if (meter->frame_left) {
            meter->frame_left -= take;
        } else {
            memcpy(meter->head + meter->head_size, bytes, take);
            meter->head_size += take;
        }
        if (meter->head_size == CO_H2_FRAME_HEAD) {
            nghttp2_frame_hd frame = read_head(meter->head);
            meter->head_size = 0;
            meter->frame_left = frame.length;
            count_frame(meter, &frame);
        }
        bytes += take;
        size -= take;
    }
    time_block(meter);
    return all - size;
}

void co_h2_count_data(struct co_h2_meter *meter, const nghttp2_frame *frame)
{
    bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    if (!ends && frame->hd.length > 0 && frame->data.padlen + 1 >= frame->hd.length)
        co_h2_charge(meter); /* nothing but padding */
}

/* A window that opens by little at a time makes small frames of our data (attacks B07). A peer may
 * take small ones for the end of what we sent. */
void co_h2_count_window(struct co_h2_meter *meter, int32_t increment)
{
    if (increment >= UPDATE_MIN)
        return;
    if (meter->windows_free > 0)
        meter->windows_free--;
    else
        co_h2_charge(meter);
}

void co_h2_count_late(
    struct co_h2_meter *meter, nghttp2_session *session, const nghttp2_frame_hd *frame)
{
    if (frame->type != NGHTTP2_WINDOW_UPDATE || frame->stream_id == 0 ||
        nghttp2_session_find_stream(session, frame->stream_id))
        return;
    if (meter->late_free > 0)
        meter->late_free--;
    else
        co_h2_count_window(meter, 0);
}

void co_h2_earn_windows(struct co_h2_meter *meter, size_t size, bool all)
{
    meter->late_free += size / UPDATE_MIN;
    if (all || size >= WINDOW_AMPLE)
        meter->windows_free = WINDOWS_FREE;
}

nghttp2_option *co_h2_options_new(unsigned continuations_max)
{
    nghttp2_option *option;
    if (nghttp2_option_new(&option) != 0)
        return NULL;
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_max_outbound_ack(option, CO_H2_ACKS_MAX);
    nghttp2_option_set_max_settings(option, CO_H2_SETTINGS_MAX);
    nghttp2_option_set_max_continuations(option, continuations_max);
    return option;
}
