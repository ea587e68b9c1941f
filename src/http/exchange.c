/* SPDX-License-Identifier: MIT */
#include "http/exchange.h"

#include "http/h2_client.h"
#include "net/stream.h"

/* A server may answer, and close, before it has read all of a request (RFC 9112 9.5): a failed
 * write is told only if no response has come. */
static int send_request(co_stream *stream, const struct co_http_question *question)
{
    struct co_pace pace;
    struct iovec pieces[] = {co_piece(question->head), co_piece(question->body)};
    co_pace_start(&pace, question->min_rate, question->limit_rate);
    return co_pace_writev(&pace, stream, pieces, question->body.size > 0 ? 2 : 1);
}

static ssize_t body_next(struct co_http_answer *answer, co_text *ret)
{
    return co_http_incoming_next(&answer->body, ret);
}

static bool body_end(struct co_http_answer *answer)
{
    struct co_http_incoming *body = &answer->body;
    co_text piece;
    bool is_read = body->ended || answer->head.framing == CO_HTTP_NO_BODY ||
                   (answer->head.framing == CO_HTTP_LENGTH && body->left == 0);
    return is_read && answer->head.keep_alive && co_http_incoming_next(body, &piece) == 0 &&
           co_stream_buffered(body->stream) == 0;
}

static const struct co_http_way http1_way = {.version = 11, .next = body_next, .end = body_end};

static int converse(co_stream *stream, const struct co_http_question *question,
    struct co_http_answer *answer, bool *ret_heard)
{
    co_scope scope;
    int sent = send_request(stream, question);
    if (sent == CO_ECANCELED || sent == CO_EDEADLINE)
        return sent;
    co_scope_open(&scope, question->head_ms);
    int rc =
        co_response_head_read(stream, question->method, &answer->text, &answer->head, ret_heard);
    co_scope_close(&scope);
    if (rc < 0)
        return sent < 0 && !*ret_heard ? sent : rc;
    answer->way = &http1_way;
    answer->body = (struct co_http_incoming){
        .stream = stream, .framing = answer->head.framing, .left = answer->head.body_size};
    answer->head.keep_alive &= sent == 0;
    co_pace_start(&answer->body.pace, question->min_rate, question->limit_rate);
    return 0;
}

int co_http_exchange(co_stream *stream, const struct co_http_question *question,
    struct co_http_answer *answer, enum co_http_fate *ret_fate)
{
    bool heard = false;
    if (co_h2_client_is_on(stream))
        return co_h2_client_exchange(stream, question, answer, ret_fate);
    answer->text = CO_BUF(CO_HTTP1_RESPONSE_HEAD_MAX);
    int rc = converse(stream, question, answer, &heard);
    *ret_fate = heard ? CO_HTTP_HEARD : CO_HTTP_UNHEARD;
    return rc;
}

ssize_t co_http_exchange_next(struct co_http_answer *answer, co_text *ret)
{
    return answer->way->next(answer, ret);
}

bool co_http_exchange_end(struct co_http_answer *answer)
{
    bool is_sound = answer->way && answer->way->end(answer);
    answer->way = NULL;
    return is_sound;
}
