/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/heap.h"
#include "base/map.h"

#include <errno.h>
#include <stdio.h>

static void number_reads_digits_only(void **state)
{
    (void)state;
    uint64_t n = 7;
    assert_int_equal(co_text_number(CO_TEXT("18446744073709551615"), UINT64_MAX, &n), 0);
    assert_true(n == UINT64_MAX);
    const char *bad[] = {"", "+1", "-1", "1 ", "0x4", "18446744073709551616", "4,4"};
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_int_equal(co_text_number(co_text_of(bad[i]), UINT64_MAX, &n), CO_EINVALID);
    assert_int_equal(co_text_number(CO_TEXT("101"), 100, &n), CO_EINVALID);
}

static void lines_come_without_their_ends(void **state)
{
    static const char *const lines[] = {"one", "", "two\r", "", "\rthree"};
    co_text rest = CO_TEXT("one\n\ntwo\r\r\n\r\n\rthree"), line;
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(lines); i++) {
        assert_true(co_text_next_line(&rest, &line));
        assert_text(line, lines[i]);
    }
    assert_false(co_text_next_line(&rest, &line));
}

static void buf_over_its_ceiling_keeps_its_error(void **state)
{
    (void)state;
    struct co_buf buf = CO_BUF(8);
    co_buf_add_string(&buf, "12345678");
    assert_int_equal(buf.error, 0);
    co_buf_add_char(&buf, '9');
    assert_int_equal(buf.error, CO_ETOOBIG);
    assert_text(co_buf_text(&buf), "12345678");
    co_buf_clear(&buf);
    co_buf_addf(&buf, "%d-%s", 42, "ab");
    co_buf_add_number(&buf, 0);
    assert_text(co_buf_text(&buf), "42-ab0");
    assert_null(co_buf_reserve(&buf, SIZE_MAX)); /* M19: with what is there, the sum is small */
    assert_int_equal(buf.error, CO_ETOOBIG);
    co_buf_free(&buf);
}

static void heap_yields_in_order_after_random_moves(void **state)
{
    (void)state;
    struct co_heap heap = {0};
    static struct co_heap_node nodes[500];
    unsigned seed = 1;
    for (size_t i = 0; i < CO_LENGTH(nodes); i++)
        assert_int_equal(co_heap_insert(&heap, &nodes[i], rand_r(&seed) % 1000), 0);
    for (size_t i = 0; i < CO_LENGTH(nodes); i += 3)
        co_heap_move(&heap, &nodes[i], rand_r(&seed) % 1000);
    for (size_t i = 0; i < CO_LENGTH(nodes); i += 7)
        co_heap_remove(&heap, &nodes[i]);
    co_heap_remove(&heap, &nodes[0]);
    int64_t last = -1, key = 0;
    struct co_heap_node *node;
    unsigned seen = 0;
    while ((node = co_heap_first(&heap, &key))) {
        assert_true(key >= last);
        last = key;
        co_heap_remove(&heap, node);
        seen++;
    }
    assert_int_equal(seen, 500 - 72);
    co_heap_free(&heap);
}

static void map_finds_what_it_holds_while_growing_and_shrinking(void **state)
{
    (void)state;
    static char keys[1000][8];
    const uint64_t secret[2] = {1, 2};
    struct co_map map;
    co_map_init(&map, secret);
    for (int i = 0; i < 1000; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        assert_int_equal(co_map_set(&map, co_text_of(keys[i]), keys[i]), 0);
    }
    for (int i = 0; i < 1000; i += 2)
        assert_ptr_equal(co_map_remove(&map, co_text_of(keys[i])), keys[i]);
    for (int i = 0; i < 1000; i++)
        assert_ptr_equal(co_map_get(&map, co_text_of(keys[i])), i % 2 ? keys[i] : NULL);
    assert_int_equal(map.count, 500);
    co_map_free(&map);
}

#define CROWD 64 /* keys that share the lowest bits of their hash */

/* How many of the keys stand where none of the others belongs. */
static size_t homes(const uint64_t secret[2], char keys[CROWD][8])
{
    struct co_map map;
    bool taken[256] = {false};
    size_t count = 0;
    co_map_init(&map, secret);
    for (unsigned i = 0; i < CROWD; i++)
        assert_int_equal(co_map_set(&map, co_text_of(keys[i]), keys[i]), 0);
    assert_true(map.room <= CO_LENGTH(taken));
    for (size_t i = 0; i < map.room; i++) {
        bool *home = &taken[map.entries[i].hash & (map.room - 1)];
        count += map.entries[i].value && !*home;
        *home |= map.entries[i].value != NULL;
    }
    co_map_free(&map);
    return count;
}

/* Whoever does not know the secret cannot choose names that crowd in one place. */
static void names_chosen_to_collide_do_not_under_another_secret_h24(void **state)
{
    (void)state;
    static char keys[CROWD][8];
    const uint64_t known[2] = {1, 2}, secret[2] = {3, 4};
    unsigned found = 0;
    for (unsigned i = 0; found < CROWD; i++) {
        snprintf(keys[found], sizeof keys[found], "%u", i);
        found += (co_siphash(known, keys[found], strlen(keys[found])) & 255) == 0;
    }
    assert_int_equal(homes(known, keys), 1);
    assert_true(homes(secret, keys) > CROWD / 2);
}

static void siphash_depends_on_key_and_length(void **state)
{
    (void)state;
    uint64_t secret[2];
    uint8_t key[16], text[8];
    for (unsigned i = 0; i < 16; i++)
        key[i] = (uint8_t)i;
    for (unsigned i = 0; i < 8; i++)
        text[i] = (uint8_t)i;
    memcpy(secret, key, 16);
    uint64_t hash = co_siphash(secret, text, 8);
    assert_true(hash != co_siphash(secret, text, 7));
    secret[0] ^= 1;
    assert_true(hash != co_siphash(secret, text, 8));
}

static void every_error_has_name_and_sentence(void **state)
{
    (void)state;
    assert_string_equal(co_error_name(CO_EDEADLINE), "CO_EDEADLINE");
    assert_string_equal(co_error_name(-ECONNREFUSED), "ECONNREFUSED");
    assert_string_equal(co_error_name(-99999), "unknown");
    assert_string_equal(co_error_sentence(-ECONNREFUSED), "connection refused");
    assert_string_equal(co_error_sentence(0), "success");
    assert_string_equal(co_error_sentence(-99999), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(number_reads_digits_only),
        cmocka_unit_test(lines_come_without_their_ends),
        cmocka_unit_test(buf_over_its_ceiling_keeps_its_error),
        cmocka_unit_test(heap_yields_in_order_after_random_moves),
        cmocka_unit_test(map_finds_what_it_holds_while_growing_and_shrinking),
        cmocka_unit_test(names_chosen_to_collide_do_not_under_another_secret_h24),
        cmocka_unit_test(siphash_depends_on_key_and_length),
        cmocka_unit_test(every_error_has_name_and_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
