/* SPDX-License-Identifier: MIT */
#include "coding/bomb.h"
#include "coding/gzip.h"
#include "coding/inflate.h"
#include "test.h"

#define ROOM 1000

static char plain[200000];

static void fill(void)
{
    uint32_t random = 1;
    for (size_t i = 0; i < sizeof plain; i++) {
        random = random * 1664525 + 1013904223;
        plain[i] = (char)((random >> 24) % 7);
    }
}

static void pack(struct co_buf *packed)
{
    struct co_gzip *deflate;
    assert_int_equal(co_gzip_new_zlib(&deflate, CO_GZIP_GOOD), 0);
    assert_int_equal(co_gzip_step(deflate, (co_text){plain, sizeof plain}, true, packed), 0);
    co_gzip_free(deflate);
}

/* Feeds the bytes by `piece`; compares what comes of it. Returns the last result. */
static int unpack(co_text packed, size_t piece, size_t *ret_size)
{
    struct co_inflate *inflate;
    struct co_buf out = CO_BUF(ROOM);
    int rc = 0;
    *ret_size = 0;
    assert_int_equal(co_inflate_new(&inflate), 0);
    while (rc == 0 && packed.size > 0) {
        co_text bytes = {packed.at, piece < packed.size ? piece : packed.size};
        packed = co_text_after(packed, bytes.size);
        do {
            co_buf_clear(&out);
            rc = co_inflate_step(inflate, &bytes, &out);
            assert_true(*ret_size + out.size <= sizeof plain);
            assert_memory_equal(plain + *ret_size, out.at, out.size);
            *ret_size += out.size;
        } while (rc == 0 && (bytes.size > 0 || out.size == ROOM));
    }
    co_buf_free(&out);
    co_inflate_free(inflate);
    return rc;
}

static void unpacks_what_was_packed_by_any_pieces(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 7, 4096, sizeof plain};
    struct co_buf packed = CO_BUF(2 * sizeof plain);
    size_t size;
    fill();
    pack(&packed);
    for (size_t i = 0; i < CO_LENGTH(pieces); i++) {
        assert_int_equal(unpack(co_buf_text(&packed), pieces[i], &size), 1);
        assert_int_equal(size, sizeof plain);
    }
    co_text cut = {packed.at, packed.size - 1};
    assert_int_equal(unpack(cut, 4096, &size), 0);
    packed.at[packed.size / 2] ^= 0x55;
    assert_int_equal(unpack((co_text){packed.at, 1}, 1, &size), 0);
    co_buf_free(&packed);
}

static void refuses_what_is_not_zlib(void **state)
{
    (void)state;
    size_t size;
    assert_int_equal(unpack(CO_TEXT("\x1f\x8b\x08"), 3, &size), CO_EINVALID);
    assert_int_equal(unpack(CO_TEXT("plain text"), 3, &size), CO_EINVALID);
}

static void leaves_what_follows_the_end(void **state)
{
    (void)state;
    static const char text[] = "\x78\x9c\x03\x00\x00\x00\x00\x01more"; /* nothing, packed */
    struct co_inflate *inflate;
    struct co_buf out = CO_BUF(ROOM);
    co_text bytes = {text, sizeof text - 1};
    assert_int_equal(co_inflate_new(&inflate), 0);
    assert_int_equal(co_inflate_step(inflate, &bytes, &out), 1);
    assert_text(bytes, "more");
    assert_int_equal(co_inflate_step(inflate, &bytes, &out), 1);
    assert_text(bytes, "more");
    co_buf_free(&out);
    co_inflate_free(inflate);
}

static void a_bomb_is_stopped_c05(void **state)
{
    (void)state;
    struct co_gzip *deflate;
    struct co_inflate *inflate;
    struct co_buf packed = CO_BUF(1 << 20), out = CO_BUF(1 << 16);
    uint64_t size = 0;
    int rc = 0;
    memset(plain, 0, sizeof plain);
    assert_int_equal(co_gzip_new_zlib(&deflate, CO_GZIP_GOOD), 0);
    for (int i = 0; i < 500; i++) /* 100 MB */
        assert_int_equal(
            co_gzip_step(deflate, (co_text){plain, sizeof plain}, i == 499, &packed), 0);
    co_text bytes = co_buf_text(&packed);
    assert_int_equal(co_inflate_new(&inflate), 0);
    while (rc == 0) {
        co_buf_clear(&out);
        rc = co_inflate_step(inflate, &bytes, &out);
        size += out.size;
    }
    assert_int_equal(rc, CO_ETOOBIG);
    assert_true(size <= CO_BOMB_FREE_BYTES + (1 << 16));
    co_buf_free(&packed);
    co_buf_free(&out);
    co_gzip_free(deflate);
    co_inflate_free(inflate);
    co_inflate_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unpacks_what_was_packed_by_any_pieces),
        cmocka_unit_test(refuses_what_is_not_zlib),
        cmocka_unit_test(leaves_what_follows_the_end),
        cmocka_unit_test(a_bomb_is_stopped_c05),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
