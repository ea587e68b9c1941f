/* SPDX-License-Identifier: MIT */
#include "coding/gzip.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#define WINDOW_GZIP (15 + 16) /* zlib's: the largest window, in gzip's wrapping */
#define WINDOW_ZLIB 15        /* the same, in zlib's */
#define MEMORY      8         /* zlib's default: 128 KiB of hashes beside the window */
#define OUT_STEP    16384     /* bytes by which the output grows */

struct co_gzip {
    z_stream z;
};

static int gzip_new(struct co_gzip **ret, int level, int window)
{
    struct co_gzip *gzip = calloc(1, sizeof *gzip);
    if (!gzip)
        return -ENOMEM;
    if (deflateInit2(&gzip->z, level, Z_DEFLATED, window, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(gzip);
        return -ENOMEM;
    }
    *ret = gzip;
    return 0;
}

int co_gzip_new(struct co_gzip **ret, int level)
{
    return gzip_new(ret, level, WINDOW_GZIP);
}

int co_gzip_new_zlib(struct co_gzip **ret, int level)
{
    return gzip_new(ret, level, WINDOW_ZLIB);
}

void co_gzip_free(struct co_gzip *gzip)
{
    if (!gzip)
        return;
    deflateEnd(&gzip->z);
    free(gzip);
}

/* How much the output may grow now: less at the ceiling, where it must fit exactly. */
static size_t step_of(const struct co_buf *out)
{
    size_t left = out->size_max - out->size;
    return left < OUT_STEP && left > 0 ? left : OUT_STEP;
}

int co_gzip_step(struct co_gzip *gzip, co_text bytes, bool last, struct co_buf *out)
{
    z_stream *z = &gzip->z;
    assert(bytes.size <= UINT_MAX);
    z->next_in = (Bytef *)(uintptr_t)bytes.at;
    z->avail_in = (uInt)bytes.size;
    int rc;
    do {
        size_t step = step_of(out);
        char *room = co_buf_reserve(out, step);
        if (!room)
            return out->error;
        z->next_out = (Bytef *)room;
        z->avail_out = (uInt)step;
        rc = deflate(
            z, last ? Z_FINISH : Z_NO_FLUSH); /* cannot fail: it has room and is consistent */
        out->size += step - z->avail_out;
    } while (rc != Z_STREAM_END && z->avail_out == 0); /* with room left, nothing is held back */
    return 0;
}

int co_gzip_all(co_text bytes, int level, struct co_buf *out)
{
    struct co_gzip *gzip;
    int rc = co_gzip_new(&gzip, level);
    if (rc < 0)
        return rc;
    rc = co_gzip_step(gzip, bytes, true, out);
    co_gzip_free(gzip);
    return rc;
}
