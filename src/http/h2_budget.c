/* SPDX-License-Identifier: MIT */
/*
 * What a peer may ask for: one budget for all that is cheap to ask and dear to do. What is beyond
 * it ends the connection with ENHANCE_YOUR_CALM.
 *
 * The heads of frames are looked at before nghttp2 gets them, whatever it makes of them: so what is
 * too much is not decoded, and what it ignores counts too.
 */
#include "http/h2.h"

#define BUDGET_POINTS     100   /* a page that is left may reset as many streams at once */
#define BUDGET_PER_SECOND 10    /* earned back */
#define CONTINUATIONS_MAX 8     /* of a header block (attacks B03) */
#define BLOCK_BYTES_MAX   32768 /* of it, compressed */

void co_h2_charge(struct co_h2 *h2)
{
    struct co_h2_budget *budget = &h2->budget;
    const int64_t full = BUDGET_POINTS * CO_SECOND;
    int64_t now = co_now_ns(), earned = full;
    if (now - budget->since_ns < full / BUDGET_PER_SECOND)
        earned = (now - budget->since_ns) * BUDGET_PER_SECOND;
    budget->since_ns = now;
    budget->left = (budget->left + earned < full ? budget->left + earned : full) - CO_SECOND;
    h2->excess |= budget->left < 0;
}

/* A header block begins or goes on. It must be whole within a time, and a size. */
static void count_block(struct co_h2 *h2, const nghttp2_frame_hd *frame)
{
    bool ends = frame->flags & NGHTTP2_FLAG_END_HEADERS;
    if (frame->type == NGHTTP2_HEADERS) {
        h2->continuations = 0;
        h2->block_bytes = 0;
        if (!ends)
            h2->block_due = co_now_ns() + h2->server->options.header_timeout_ms * CO_MS;
    } else {
        h2->continuations++;
    }
    h2->block_bytes += frame->length;
    if (h2->continuations > CONTINUATIONS_MAX || h2->block_bytes > BLOCK_BYTES_MAX)
        h2->excess = true;
    if (ends)
        h2->block_due = 0;
}

static void count_frame(struct co_h2 *h2, const nghttp2_frame_hd *frame)
{
    switch (frame->type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_CONTINUATION: count_block(h2, frame); break;
    case NGHTTP2_DATA:
        if (frame->length == 0 && !(frame->flags & NGHTTP2_FLAG_END_STREAM))
            co_h2_charge(h2);
        break;
    case NGHTTP2_PING:
    case NGHTTP2_SETTINGS:
        if (!(frame->flags & NGHTTP2_FLAG_ACK))
            co_h2_charge(h2);
        break;
    case NGHTTP2_WINDOW_UPDATE: break; /* by their increments: h2_events.c */
    case NGHTTP2_PRIORITY_UPDATE:
        if (h2->updates_free > 0)
            h2->updates_free--;
        else
            co_h2_charge(h2);
        break;
    default: co_h2_charge(h2); /* RST_STREAM, PRIORITY, GOAWAY, unknown ones */
    }
}

static nghttp2_frame_hd read_head(const uint8_t at[CO_H2_FRAME_HEAD])
{
    return (nghttp2_frame_hd){
        .length = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2], .type = at[3], .flags = at[4]};
}

void co_h2_count(struct co_h2 *h2, const uint8_t *bytes, size_t size)
{
    while (size > 0 && !h2->excess) {
        size_t left = h2->frame_left ? h2->frame_left : CO_H2_FRAME_HEAD - h2->head_size;
        size_t take = size < left ? size : left;
        if (h2->frame_left) {
            h2->frame_left -= take;
        } else {
            memcpy(h2->head + h2->head_size, bytes, take);
            h2->head_size += take;
        }
        if (h2->head_size == CO_H2_FRAME_HEAD) {
            nghttp2_frame_hd frame = read_head(h2->head);
            h2->head_size = 0;
            h2->frame_left = frame.length;
            count_frame(h2, &frame);
        }
        bytes += take;
        size -= take;
    }
}
