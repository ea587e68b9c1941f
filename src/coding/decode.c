/* SPDX-License-Identifier: MIT */
#include "coding/decode.h"

#include "coding/bomb.h"

#include <brotli/decode.h>
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define WINDOW_GZIP     (15 + 16) /* zlib's: the largest window, in gzip's wrapping */
#define WINDOW_ZLIB     15        /* the same, in zlib's */
#define WINDOW_RAW      (-15)     /* and in none */
#define ZSTD_WINDOW_LOG 23        /* 8 MiB (RFC 9659 3) */
#define ZSTD_HEAD_MAX   18        /* bytes (RFC 8878 3.1.1.1) and the magic number's */
#define MIDDLE_BYTES    16384     /* between two codings */

enum state {
    UNTOUCHED, /* no byte has come */
    WITHIN,
    ENDED
};

/* One coding that is taken off. */
struct stage {
    const struct method *method;
    void *decoder; /* NULL: not needed yet */
    enum state state;
    bool held_back; /* its room was used up: it may have more */
    uint64_t yielded;
};

/* Where a step reads and writes. */
struct span {
    const uint8_t *in;
    size_t in_bytes;
    uint8_t *out;
    size_t out_bytes;
};

struct method {
    const char *name, *alias;
    bool repeats;                     /* what ends may begin anew */
    bool (*may_begin)(uint8_t first); /* NULL: with any */
    void *(*open)(uint8_t first);
    /* Moves the span on. 1 at an end; 0; CO_EINVALID, CO_ETOOBIG, -ENOMEM. */
    int (*step)(void *decoder, struct span *span);
    void (*close)(void *decoder);
};

struct co_decode {
    struct stage stages[CO_DECODE_MAX]; /* the outermost first */
    size_t count;
    uint64_t taken;
    struct co_buf middle;
    co_text rest; /* of middle, for the second stage */
};

/* ---- zlib ------------------------------------------------------------------------------------ */

static void *zlib_open(int window)
{
    z_stream *z = calloc(1, sizeof *z);
    if (z && inflateInit2(z, window) != Z_OK) {
        free(z);
        return NULL;
    }
    return z;
}

static void *gzip_open(uint8_t first)
{
    (void)first;
    return zlib_open(WINDOW_GZIP);
}

/* RFC 9110 8.4.1.2 means zlib's format; some servers send it bare. zlib's first byte has 8 in its
 * lower half and at most 7 in its upper one (RFC 1950 2.2), which begins no bare stream: a stored
 * block whose padding is not zero. */
static void *deflate_open(uint8_t first)
{
    return zlib_open((first & 0x8f) == 0x08 ? WINDOW_ZLIB : WINDOW_RAW);
}

static int zlib_step(void *decoder, struct span *span)
{
    z_stream *z = decoder;
    assert(span->in_bytes <= UINT_MAX && span->out_bytes <= UINT_MAX);
    z->next_in = (Bytef *)(uintptr_t)span->in;
    z->avail_in = (uInt)span->in_bytes;
    z->next_out = span->out;
    z->avail_out = (uInt)span->out_bytes;
    int rc = inflate(z, Z_NO_FLUSH);
    *span = (struct span){z->next_in, z->avail_in, z->next_out, z->avail_out};
    switch (rc) {
    case Z_OK:
    case Z_BUF_ERROR: return 0;
    case Z_STREAM_END: return inflateReset(z) == Z_OK ? 1 : CO_EINVALID;
    case Z_MEM_ERROR: return -ENOMEM;
    default: return CO_EINVALID;
    }
}

static void zlib_close(void *decoder)
{
    inflateEnd(decoder);
    free(decoder);
}

/* ---- br -------------------------------------------------------------------------------------- */

static void *br_open(uint8_t first)
{
    (void)first;
    return BrotliDecoderCreateInstance(NULL, NULL, NULL);
}

static bool is_br_memory(BrotliDecoderErrorCode code)
{
    return code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
           code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES;
}

static int br_step(void *decoder, struct span *span)
{
    BrotliDecoderState *br = decoder;
    switch (BrotliDecoderDecompressStream(
        br, &span->in_bytes, &span->in, &span->out_bytes, &span->out, NULL)) {
    case BROTLI_DECODER_RESULT_SUCCESS: return 1;
    case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
    case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT: return 0;
    default: return is_br_memory(BrotliDecoderGetErrorCode(br)) ? -ENOMEM : CO_EINVALID;
    }
}

static void br_close(void *decoder)
{
    BrotliDecoderDestroyInstance(decoder);
}

/* ---- zstd ------------------------------------------------------------------------------------ */

/* A frame, or one to be skipped (RFC 8878 3.1.1, 3.1.2). The library would read the formats that
 * were there before, too: with code that nobody fuzzes. */
static bool zstd_may_begin(uint8_t first)
{
    return first == 0x28 || (first & 0xf0) == 0x50;
}

struct zstd {
    ZSTD_DCtx *context;
    uint8_t head[ZSTD_HEAD_MAX]; /* of the frame that it is in */
    size_t head_size;
    uint64_t yielded; /* of that frame */
};

static void zstd_close(void *decoder)
{
    struct zstd *zstd = decoder;
    ZSTD_freeDCtx(zstd->context);
    free(zstd);
}

static void *zstd_open(uint8_t first)
{
    (void)first;
    struct zstd *zstd = calloc(1, sizeof *zstd);
    if (!zstd)
        return NULL;
    zstd->context = ZSTD_createDCtx();
    if (!zstd->context ||
        ZSTD_isError(ZSTD_DCtx_setParameter(zstd->context, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG))) {
        zstd_close(zstd);
        return NULL;
    }
    return zstd;
}

static void keep_head(struct zstd *zstd, const uint8_t *taken, size_t size)
{
    for (; size > 0 && zstd->head_size < sizeof zstd->head; taken++, size--)
        zstd->head[zstd->head_size++] = *taken;
}

/* Has it as many bytes as its head says? The library looks only where it gets a frame whole. */
static int end_frame(struct zstd *zstd)
{
    unsigned long long said = ZSTD_getFrameContentSize(zstd->head, zstd->head_size);
    bool whole = said == ZSTD_CONTENTSIZE_UNKNOWN || said == zstd->yielded;
    zstd->head_size = 0;
    zstd->yielded = 0;
    return whole ? 1 : CO_EINVALID;
}

static int zstd_step(void *decoder, struct span *span)
{
    struct zstd *zstd = decoder;
    ZSTD_inBuffer in = {span->in, span->in_bytes, 0};
    ZSTD_outBuffer out = {span->out, span->out_bytes, 0};
    size_t rc = ZSTD_decompressStream(zstd->context, &out, &in);
    keep_head(zstd, span->in, in.pos);
    *span = (struct span){
        span->in + in.pos, span->in_bytes - in.pos, span->out + out.pos, span->out_bytes - out.pos};
    zstd->yielded += out.pos;
    if (!ZSTD_isError(rc))
        return rc == 0 ? end_frame(zstd) : 0;
    switch (ZSTD_getErrorCode(rc)) {
    case ZSTD_error_memory_allocation: return -ENOMEM;
    case ZSTD_error_frameParameter_windowTooLarge: return CO_ETOOBIG;
    default: return CO_EINVALID;
    }
}

/* ---- one coding ------------------------------------------------------------------------------ */

static const struct method methods[CO_DECODE_COUNT] = {
    [CO_DECODE_GZIP] = {"gzip", "x-gzip", true, NULL, gzip_open, zlib_step, zlib_close},
    [CO_DECODE_DEFLATE] = {"deflate", NULL, false, NULL, deflate_open, zlib_step, zlib_close},
    [CO_DECODE_BR] = {"br", NULL, false, NULL, br_open, br_step, br_close},
    [CO_DECODE_ZSTD] = {"zstd", NULL, true, zstd_may_begin, zstd_open, zstd_step, zstd_close},
};

int co_decode_find(co_text name, enum co_decode_kind *ret)
{
    for (enum co_decode_kind kind = 0; kind < CO_DECODE_COUNT; kind++)
        if (co_text_equal_nocase(name, co_text_of(methods[kind].name)) ||
            (methods[kind].alias && co_text_equal_nocase(name, co_text_of(methods[kind].alias)))) {
            *ret = kind;
            return 0;
        }
    return CO_EINVALID;
}

/* There are bytes for it: it begins, or begins anew, or should have had none. */
static int stage_begin(struct stage *stage, co_text bytes)
{
    const struct method *method = stage->method;
    if (stage->state == ENDED && !method->repeats)
        return CO_EINVALID;
    if (method->may_begin && !method->may_begin((uint8_t)bytes.at[0]))
        return CO_EINVALID;
    if (!stage->decoder)
        stage->decoder = method->open((uint8_t)bytes.at[0]);
    stage->state = WITHIN;
    return stage->decoder ? 0 : -ENOMEM;
}

/* Up to the end of the bytes, of the room, or of what is coded. */
static int stage_step(struct stage *stage, co_text *bytes, struct co_buf *out)
{
    size_t room = out->size_max - out->size;
    if (bytes->size == 0 && !stage->held_back)
        return 0;
    int rc = bytes->size > 0 && stage->state != WITHIN ? stage_begin(stage, *bytes) : 0;
    char *at = rc == 0 ? co_buf_reserve(out, room) : NULL;
    if (!at)
        return rc < 0 ? rc : out->error;
    struct span span = {(const uint8_t *)bytes->at, bytes->size, (uint8_t *)at, room};
    rc = stage->method->step(stage->decoder, &span);
    *bytes = co_text_after(*bytes, bytes->size - span.in_bytes);
    out->size += room - span.out_bytes;
    stage->yielded += room - span.out_bytes;
    stage->held_back = rc == 0 && span.out_bytes == 0;
    if (rc == 1)
        stage->state = ENDED;
    return rc < 0 ? rc : 0;
}

/* ---- all ------------------------------------------------------------------------------------- */

int co_decode_new(struct co_decode **ret, const enum co_decode_kind *kinds, size_t count)
{
    struct co_decode *decode = calloc(1, sizeof *decode);
    assert(count > 0 && count <= CO_DECODE_MAX);
    if (!decode)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        decode->stages[i].method = &methods[kinds[count - 1 - i]];
    decode->count = count;
    decode->middle = CO_BUF(MIDDLE_BYTES);
    *ret = decode;
    return 0;
}

void co_decode_free(struct co_decode *decode)
{
    if (!decode)
        return;
    for (size_t i = 0; i < decode->count; i++)
        if (decode->stages[i].decoder)
            decode->stages[i].method->close(decode->stages[i].decoder);
    co_buf_free(&decode->middle);
    free(decode);
}

static int step_first(struct co_decode *decode, co_text *bytes, struct co_buf *out)
{
    size_t before = bytes->size;
    int rc = stage_step(&decode->stages[0], bytes, out);
    decode->taken += before - bytes->size;
    return rc < 0 ? rc : co_is_bomb(decode->taken, decode->stages[0].yielded) ? CO_ETOOBIG : 0;
}

/* The second one goes on with what the first one yields; both are measured by what came in. */
static int step_second(struct co_decode *decode, co_text *bytes, struct co_buf *out)
{
    int rc = 0;
    if (decode->rest.size == 0) {
        co_buf_clear(&decode->middle);
        rc = step_first(decode, bytes, &decode->middle);
        decode->rest = co_buf_text(&decode->middle);
    }
    if (rc == 0)
        rc = stage_step(&decode->stages[1], &decode->rest, out);
    return rc < 0 ? rc : co_is_bomb(decode->taken, decode->stages[1].yielded) ? CO_ETOOBIG : 0;
}

static bool has_more(const struct co_decode *decode, const co_text *bytes)
{
    return bytes->size > 0 || decode->rest.size > 0 || decode->stages[0].held_back;
}

int co_decode_step(struct co_decode *decode, co_text *bytes, struct co_buf *out)
{
    int rc;
    do
        rc = decode->count == 1 ? step_first(decode, bytes, out) : step_second(decode, bytes, out);
    while (rc == 0 && out->size < out->size_max && has_more(decode, bytes));
    return rc;
}

int co_decode_end(const struct co_decode *decode)
{
    for (size_t i = 0; i < decode->count; i++)
        if (decode->stages[i].state == WITHIN)
            return CO_EEOF;
    return 0;
}
