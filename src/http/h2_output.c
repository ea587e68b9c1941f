/* SPDX-License-Identifier: MIT */
/*
 * What goes out. nghttp2 chooses the frames, by urgency (RFC 9218); they gather in one buffer, the
 * bodies' bytes straight from where they come from. A fiber writes the buffer as long as there is
 * something to say: it comes behind those that are ready, so what they say goes out in one piece.
 */
#include "http/h2.h"

#include "runtime/pool.h"

#include <errno.h>

#define QUEUE_MAX     1024 /* frames that wait: some for each stream, and small talk */
#define PAYLOAD_MIN   512  /* bytes of room, for less a frame is not begun */
#define LAST_WORDS_MS 1000 /* for a GOAWAY to go out */

static size_t room_of(const struct co_h2 *h2)
{
    return CO_BUFFER_LARGE - h2->out_size;
}

uint8_t *co_h2_output_room(struct co_h2 *h2, size_t *ret_size)
{
    size_t room = room_of(h2);
    if (h2->carry_size || room < CO_H2_FRAME_HEAD + PAYLOAD_MIN)
        return NULL;
    *ret_size = room - CO_H2_FRAME_HEAD;
    return h2->out + h2->out_size + CO_H2_FRAME_HEAD;
}

void co_h2_output_frame(struct co_h2 *h2, const uint8_t *frame_head, size_t size)
{
    memcpy(h2->out + h2->out_size, frame_head, CO_H2_FRAME_HEAD);
    h2->out_size += (uint32_t)(CO_H2_FRAME_HEAD + size);
    h2->data_sent += size;
}

bool co_h2_output_is_ready(const struct co_h2 *h2)
{
    return !h2->sending && h2->carry_size == 0 && room_of(h2) >= CO_H2_FRAME_HEAD + PAYLOAD_MIN &&
           nghttp2_session_get_outbound_queue_size(h2->session) == 0;
}

/* Takes the frame that nghttp2 has shown, if there is room: else it waits, where it is. */
static bool take_carry(struct co_h2 *h2)
{
    if (h2->carry_size > room_of(h2))
        return false;
    if (h2->carry_size > 0)
        memcpy(h2->out + h2->out_size, h2->carry, h2->carry_size);
    h2->out_size += h2->carry_size;
    h2->carry_size = 0;
    return true;
}

static void gather(struct co_h2 *h2)
{
    ssize_t n = 1;
    if (h2->sending || h2->error)
        return;
    if (!h2->out)
        h2->out = co_buffer_take(h2->stream->rt, CO_BUFFER_LARGE);
    if (!h2->out) {
        co_h2_fail(h2, -ENOMEM);
        return;
    }
    while (take_carry(h2) && (n = nghttp2_session_mem_send(h2->session, &h2->carry)) > 0)
        h2->carry_size = (uint32_t)n;
    if (n < 0)
        co_h2_fail(h2, n == NGHTTP2_ERR_NOMEM ? -ENOMEM : CO_EHTTP);
}

void co_h2_output_release(struct co_h2 *h2)
{
    if (h2->out)
        co_buffer_give(h2->stream->rt, h2->out, CO_BUFFER_LARGE);
    h2->out = NULL;
    h2->out_size = 0;
}

/* Writes all that there is, and what is added meanwhile. */
static int write_all(struct co_h2 *h2)
{
    gather(h2);
    while (h2->out_size > 0 && !h2->error) {
        const struct iovec piece = {h2->out, h2->out_size};
        h2->sending = true;
        int rc = co_pace_writev(&h2->writing, h2->stream, &piece, 1);
        h2->sending = false;
        h2->wrote_ns = co_now_ns();
        h2->out_size = 0;
        if (rc < 0)
            co_h2_fail(h2, rc);
        co_h2_heed_drain(h2);
        gather(h2);
    }
    co_h2_output_release(h2);
    return h2->error;
}

static int writer(void *arg)
{
    struct co_h2 *h2 = arg;
    write_all(h2);
    h2->writer_on = false;
    if (h2->ended)
        co_h2_streams_wake(h2); /* what has not gone out never will */
    co_h2_settled(h2);
    return 0;
}

void co_h2_push(struct co_h2 *h2)
{
    gather(h2);
    if (nghttp2_session_get_outbound_queue_size(h2->session) > QUEUE_MAX)
        h2->meter.excess = true;
    if (!h2->starting)
        co_h2_write_soon(h2);
}

void co_h2_write_soon(struct co_h2 *h2)
{
    static const struct co_go_options go = {.name = "output"};
    struct co_group_body *group = (struct co_group_body *)(void *)h2->group;
    if (h2->writer_on || h2->error)
        return;
    if (h2->out_size == 0) {
        co_h2_output_release(h2);
        return;
    }
    int rc = co_fiber_spawn(h2->stream->rt, group, &go, writer, h2);
    if (rc < 0) {
        co_h2_fail(h2, rc);
        return;
    }
    group->count++;
    h2->writer_on = true;
}

int co_h2_output_finish(struct co_h2 *h2)
{
    co_scope grace;
    co_scope_shield(&grace, LAST_WORDS_MS);
    int rc = write_all(h2);
    co_scope_close(&grace);
    return rc;
}
