/* SPDX-License-Identifier: MIT */
#include "http/exchange.h"

#include "http/h2_client.h"
#include "net/stream.h"

static void pace_start(struct co_pace *pace, const struct co_http_question *question)
{
    co_pace_start(pace, question->min_rate, question->limit_rate);
    co_pace_allow(pace, question->stall_ms);
}

/* A server may answer, and close, before it has read all of a request (RFC 9112 9.5): a failed
 * write is told only if no response has come. */
static int send_request(co_stream *stream, const struct co_http_question *question)
{
    struct co_pace pace;
    struct iovec pieces[] = {co_piece(question->head), co_piece(question->body)};
    pace_start(&pace, question);
    return co_pace_writev(&pace, stream, pieces, question->body.size > 0 ? 2 : 1);
}

static ssize_t body_next(struct co_http_answer *answer, co_text *ret)
{
    return co_http_incoming_next(&answer->body, ret);
}

static long body_splice(struct co_http_answer *answer, int pipe_fd, size_t size)
{
    return co_http_incoming_splice(&answer->body, pipe_fd, size);
}

static enum co_http_rest body_end(struct co_http_answer *answer)
{
    struct co_http_incoming *body = &answer->body;
    co_text piece;
    bool is_read = body->ended || answer->head.framing == CO_HTTP_NO_BODY ||
                   (answer->head.framing == CO_HTTP_LENGTH && body->left == 0);
    if (!is_read || !answer->is_asked || co_http_incoming_next(body, &piece) != 0 ||
        co_stream_buffered(body->stream) > 0)
        return CO_HTTP_BROKEN_OFF;
    return answer->head.keep_alive ? CO_HTTP_REUSABLE : CO_HTTP_OVER;
}

static const struct co_http_way http1_way = {
    .version = 11, .next = body_next, .splice = body_splice, .end = body_end};

/* ---- a body with a source ------------------------------------------------------------------- */

enum sent {
    SENT,     /* all of it */
    ANSWERED, /* the final answer's head is here before the body was sent */
    STOPPED,  /* the peer has said something before the body's end */
};

/* Waits for the word to send a body. 1: it came, or nothing did; 0: the final answer's head is here
 * instead; negative as co_response_head_next. */
static int await_word(co_stream *stream, const struct co_http_question *question,
    struct co_http_answer *answer, bool *heard)
{
    for (unsigned i = 0; i <= CO_HTTP_INTERIM_MAX; i++) {
        co_scope scope;
        co_scope_open(&scope, CO_HTTP_EXPECT_MS);
        int rc =
            co_response_head_next(stream, question->method, &answer->text, &answer->head, heard);
        if (co_scope_close(&scope) == CO_EDEADLINE && rc == CO_EDEADLINE && co_status() == 0)
            return 1;
        if (rc < 0 || answer->head.status >= 200)
            return rc;
        if (answer->head.status == 100)
            return 1;
    }
    return CO_EHTTP;
}

/* An enum sent, or negative. */
static int send_body(co_stream *stream, const struct co_http_question *question,
    struct co_http_answer *answer, bool *heard)
{
    struct co_http_outgoing *body = question->outgoing;
    struct co_pace pace;
    if (!body || !body->source || body->source->size == 0)
        return SENT;
    int rc = question->expects ? await_word(stream, question, answer, heard) : 1;
    if (rc <= 0)
        return rc < 0 ? rc : ANSWERED;
    pace_start(&pace, question);
    rc = co_http_outgoing_send(body, &pace, stream);
    return rc == 1 ? STOPPED : rc;
}

int co_http_waited(co_scope *scope, int rc)
{
    bool is_late = co_scope_close(scope) == CO_EDEADLINE && rc < 0 && co_status() == 0;
    return is_late ? co_fail(CO_EDEADLINE, "the server does not answer in time") : rc;
}

static int read_answer(co_stream *stream, const struct co_http_question *question,
    struct co_http_answer *answer, bool *heard)
{
    co_scope scope;
    co_scope_open(&scope, question->head_ms);
    int rc = co_response_head_read(stream, question->method, &answer->text, &answer->head, heard);
    return co_http_waited(&scope, rc);
}

/* Is there nothing to wait for? That the peer does not read may have a reason that it tells; what
 * is no answer it has told already. */
static bool is_over(int sent, const struct co_http_question *question)
{
    return sent == CO_EHTTP || sent == CO_ETOOBIG || sent == CO_ECANCELED || sent == CO_EDEADLINE ||
           co_http_is_own_failure(sent) || (question->outgoing && question->outgoing->failed);
}

/* ---- all together --------------------------------------------------------------------------- */

static int converse(co_stream *stream, const struct co_http_question *question,
    struct co_http_answer *answer, bool *ret_heard)
{
    int sent = send_request(stream, question);
    if (sent == 0)
        sent = send_body(stream, question, answer, ret_heard);
    if (is_over(sent, question))
        return sent;
    int rc = sent == ANSWERED ? 0 : read_answer(stream, question, answer, ret_heard);
    if (rc < 0)
        return sent < 0 && !*ret_heard ? sent : rc;
    answer->way = &http1_way;
    answer->body = (struct co_http_incoming){
        .stream = stream,
        .framing = answer->head.framing,
        .left = answer->head.body_size,
        .chunked.lenient = true,
    };
    answer->is_asked = sent == SENT;
    pace_start(&answer->body.pace, question);
    return 0;
}

int co_http_exchange(co_stream *stream, const struct co_http_question *question,
    struct co_http_answer *answer, enum co_http_fate *ret_fate)
{
    bool heard = false;
    if (co_h2_client_is_on(stream))
        return co_h2_client_exchange(stream, question, answer, ret_fate);
    answer->text = CO_BUF(CO_HTTP1_RESPONSE_TEXT_MAX);
    int rc = converse(stream, question, answer, &heard);
    *ret_fate = heard ? CO_HTTP_HEARD : CO_HTTP_UNHEARD;
    return rc;
}

ssize_t co_http_exchange_next(struct co_http_answer *answer, co_text *ret)
{
    return answer->way->next(answer, ret);
}

enum co_http_rest co_http_exchange_end(struct co_http_answer *answer)
{
    enum co_http_rest rest = answer->way ? answer->way->end(answer) : CO_HTTP_BROKEN_OFF;
    answer->way = NULL;
    return rest;
}
