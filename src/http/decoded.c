/* SPDX-License-Identifier: MIT */
#include "http/decoded.h"

#include "base/buf.h"
#include "coding/decode.h"
#include "coronet/error.h"

#include <errno.h>
#include <stdlib.h>

#define PIECE_BYTES 65536 /* of what is shown at once */

struct co_http_decoded {
    struct co_decode *decode; /* NULL: the end has come, its memory is not needed any more */
    co_text coded;            /* not yet decoded, in the stream's buffer */
    struct co_buf out;
    int error; /* the first failure, kept */
};

/* ---- which ----------------------------------------------------------------------------------- */

static int unknown_coding(co_text name)
{
    return co_fail(CO_EHTTP, "the server sent a content coding that nobody asked for: %.*s",
        CO_TEXT_PRINT(name));
}

/* "none" is no coding that is registered, but what some servers say instead of nothing. */
static bool is_no_coding(co_text name)
{
    return co_text_equal_nocase(name, CO_TEXT("identity")) ||
           co_text_equal_nocase(name, CO_TEXT("none"));
}

static struct co_http_walk codings_of(const struct co_http1_response *head)
{
    return (struct co_http_walk){
        head->fields, head->field_count, CO_TEXT("Content-Encoding"), 0, {0}};
}

bool co_http_is_coded(const struct co_http1_response *head)
{
    struct co_http_walk walk = codings_of(head);
    co_text name;
    while (co_http_walk_element(&walk, &name))
        if (!is_no_coding(name))
            return true;
    return false;
}

/* The codings in the order of their application. Returns how many, or as co_http_decoded_open. */
static ssize_t read_codings(const struct co_http1_response *head, enum co_decode_kind *ret)
{
    struct co_http_walk walk = codings_of(head);
    ssize_t count = 0;
    co_text name;
    while (co_http_walk_element(&walk, &name)) {
        enum co_decode_kind kind;
        if (is_no_coding(name))
            continue;
        if (co_decode_find(name, &kind) < 0)
            return unknown_coding(name);
        if (count == CO_DECODE_MAX)
            return co_fail(CO_ETOOBIG,
                "the response has more than %d content codings, one over the "
                "other",
                CO_DECODE_MAX);
        ret[count++] = kind;
    }
    return count;
}

int co_http_decoded_open(struct co_http_decoded **ret, const struct co_http1_response *head)
{
    enum co_decode_kind kinds[CO_DECODE_MAX];
    ssize_t count = head->framing == CO_HTTP_NO_BODY ? 0 : read_codings(head, kinds);
    *ret = NULL;
    if (count <= 0)
        return (int)count;
    struct co_http_decoded *decoded = calloc(1, sizeof *decoded);
    if (!decoded)
        return -ENOMEM;
    decoded->out = CO_BUF(PIECE_BYTES);
    int rc = co_decode_new(&decoded->decode, kinds, (size_t)count);
    if (rc < 0)
        free(decoded);
    else
        *ret = decoded;
    return rc;
}

static void give_back(struct co_http_decoded *decoded)
{
    co_decode_free(decoded->decode);
    decoded->decode = NULL;
    co_buf_free(&decoded->out);
}

void co_http_decoded_close(struct co_http_decoded *decoded)
{
    if (!decoded)
        return;
    give_back(decoded);
    free(decoded);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static int say(int rc)
{
    switch (rc) {
    case CO_EINVALID: return co_fail(CO_EHTTP, "the body's content coding is corrupt");
    case CO_EEOF: return co_fail(CO_EEOF, "the body ends in the midst of its content coding");
    case CO_ETOOBIG:
        return co_fail(CO_ETOOBIG, "decoded, the body grows beyond all measure: it is refused");
    default: return rc;
    }
}

/* A failure of the connection is told as it is, the decoder's in its words. */
static ssize_t next(struct co_http_decoded *decoded, struct co_http_answer *answer)
{
    struct co_buf *out = &decoded->out;
    bool held_back = out->size == out->size_max;
    co_buf_clear(out);
    for (;;) {
        if (decoded->coded.size == 0 && !held_back) {
            ssize_t n = co_http_exchange_next(answer, &decoded->coded);
            if (n < 0)
                return n;
            if (n == 0)
                return say(co_decode_end(decoded->decode));
        }
        held_back = false;
        int rc = co_decode_step(decoded->decode, &decoded->coded, out);
        if (rc < 0)
            return say(rc);
        if (out->size > 0)
            return (ssize_t)out->size;
    }
}

ssize_t co_http_decoded_next(
    struct co_http_decoded *decoded, struct co_http_answer *answer, co_text *ret)
{
    if (!decoded->decode)
        return decoded->error;
    ssize_t n = next(decoded, answer);
    *ret = co_buf_text(&decoded->out);
    if (n > 0)
        return n;
    decoded->error = (int)n;
    give_back(decoded);
    *ret = (co_text){0};
    return n;
}
