/* SPDX-License-Identifier: MIT */
#include "coding/gzip.h"
#include "test.h"

#include <zlib.h>

static char bytes[300000], back[sizeof bytes + 1];

static void fill(unsigned range)
{
    uint32_t random = 1;
    for (size_t i = 0; i < sizeof bytes; i++) {
        random = random * 1664525 + 1013904223;
        bytes[i] = (char)((random >> 24) % range);
    }
}

static void expect(co_text packed, size_t size)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)packed.at,
        .avail_in = (uInt)packed.size,
        .next_out = (Bytef *)back,
        .avail_out = sizeof back};
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    assert_int_equal(z.total_out, size);
    assert_memory_equal(back, bytes, size);
    inflateEnd(&z);
}

static void packs_all_at_once(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 1000, 65536, sizeof bytes};
    static const unsigned ranges[] = {2, 256}; /* shrinks; does not */
    for (size_t i = 0; i < CO_LENGTH(sizes) * CO_LENGTH(ranges); i++) {
        struct co_buf out = CO_BUF(sizeof bytes + 1000);
        size_t size = sizes[i % CO_LENGTH(sizes)];
        fill(ranges[i / CO_LENGTH(sizes)]);
        assert_int_equal(co_gzip_all((co_text){bytes, size}, CO_GZIP_GOOD, &out), 0);
        expect(co_buf_text(&out), size);
        co_buf_free(&out);
    }
}

static void gives_the_same_at_every_split(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 7, 1000, 40000};
    fill(4);
    for (size_t i = 0; i < CO_LENGTH(steps); i++) {
        struct co_buf out = CO_BUF(sizeof bytes);
        struct co_gzip *gzip;
        assert_int_equal(co_gzip_new(&gzip, CO_GZIP_FAST), 0);
        size_t size = 50000;
        for (size_t at = 0; at < size; at += steps[i]) {
            size_t step = size - at < steps[i] ? size - at : steps[i];
            assert_int_equal(
                co_gzip_step(gzip, (co_text){bytes + at, step}, at + step == size, &out), 0);
        }
        expect(co_buf_text(&out), size);
        co_gzip_free(gzip);
        co_buf_free(&out);
    }
}

static void keeps_to_the_ceiling(void **state)
{
    (void)state;
    fill(256);
    struct co_buf all = CO_BUF(sizeof bytes);
    assert_int_equal(co_gzip_all((co_text){bytes, 100000}, CO_GZIP_GOOD, &all), 0);
    struct co_buf exact = CO_BUF(all.size), less = CO_BUF(all.size - 1);
    assert_int_equal(co_gzip_all((co_text){bytes, 100000}, CO_GZIP_GOOD, &exact), 0);
    expect(co_buf_text(&exact), 100000);
    assert_int_equal(co_gzip_all((co_text){bytes, 100000}, CO_GZIP_GOOD, &less), CO_ETOOBIG);
    assert_true(less.size <= all.size - 1);
    co_buf_free(&all);
    co_buf_free(&exact);
    co_buf_free(&less);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packs_all_at_once),
        cmocka_unit_test(gives_the_same_at_every_split),
        cmocka_unit_test(keeps_to_the_ceiling),
    };
    return cmocka_run_group_tests_name("gzip", tests, NULL, NULL);
}
