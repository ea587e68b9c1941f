/* SPDX-License-Identifier: MIT */
/*
 * One exchange over HTTP/2. Its response's head is told as HTTP/1 would, so that one parser and one
 * set of limits see every response. Of its body the server may send as much as the stream's window
 * allows, which opens as it is read, and widens for one who reads on.
 */
#include "http/h2_client.h"
#include "tls/terms.h"

#include <errno.h>
#include <stdlib.h>

/* ---- coming and going --------------------------------------------------------------------- */

static struct co_h2_call *call_new(struct co_h2_link *h2, const struct co_http_question *question)
{
    struct co_h2_call *call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    *call = (struct co_h2_call){.h2 = h2,
        .method = question->method,
        .head = CO_BUF(CO_HTTP1_RESPONSE_TEXT_MAX),
        .window = CO_H2_CALL_BYTES};
    co_pace_start(&call->reading, question->min_rate, 0);
    co_pace_start(&call->writing, question->min_rate, 0);
    co_pace_allow(&call->reading, question->stall_ms);
    co_pace_allow(&call->writing, question->stall_ms);
    co_list_append(&h2->calls, &call->link);
    if (!h2->is_paced) {
        co_pace_start(&h2->reading, -1, question->limit_rate);
        co_pace_start(&h2->writing, question->min_rate, question->limit_rate);
        co_pace_allow(&h2->writing, question->stall_ms);
        h2->is_paced = true;
    }
    return call;
}

/* That many bytes are held no more. */
static void let_go(struct co_h2_link *h2, size_t size)
{
    h2->held -= size;
    if (h2->owed == 0 || h2->held > CO_H2_HELD_MAX)
        return;
    nghttp2_session_consume_connection(h2->session, h2->owed);
    h2->owed = 0;
}

static void drop_bytes(struct co_h2_call *call)
{
    size_t size;
    while ((size = co_h2_bytes_front(&call->bytes).size) > 0) {
        let_go(call->h2, size);
        co_h2_bytes_take(call->h2->stream->rt, &call->bytes, size);
    }
}

void co_h2_call_reset(struct co_h2_call *call, uint32_t code, int error)
{
    if (!call->error)
        call->error = error;
    if (call->is_open)
        nghttp2_submit_rst_stream(call->h2->session, NGHTTP2_FLAG_NONE, call->id, code);
    co_h2_call_wake(call);
}

/* nghttp2 hears that nobody is interested any more. */
static void call_off(struct co_h2_call *call)
{
    struct co_h2_link *h2 = call->h2;
    co_h2_call_reset(call, NGHTTP2_CANCEL, 0);
    nghttp2_session_set_stream_user_data(h2->session, call->id, NULL);
    call->is_open = false;
    h2->open_count--;
}

static void call_free(struct co_h2_call *call)
{
    struct co_h2_link *h2 = call->h2;
    if (call->is_open)
        call_off(call);
    if (h2->arriving == call)
        h2->arriving = NULL;
    drop_bytes(call);
    co_list_remove(&call->link);
    co_h2_link_place_free(h2);
    co_buf_free(&call->head);
    free(call);
}

/* ---- the body ----------------------------------------------------------------------------- */

/* Room for as much again, and for more to one who has read as much as there was. */
static void open_window(struct co_h2_call *call, size_t size)
{
    nghttp2_session *session = call->h2->session;
    call->read += size;
    if (!call->is_open || call->ends)
        return;
    if (call->read >= (uint64_t)call->window && call->window < CO_H2_CALL_BYTES_MAX) {
        call->window =
            call->window * 2 < CO_H2_CALL_BYTES_MAX ? call->window * 2 : CO_H2_CALL_BYTES_MAX;
        nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, call->id, call->window);
    }
    nghttp2_session_consume_stream(session, call->id, size);
}

/* Sleeps to keep the limit before the window opens, so that the server keeps it too. */
static int consume_shown(struct co_h2_call *call)
{
    struct co_h2_link *h2 = call->h2;
    size_t shown = call->shown;
    call->shown = 0;
    if (shown == 0)
        return 0;
    co_h2_bytes_take(h2->stream->rt, &call->bytes, shown);
    let_go(h2, shown);
    int rc = co_pace_keep(&h2->reading, shown);
    open_window(call, shown);
    if (rc == 0 && nghttp2_session_want_write(h2->session))
        rc = co_h2_link_say_more(h2);
    return rc;
}

static bool has_bytes(const struct co_h2_call *call)
{
    return call->bytes.first || call->ends || call->error;
}

/* While others' bodies come, this one's server is not too slow: it may send one after the other. */
static int await_bytes(struct co_h2_call *call)
{
    struct co_pace_wait wait;
    uint64_t received = call->h2->received;
    co_pace_wait_begin(&wait, &call->reading);
    int rc = co_h2_link_await(call, has_bytes);
    uint64_t moved = call->h2->received - received;
    rc = (int)co_pace_wait_end(&wait, &call->reading, rc, moved);
    return rc == CO_ETOOSLOW && call->reading.allowance_ns > 0 ? 0 : rc;
}

static ssize_t show(struct co_h2_call *call, co_text *ret)
{
    int rc = 0;
    while (rc == 0 && !has_bytes(call))
        rc = await_bytes(call);
    if (rc < 0)
        return rc;
    *ret = co_h2_bytes_front(&call->bytes);
    if (ret->size == 0)
        return call->ends ? 0 : call->error;
    ret->size = co_pace_step(&call->h2->reading, ret->size);
    call->shown = ret->size;
    return (ssize_t)ret->size;
}

/* What is wrong with the exchange stays wrong. */
static ssize_t call_next(struct co_http_answer *answer, co_text *ret)
{
    struct co_h2_call *call = answer->call;
    *ret = (co_text){0};
    ssize_t n = call->failed ? call->failed : consume_shown(call);
    if (n == 0)
        n = show(call, ret);
    if (n < 0)
        call->failed = (int)n;
    return n;
}

/* The connection goes on. Its peer shall hear at once of what was called off. */
static enum co_http_rest call_end(struct co_http_answer *answer)
{
    struct co_h2_link *h2 = answer->call->h2;
    call_free(answer->call);
    answer->call = NULL;
    co_h2_link_say_last(h2);
    return CO_HTTP_REUSABLE;
}

static const struct co_http_way h2_way = {.version = 20, .next = call_next, .end = call_end};

/* ---- the head ----------------------------------------------------------------------------- */

static bool has_head(const struct co_h2_call *call)
{
    return call->has_head || call->error;
}

/* The head's text becomes the answer's: every slice points into it. */
static int read_head(struct co_h2_call *call, struct co_http_answer *answer)
{
    struct co_http1_response *head = &answer->head;
    if (!call->has_head && call->is_refused)
        return co_fail(
            call->error, "the server refuses the request without a look at it (REFUSED_STREAM)");
    if (!call->has_head)
        return call->error;
    co_buf_add(&call->head, "\r\n", 2);
    answer->text = call->head;
    call->head = CO_BUF(0);
    if (answer->text.error)
        return answer->text.error;
    int rc = co_http1_response_parse(&answer->text, call->method, head);
    if (rc == 0 && head->framing == CO_HTTP_TO_END && call->is_bare)
        head->framing = CO_HTTP_NO_BODY;
    return rc;
}

static int converse(
    struct co_h2_call *call, const struct co_http_question *question, struct co_http_answer *answer)
{
    co_scope scope;
    int rc = co_h2_ask(call, question);
    if (rc == 0)
        rc = co_h2_upload(call);
    if (rc < 0)
        return rc;
    co_scope_open(&scope, question->head_ms);
    rc = co_http_waited(&scope, co_h2_link_await(call, has_head));
    return rc < 0 ? rc : read_head(call, answer);
}

int co_h2_client_exchange(co_stream *stream, const struct co_http_question *question,
    struct co_http_answer *answer, enum co_http_fate *ret_fate)
{
    struct co_h2_call *call = call_new(stream->slot, question);
    *ret_fate = CO_HTTP_HEARD;
    if (!call)
        return -ENOMEM;
    answer->call = call;
    answer->way = &h2_way;
    int rc = converse(call, question, answer);
    if (rc == CO_ETLS)
        rc = co_tls_explain(stream);
    *ret_fate = call->wants_http1 && !call->has_head ? CO_HTTP_TOO_NEW
                : call->is_refused                   ? CO_HTTP_REFUSED
                : call->has_head || call->status > 0 ? CO_HTTP_HEARD
                                                     : CO_HTTP_UNHEARD;
    return rc;
}
