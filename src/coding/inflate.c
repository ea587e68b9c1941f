/* SPDX-License-Identifier: MIT */
#include "coding/inflate.h"

#include "coding/bomb.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

struct co_inflate {
    z_stream z;
    bool ended;
};

int co_inflate_new(struct co_inflate **ret)
{
    struct co_inflate *self = calloc(1, sizeof *self);
    if (!self)
        return -ENOMEM;
    if (inflateInit(&self->z) != Z_OK) {
        free(self);
        return -ENOMEM;
    }
    *ret = self;
    return 0;
}

void co_inflate_free(struct co_inflate *self)
{
    if (!self)
        return;
    inflateEnd(&self->z);
    free(self);
}

int co_inflate_step(struct co_inflate *self, co_text *bytes, struct co_buf *out)
{
    z_stream *z = &self->z;
    size_t room = out->size_max - out->size;
    char *at = co_buf_reserve(out, room);
    if (self->ended)
        return 1;
    if (!at)
        return out->error;
    assert(bytes->size <= UINT_MAX && room <= UINT_MAX);
    z->next_in = (Bytef *)(uintptr_t)bytes->at;
    z->avail_in = (uInt)bytes->size;
    z->next_out = (Bytef *)at;
    z->avail_out = (uInt)room;
    int rc = inflate(z, Z_NO_FLUSH);
    *bytes = co_text_after(*bytes, bytes->size - z->avail_in);
    out->size += room - z->avail_out;
    self->ended = rc == Z_STREAM_END;
    if (co_is_bomb(z->total_in, z->total_out))
        return CO_ETOOBIG;
    if (rc == Z_MEM_ERROR)
        return -ENOMEM;
    return rc == Z_STREAM_END ? 1 : rc == Z_OK || rc == Z_BUF_ERROR ? 0 : CO_EINVALID;
}
