/* SPDX-License-Identifier: MIT */
#include "http/squeeze.h"

#include "coding/gzip.h"
#include "tree/tree.h"

#define IN_MAX (4 * CO_HTTP_PIECE) /* a piece, and the last entry put to it */

int co_http_squeeze_open(struct co_http_squeeze *squeeze, co_http_request *request, bool gzip)
{
    *squeeze = (struct co_http_squeeze){
        .request = request, .in = CO_BUF(IN_MAX), .out = CO_BUF(2 * IN_MAX)};
    return gzip ? co_gzip_new(&squeeze->gzip, CO_GZIP_FAST) : 0;
}

void co_http_squeeze_close(struct co_http_squeeze *squeeze)
{
    co_gzip_free(squeeze->gzip);
    co_buf_free(&squeeze->in);
    co_buf_free(&squeeze->out);
}

static int compress(void *arg)
{
    struct co_http_squeeze *squeeze = arg;
    return co_gzip_step(squeeze->gzip, co_buf_text(&squeeze->in), squeeze->last, &squeeze->out);
}

int co_http_squeeze_flush(struct co_http_squeeze *squeeze, bool last)
{
    if (squeeze->in.error)
        return squeeze->in.error;
    if (!last && squeeze->in.size < CO_HTTP_PIECE)
        return 0;
    struct co_buf *ready = &squeeze->in;
    if (squeeze->gzip) {
        squeeze->last = last;
        ready = &squeeze->out;
        int rc = co_block(compress, squeeze);
        if (rc < 0)
            return rc;
    }
    int rc = co_http_write(squeeze->request, ready->at, ready->size);
    co_buf_clear(&squeeze->in);
    co_buf_clear(&squeeze->out);
    return rc;
}

/* Adds the next piece of a file. The count, CO_EEOF, or as co_tree_read. */
static ssize_t take(struct co_http_squeeze *squeeze, int fd, uint64_t offset, uint64_t left)
{
    size_t size = left < CO_HTTP_PIECE ? (size_t)left : CO_HTTP_PIECE;
    char *room = co_buf_reserve(&squeeze->in, size);
    if (!room)
        return squeeze->in.error;
    ssize_t n = co_tree_read(fd, room, size, offset);
    if (n > 0)
        squeeze->in.size += (size_t)n;
    return n == 0 ? CO_EEOF : n;
}

int co_http_squeeze_file(co_http_request *request, int fd, uint64_t size)
{
    struct co_http_squeeze squeeze;
    int rc = co_http_squeeze_open(&squeeze, request, true);
    for (uint64_t offset = 0; rc == 0 && offset < size;) {
        ssize_t n = take(&squeeze, fd, offset, size - offset);
        offset += n > 0 ? (uint64_t)n : 0;
        rc = n < 0 ? (int)n : co_http_squeeze_flush(&squeeze, offset == size);
    }
    co_http_squeeze_close(&squeeze);
    return rc;
}
