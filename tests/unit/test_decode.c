/* SPDX-License-Identifier: MIT */
#include "coding/decode.h"
#include "coding/gzip.h"
#include "test.h"

#include <brotli/encode.h>
#include <errno.h>
#include <zlib.h>
#include <zstd.h>

#define PLAIN_BYTES 60000
#define ROOM        1000
#define CODED_MAX   (1u << 20)
#define BOMB_MAX    (100u << 20)

static char plain[PLAIN_BYTES];

static int fill(void **state)
{
    uint32_t random = 1;
    (void)state;
    for (size_t i = 0; i < sizeof plain; i++) {
        random = random * 1664525 + 1013904223;
        plain[i] = (char)((random >> 24) % 7);
    }
    return 0;
}

/* ---- making them ------------------------------------------------------------------------------
 */

static void add_deflate(co_text text, int window, struct co_buf *out)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = deflateBound(&z, text.size) + 32;
    z.next_in = (Bytef *)(uintptr_t)text.at;
    z.avail_in = (uInt)text.size;
    z.next_out = (Bytef *)co_buf_reserve(out, room);
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out->size += z.total_out;
    deflateEnd(&z);
}

static void add_br(co_text text, struct co_buf *out)
{
    size_t room = BrotliEncoderMaxCompressedSize(text.size) + 32;
    char *at = co_buf_reserve(out, room);
    assert_true(BrotliEncoderCompress(
        5, 22, BROTLI_MODE_GENERIC, text.size, (const uint8_t *)text.at, &room, (uint8_t *)at));
    out->size += room;
}

static void add_zstd(co_text text, int window_log, struct co_buf *out)
{
    size_t room = ZSTD_compressBound(text.size) + 32;
    char *at = co_buf_reserve(out, room);
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, window_log);
    ZSTD_inBuffer in = {text.at, text.size, 0};
    ZSTD_outBuffer into = {at, room, 0};
    /* in two steps, for the window shrinks to a size that is known */
    assert_int_equal(ZSTD_compressStream2(zstd, &into, &in, ZSTD_e_flush), 0);
    assert_int_equal(ZSTD_compressStream2(zstd, &into, &in, ZSTD_e_end), 0);
    ZSTD_freeCCtx(zstd);
    out->size += into.pos;
}

enum { BARE = CO_DECODE_COUNT, WAYS };

static void add(int way, co_text text, struct co_buf *out)
{
    switch (way) {
    case CO_DECODE_GZIP: add_deflate(text, 15 + 16, out); break;
    case CO_DECODE_DEFLATE: add_deflate(text, 15, out); break;
    case CO_DECODE_BR: add_br(text, out); break;
    case CO_DECODE_ZSTD: add_zstd(text, 0, out); break;
    default: add_deflate(text, -15, out); break;
    }
}

static enum co_decode_kind kind_of(int way)
{
    return way == BARE ? CO_DECODE_DEFLATE : (enum co_decode_kind)way;
}

/* ---- taking them off --------------------------------------------------------------------------
 */

struct result {
    int rc;
    size_t size;
};

/* Feeds the bytes by `piece`, with room for `room`, and compares what comes of it. */
static struct result undo(
    const enum co_decode_kind *kinds, size_t count, co_text coded, size_t piece, size_t room)
{
    struct result result = {0};
    struct co_decode *decode;
    struct co_buf out = CO_BUF(room);
    assert_int_equal(co_decode_new(&decode, kinds, count), 0);
    while (result.rc == 0 && coded.size > 0) {
        co_text bytes = {coded.at, piece < coded.size ? piece : coded.size};
        coded = co_text_after(coded, bytes.size);
        do {
            co_buf_clear(&out);
            result.rc = co_decode_step(decode, &bytes, &out);
            assert_true(result.size + out.size <= sizeof plain);
            if (out.size > 0)
                assert_memory_equal(plain + result.size, out.at, out.size);
            result.size += out.size;
        } while (result.rc == 0 && (bytes.size > 0 || out.size == room));
    }
    if (result.rc == 0)
        result.rc = co_decode_end(decode);
    co_buf_free(&out);
    co_decode_free(decode);
    return result;
}

static struct result undo_one(int way, co_text coded, size_t piece)
{
    enum co_decode_kind kind = kind_of(way);
    return undo(&kind, 1, coded, piece, ROOM);
}

static void each_coding_by_any_pieces(void **state)
{
    static const size_t pieces[] = {1, 2, 3, 7, 4096, CODED_MAX};
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        struct co_buf coded = CO_BUF(CODED_MAX);
        add(way, (co_text){plain, sizeof plain}, &coded);
        for (size_t i = 0; i < CO_LENGTH(pieces); i++) {
            struct result result = undo_one(way, co_buf_text(&coded), pieces[i]);
            assert_int_equal(result.rc, 0);
            assert_int_equal(result.size, sizeof plain);
        }
        co_buf_free(&coded);
    }
}

static void a_split_anywhere_changes_nothing(void **state)
{
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        struct co_buf coded = CO_BUF(CODED_MAX);
        enum co_decode_kind kind = kind_of(way);
        add(way, (co_text){plain, 500}, &coded);
        for (size_t at = 1; at <= coded.size; at++)
            for (size_t room = 1; room < 600; room += 150) {
                struct result result = undo(&kind, 1, co_buf_text(&coded), at, room);
                assert_int_equal(result.rc, 0);
                assert_int_equal(result.size, 500);
            }
        co_buf_free(&coded);
    }
}

static void each_truncation_is_told(void **state)
{
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        struct co_buf coded = CO_BUF(CODED_MAX);
        add(way, (co_text){plain, 500}, &coded);
        for (size_t size = 1; size < coded.size; size++)
            assert_int_equal(undo_one(way, (co_text){coded.at, size}, 64).rc, CO_EEOF);
        co_buf_free(&coded);
    }
}

static void what_is_corrupt_is_told(void **state)
{
    (void)state;
    static const char junk[] = "<html>this is no coded text at all, but a page</html>";
    for (int way = 0; way < WAYS; way++) {
        struct co_buf coded = CO_BUF(CODED_MAX);
        struct result result = undo_one(way, (co_text){junk, sizeof junk - 1}, 64);
        assert_true(result.rc == CO_EINVALID || result.rc == CO_EEOF);
        add(way, (co_text){plain, 500}, &coded);
        co_buf_add_string(&coded, "x");
        result = undo_one(way, co_buf_text(&coded), 64);
        assert_true(result.rc == CO_EINVALID || (way == CO_DECODE_GZIP && result.rc == CO_EEOF) ||
                    (way == CO_DECODE_ZSTD && result.rc == CO_EEOF));
        co_buf_add_string(&coded, "xyzzyxyzzyxyzzyxyzzy");
        assert_int_equal(undo_one(way, co_buf_text(&coded), 64).rc, CO_EINVALID);
        co_buf_free(&coded);
    }
}

/* The checksums of gzip, zlib and zstd are looked at. */
static void a_wrong_checksum_is_told(void **state)
{
    (void)state;
    static const int ways[] = {CO_DECODE_GZIP, CO_DECODE_DEFLATE, CO_DECODE_ZSTD};
    for (size_t i = 0; i < CO_LENGTH(ways); i++) {
        struct co_buf coded = CO_BUF(CODED_MAX);
        add(ways[i], (co_text){plain, 500}, &coded);
        size_t from_end = ways[i] == CO_DECODE_GZIP ? 8 : 4;
        coded.at[coded.size - from_end] ^= 1;
        assert_int_equal(undo_one(ways[i], co_buf_text(&coded), 64).rc, CO_EINVALID);
        co_buf_free(&coded);
    }
}

static void members_and_frames_follow_each_other_rfc1952_2_2(void **state)
{
    (void)state;
    static const enum co_decode_kind kinds[] = {CO_DECODE_GZIP, CO_DECODE_ZSTD};
    for (size_t i = 0; i < CO_LENGTH(kinds); i++) {
        struct co_buf coded = CO_BUF(CODED_MAX);
        add((int)kinds[i], (co_text){plain, 300}, &coded);
        add((int)kinds[i], (co_text){plain, 0}, &coded);
        add((int)kinds[i], (co_text){plain + 300, 300}, &coded);
        for (size_t piece = 1; piece < coded.size; piece++) {
            struct result result = undo(kinds + i, 1, co_buf_text(&coded), piece, ROOM);
            assert_int_equal(result.rc, 0);
            assert_int_equal(result.size, 600);
        }
        co_buf_free(&coded);
    }
}

static void two_codings_are_taken_off_in_turn(void **state)
{
    (void)state;
    for (int inner = 0; inner < WAYS; inner++)
        for (int outer = 0; outer < WAYS; outer++) {
            struct co_buf once = CO_BUF(CODED_MAX), twice = CO_BUF(CODED_MAX);
            enum co_decode_kind kinds[] = {kind_of(inner), kind_of(outer)};
            add(inner, (co_text){plain, 20000}, &once);
            add(outer, co_buf_text(&once), &twice);
            for (size_t piece = 1; piece <= CODED_MAX; piece *= 64) {
                struct result result = undo(kinds, 2, co_buf_text(&twice), piece, 300);
                assert_int_equal(result.rc, 0);
                assert_int_equal(result.size, 20000);
            }
            assert_int_equal(
                undo(kinds, 2, (co_text){twice.at, twice.size - 1}, 64, 300).rc, CO_EEOF);
            co_buf_free(&once);
            co_buf_clear(&twice);
            add(outer, (co_text){0}, &twice);
            assert_int_equal(undo(kinds, 2, co_buf_text(&twice), 64, 300).rc, 0);
            co_buf_free(&twice);
        }
}

static void nothing_is_nothing(void **state)
{
    (void)state;
    for (int way = 0; way < WAYS; way++) {
        struct co_buf coded = CO_BUF(CODED_MAX);
        assert_int_equal(undo_one(way, (co_text){0}, 1).rc, 0);
        add(way, (co_text){0}, &coded);
        struct result result = undo_one(way, co_buf_text(&coded), 1);
        assert_int_equal(result.rc, 0);
        assert_int_equal(result.size, 0);
        co_buf_free(&coded);
    }
}

static void names_are_found(void **state)
{
    (void)state;
    static const char *const names[] = {"gzip", "Deflate", "br", "ZSTD", "x-gzip"};
    enum co_decode_kind kind;
    for (size_t i = 0; i < CO_LENGTH(names); i++) {
        assert_int_equal(co_decode_find(co_text_of(names[i]), &kind), 0);
        assert_int_equal(kind, i % CO_DECODE_COUNT);
    }
    static const char *const none[] = {"", "identity", "compress", "gzi", "gzipp", "x-deflate"};
    for (size_t i = 0; i < CO_LENGTH(none); i++)
        assert_int_equal(co_decode_find(co_text_of(none[i]), &kind), CO_EINVALID);
}

/* ---- what means harm --------------------------------------------------------------------------
 */

/* How much comes of it before it is refused. */
static int defuse(const enum co_decode_kind *kinds, size_t count, co_text coded, uint64_t *ret_size)
{
    struct co_decode *decode;
    struct co_buf out = CO_BUF(65536);
    int rc = 0;
    *ret_size = 0;
    assert_int_equal(co_decode_new(&decode, kinds, count), 0);
    do {
        co_buf_clear(&out);
        rc = co_decode_step(decode, &coded, &out);
        *ret_size += out.size;
    } while (rc == 0 && (coded.size > 0 || out.size == out.size_max));
    co_buf_free(&out);
    co_decode_free(decode);
    return rc;
}

static void bombs_are_stopped_c05(void **state)
{
    (void)state;
    co_text zeros = {calloc(1, 80u << 20), 80u << 20};
    assert_non_null(zeros.at);
    for (int way = 0; way < WAYS; way++) {
        struct co_buf coded = CO_BUF(BOMB_MAX), twice = CO_BUF(BOMB_MAX);
        enum co_decode_kind kinds[] = {kind_of(way), CO_DECODE_GZIP};
        uint64_t size;
        add(way, zeros, &coded);
        assert_int_equal(defuse(kinds, 1, co_buf_text(&coded), &size), CO_ETOOBIG);
        assert_in_range(size, 64u << 20, (64u << 20) + 65536);
        add(CO_DECODE_GZIP, co_buf_text(&coded), &twice);
        assert_int_equal(defuse(kinds, 2, co_buf_text(&twice), &size), CO_ETOOBIG);
        assert_in_range(size, 64u << 20, (64u << 20) + 65536);
        co_buf_free(&twice);
        co_buf_clear(&coded);
        add(way, (co_text){zeros.at, 60u << 20}, &coded);
        assert_int_equal(defuse(kinds, 1, co_buf_text(&coded), &size), 0);
        co_buf_free(&coded);
    }
    free((void *)(uintptr_t)zeros.at);
}

static void windows_of_zstd_are_bounded_c05(void **state)
{
    (void)state;
    enum co_decode_kind kind = CO_DECODE_ZSTD;
    struct co_buf coded = CO_BUF(CODED_MAX);
    add_zstd((co_text){plain, sizeof plain}, 23, &coded);
    assert_int_equal(undo(&kind, 1, co_buf_text(&coded), 100, ROOM).rc, 0);
    co_buf_clear(&coded);
    add_zstd((co_text){plain, sizeof plain}, 24, &coded);
    assert_int_equal(undo(&kind, 1, co_buf_text(&coded), 100, ROOM).rc, CO_ETOOBIG);
    co_buf_free(&coded);
}

/* The library knows formats that were there before the RFC, too: nobody sends those. */
static void frames_are_zstds_as_they_are_now_rfc8878_3_1(void **state)
{
    (void)state;
    static const char begins[][5] = {"\xfd\x2f\xb5\x1e", "\x22\xb5\x2f\xfd", "\x23\xb5\x2f\xfd",
        "\x24\xb5\x2f\xfd", "\x25\xb5\x2f\xfd", "\x26\xb5\x2f\xfd", "\x27\xb5\x2f\xfd"};
    static const char skipped[] = "\x5f\x2a\x4d\x18\x02\0\0\0ab";
    for (size_t i = 0; i < CO_LENGTH(begins); i++)
        for (size_t piece = 1; piece <= 8; piece++) {
            char frame[] = "....\x04\xfd\xff\x44"; /* an empty one of the library's version 0.5 */
            memcpy(frame, begins[i], 4);
            assert_int_equal(undo_one(CO_DECODE_ZSTD, (co_text){frame, 8}, piece).rc, CO_EINVALID);
        }
    struct co_buf coded = CO_BUF(CODED_MAX);
    co_buf_add_text(&coded, (co_text){skipped, sizeof skipped - 1});
    add(CO_DECODE_ZSTD, (co_text){plain, 300}, &coded);
    for (size_t piece = 1; piece < coded.size; piece++)
        assert_int_equal(undo_one(CO_DECODE_ZSTD, co_buf_text(&coded), piece).size, 300);
    co_buf_free(&coded);
}

static void a_frame_of_zstd_has_the_size_that_it_says_rfc8878_3_1_1_1_4(void **state)
{
    (void)state;
    static const char empty[] = "\x28\xb5\x2f\xfd\x50\x20\x00\x00\x05\x00\x00"; /* and says 256 */
    const co_text frame = {empty, sizeof empty - 1};
    for (size_t piece = 1; piece <= frame.size; piece++)
        assert_int_equal(undo_one(CO_DECODE_ZSTD, frame, piece).rc, CO_EINVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_coding_by_any_pieces),
        cmocka_unit_test(a_split_anywhere_changes_nothing),
        cmocka_unit_test(each_truncation_is_told),
        cmocka_unit_test(what_is_corrupt_is_told),
        cmocka_unit_test(a_wrong_checksum_is_told),
        cmocka_unit_test(members_and_frames_follow_each_other_rfc1952_2_2),
        cmocka_unit_test(two_codings_are_taken_off_in_turn),
        cmocka_unit_test(nothing_is_nothing),
        cmocka_unit_test(names_are_found),
        cmocka_unit_test(bombs_are_stopped_c05),
        cmocka_unit_test(windows_of_zstd_are_bounded_c05),
        cmocka_unit_test(frames_are_zstds_as_they_are_now_rfc8878_3_1),
        cmocka_unit_test(a_frame_of_zstd_has_the_size_that_it_says_rfc8878_3_1_1_1_4),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
