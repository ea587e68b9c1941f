/* SPDX-License-Identifier: MIT */
#include "http_client.h"

#include <stdlib.h>
#include <zlib.h>

#define HEAD_MAX  4096
#define BODY_MAX  (PATTERN_SIZE + 4096)
#define CHUNK_MAX (1u << 20)

char http_pattern[PATTERN_SIZE];

/* No stretch of it is like another, and it shrinks well. */
void http_pattern_make(void)
{
    for (size_t i = 0; i < PATTERN_SIZE; i++)
        http_pattern[i] = (char)('a' + (i / 7 + i / 1000) % 26);
}

/* Two clients may ask at once, so each reads into what it has allocated for itself. */
struct answer {
    int status;
    bool interim, chunked, gzip, closes;
    long length; /* -1: not announced */
    size_t size;
    char head[HEAD_MAX], body[BODY_MAX], plain[BODY_MAX];
};

/* ---- reading ----------------------------------------------------------------------------------
 */

static int read_head(co_stream *stream, struct answer *ret)
{
    const uint8_t *bytes;
    ssize_t n = co_peek_until(stream, "\r\n\r\n", HEAD_MAX - 1, &bytes);
    if (n < 0)
        return (int)n;
    memcpy(ret->head, bytes, (size_t)n);
    ret->head[n] = '\0';
    co_consume(stream, (size_t)n);
    if (strncmp(ret->head, "HTTP/1.1 ", 9) != 0)
        room_problem("no response: %.40s", ret->head);
    const char *length = strstr(ret->head, "\r\nContent-Length: ");
    ret->status = atoi(ret->head + 9);
    ret->length = length ? atol(length + 18) : -1;
    ret->chunked = strstr(ret->head, "\r\nTransfer-Encoding: chunked\r\n") != NULL;
    ret->gzip = strstr(ret->head, "\r\nContent-Encoding: gzip\r\n") != NULL;
    ret->closes = strstr(ret->head, "\r\nConnection: close\r\n") != NULL;
    ret->size = 0;
    return 0;
}

static int read_piece(co_stream *stream, struct answer *ret, size_t size)
{
    if (size > BODY_MAX - ret->size) {
        room_problem("a body that is too large");
        return CO_ETOOBIG;
    }
    ssize_t n = size ? co_read_full(stream, ret->body + ret->size, size) : 0;
    ret->size += n > 0 ? (size_t)n : 0;
    return n < 0 ? (int)n : 0;
}

static int read_chunks(co_stream *stream, struct answer *ret)
{
    for (;;) {
        char line[64], end[2];
        ssize_t n = co_read_line(stream, line, sizeof line);
        if (n <= 0 || line[n - 1] != '\n')
            return n < 0 ? (int)n : CO_EEOF;
        size_t size = strtoul(line, NULL, 16);
        int rc = read_piece(stream, ret, size);
        if (rc == 0)
            rc = co_read_full(stream, end, 2) < 0 ? CO_EEOF : 0;
        if (rc == 0 && memcmp(end, "\r\n", 2) != 0)
            room_problem("a chunk without its end");
        if (rc < 0 || size == 0)
            return rc;
    }
}

/* To the connection's end: how HTTP/1.0 is told the end of what streams. It cannot tell that from
 * an end that is false. */
static int read_to_end(co_stream *stream, struct answer *ret)
{
    ssize_t n;
    do {
        n = co_read(stream, ret->body + ret->size, BODY_MAX - ret->size);
        ret->size += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    ret->closes = true;
    return n == 0 && fault_struck() && fault_get()->error == FAULT_END ? CO_EEOF : (int)n;
}

static int read_body(co_stream *stream, const struct ask *ask, struct answer *ret)
{
    if (ret->status < 200 || ret->status == 204 || ret->status == 304 ||
        strncmp(ask->request, "HEAD", 4) == 0)
        return 0;
    if (ret->chunked)
        return read_chunks(stream, ret);
    return ret->length < 0 ? read_to_end(stream, ret)
                           : read_piece(stream, ret, (size_t)ret->length);
}

/* What is in the coded body; its end must be there, since the message is whole. */
static void unzip(struct answer *answer)
{
    z_stream z = {
        .next_in = (Bytef *)answer->body,
        .avail_in = (uInt)answer->size,
        .next_out = (Bytef *)answer->plain,
        .avail_out = BODY_MAX,
    };
    if (inflateInit2(&z, 15 + 16) != Z_OK)
        return;
    if (inflate(&z, Z_FINISH) != Z_STREAM_END || z.avail_in > 0)
        room_problem("a compressed body without its end");
    answer->size = BODY_MAX - z.avail_out;
    memcpy(answer->body, answer->plain, answer->size);
    inflateEnd(&z);
}

/* ---- judging ----------------------------------------------------------------------------------
 */

static bool is_piece(const char *at, size_t size, struct part part)
{
    return size == part.size && memcmp(at, http_pattern + part.first, size) == 0;
}

static bool has_parts(const struct answer *answer, const struct part *parts)
{
    const char *at = answer->body, *end = at + answer->size;
    for (; parts->size > 0; parts++) {
        at = memmem(at, (size_t)(end - at), "\r\n\r\n", 4);
        if (!at || (size_t)(end - at) < 4 + parts->size || !is_piece(at + 4, parts->size, *parts))
            return false;
        at += 4 + parts->size;
    }
    return end - at > 4 && memcmp(end - 4, "--\r\n", 4) == 0;
}

/* A folder's entry that cannot be looked at, for its own sake, is left out. */
static bool has_needles(const struct answer *answer, const char *const *needles)
{
    size_t last = strlen(needles[0]);
    if (answer->size < last || memcmp(answer->body + answer->size - last, needles[0], last) != 0)
        return false;
    bool complete = !fault_struck() || fault_get()->error != EIO;
    for (size_t i = 1; complete && i < NEEDLES_MAX && needles[i]; i++)
        if (!memmem(answer->body, answer->size, needles[i], strlen(needles[i])))
            return false;
    return true;
}

static bool is_right(const struct ask *ask, const struct answer *answer)
{
    if (ask->no_body)
        return answer->size == 0;
    if (ask->text)
        return answer->size == strlen(ask->text) &&
               memcmp(answer->body, ask->text, answer->size) == 0;
    if (ask->parts[0].size)
        return has_parts(answer, ask->parts);
    if (ask->needles[0])
        return has_needles(answer, ask->needles);
    return is_piece(answer->body, answer->size, ask->content);
}

/* Errors that a server may tell of when it was hit: its own; or, when its input ended too early,
 * that the request was not whole. */
static bool is_excuse(int status)
{
    return fault_struck() &&
           (status == 500 || status == 503 || (status == 400 && fault_get()->error == FAULT_END));
}

static int judge(const struct ask *ask, struct answer *answer)
{
    if (answer->gzip)
        unzip(answer);
    if (answer->status != ask->status && is_excuse(answer->status))
        return 1;
    if (answer->status != ask->status)
        room_problem("status %d, not %d, for %.40s", answer->status, ask->status, ask->request);
    else if (!is_right(ask, answer))
        room_problem("a wrong body of %zu bytes for %.40s", answer->size, ask->request);
    return 0;
}

/* ---- asking -----------------------------------------------------------------------------------
 */

static int hear(co_stream *stream, const struct ask *ask, struct answer *answer)
{
    int rc = read_head(stream, answer);
    if (rc == 0 && answer->status == 100) {
        rc = ask->body ? co_write(stream, ask->body, strlen(ask->body)) : 0;
        if (rc == 0)
            rc = read_head(stream, answer);
    }
    if (rc == 0)
        rc = read_body(stream, ask, answer);
    return rc < 0 ? rc : judge(ask, answer);
}

int http_hear(co_stream *stream, const struct ask *ask, bool *ret_ends)
{
    struct answer *answer = malloc(sizeof *answer);
    if (!answer)
        return -ENOMEM;
    int rc = hear(stream, ask, answer);
    *ret_ends = rc < 0 || answer->closes;
    free(answer);
    return rc;
}

int http_ask(co_stream *stream, const struct ask *ask, bool *ret_ends)
{
    int rc = co_write(stream, ask->request, strlen(ask->request));
    *ret_ends = true;
    return rc < 0 ? rc : http_hear(stream, ask, ret_ends);
}
