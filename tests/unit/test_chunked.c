/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "codec/chunked.h"

/* Decodes, feeding `step` bytes at a time; returns the last event, the body goes to `ret_body`. */
static int decode(co_text text, size_t step, char *ret_body, size_t *ret_size, size_t *ret_left)
{
    struct co_chunked decoder = {0};
    int event = CO_CHUNK_MORE;
    *ret_size = 0;
    while (text.size && event != CO_CHUNK_END) {
        co_text input = {text.at, step < text.size ? step : text.size}, data;
        size_t given = input.size;
        while ((event = co_chunked_next(&decoder, &input, &data)) == CO_CHUNK_DATA) {
            assert_true(data.size > 0);
            memcpy(ret_body + *ret_size, data.at, data.size);
            *ret_size += data.size;
        }
        if (event < 0) {
            assert_int_equal(co_chunked_next(&decoder, &input, &data), event);
            return event;
        }
        text = co_text_after(text, given - input.size);
    }
    *ret_left = text.size;
    return event;
}

static int result(co_text text)
{
    static char whole[32768], piecewise[32768];
    size_t whole_size, size, left = 0, left_piecewise = 0;
    int rc = decode(text, SIZE_MAX, whole, &whole_size, &left);
    for (size_t step = 1; step < 8; step++) {
        assert_int_equal(decode(text, step, piecewise, &size, &left_piecewise), rc);
        assert_int_equal(left_piecewise, left);
        assert_int_equal(size, whole_size);
        assert_memory_equal(piecewise, whole, size);
    }
    return rc;
}

static void decodes_up_to_the_end_and_no_further(void **state)
{
    (void)state;
    co_text text = CO_TEXT("3\r\nabc\r\n00A;x=\"y\";z\r\n0123456789\r\n1 \t;q\r\n\n\r\n"
                           "000;a\r\nTrailer: x\r\nY:\r\n\r\nGET /");
    assert_int_equal(result(text), CO_CHUNK_END);
    char body[64];
    size_t size, left;
    decode(text, 4, body, &size, &left);
    assert_text(((co_text){body, size}), "abc0123456789\n");
    assert_int_equal(left, 5);
}

static void hands_out_slices_of_the_input(void **state)
{
    (void)state;
    struct co_chunked decoder = {0};
    const char *text = "5\r\nabcde\r\n0\r\n\r\n";
    co_text input = {text, 6}, data;
    assert_int_equal(co_chunked_next(&decoder, &input, &data), CO_CHUNK_DATA);
    assert_ptr_equal(data.at, text + 3);
    assert_int_equal(data.size, 3);
    assert_int_equal(co_chunked_next(&decoder, &input, &data), CO_CHUNK_MORE);
    input = co_text_of(text + 6);
    assert_int_equal(co_chunked_next(&decoder, &input, &data), CO_CHUNK_DATA);
    assert_int_equal(data.size, 2);
    assert_int_equal(co_chunked_next(&decoder, &input, &data), CO_CHUNK_END);
    assert_int_equal(co_chunked_next(&decoder, &input, &data), CO_CHUNK_END);
}

/* Servers of old write sizes of one width. */
static void takes_sizes_that_are_padded_only_if_told_to(void **state)
{
    (void)state;
    static const char ok[] = "2      \r\nhi\r\n1 \t;x\r\n!\r\n0 \r\n\r\n";
    for (size_t cut = 1; cut < sizeof ok; cut++) {
        struct co_chunked decoder = {.lenient = true};
        co_text first = {ok, cut}, rest = {ok + cut, sizeof ok - 1 - cut}, data;
        int event;
        size_t total = 0;
        while ((event = co_chunked_next(&decoder, &first, &data)) == CO_CHUNK_DATA)
            total += data.size;
        assert_true(event == CO_CHUNK_MORE || event == CO_CHUNK_END);
        while ((event = co_chunked_next(&decoder, &rest, &data)) == CO_CHUNK_DATA)
            total += data.size;
        assert_int_equal(event, CO_CHUNK_END);
        assert_int_equal(total, 3);
    }
    const char *bad[] = {"1 2\r\n", " 1\r\n", "1                \r\n"};
    for (size_t i = 0; i < CO_LENGTH(bad); i++) {
        struct co_chunked decoder = {.lenient = true};
        co_text input = co_text_of(bad[i]), data;
        assert_int_equal(co_chunked_next(&decoder, &input, &data), CO_EHTTP);
    }
}

/* As in heads (RFC 9112 2.2), but not behind an extension, whose end others see elsewhere. */
static void takes_lines_that_end_with_lf_alone_only_if_told_to(void **state)
{
    (void)state;
    static const char ok[] = "2\nhi\n1 \n\n\r\n2;x\r\n\r\n\n0\nA: b\nC: d\r\n\nGET";
    for (size_t step = 1; step < sizeof ok; step++) {
        struct co_chunked decoder = {.lenient = true};
        co_text rest = co_text_of(ok), data;
        char body[8];
        size_t size = 0;
        int event = CO_CHUNK_MORE;
        while (event != CO_CHUNK_END && rest.size > 0) {
            co_text input = {rest.at, step < rest.size ? step : rest.size}, given = input;
            while ((event = co_chunked_next(&decoder, &input, &data)) == CO_CHUNK_DATA) {
                memcpy(body + size, data.at, data.size);
                size += data.size;
            }
            assert_true(event >= 0);
            rest = co_text_after(rest, given.size - input.size);
        }
        assert_text(((co_text){body, size}), "hi\n\r\n");
        assert_text(rest, "GET");
    }
    static const char *const bad[] = {"\n", "1;x\na", "1;\na", "1\r\r", "1\na\rb", "1\nab\n",
        "0\nA\n", "0\n A: b\n", "1\r\n\r\n\r\r"};
    for (size_t i = 0; i < CO_LENGTH(bad); i++) {
        struct co_chunked decoder = {.lenient = true};
        co_text input = co_text_of(bad[i]), data;
        int event;
        while ((event = co_chunked_next(&decoder, &input, &data)) == CO_CHUNK_DATA)
            ;
        if (event != CO_EHTTP)
            print_message("row %s\n", bad[i]);
        assert_int_equal(event, CO_EHTTP);
    }
}

static void refuses_malformed_sizes_h07(void **state)
{
    (void)state;
    const char *bad[] = {"\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", " 1\r\n", "g\r\n", ";a\r\n",
        "8000000000000000\r\n", "ffffffffffffffff\r\n", "00000000000000001\r\n",
        "11111111111111111\r\n", "1,\r\n", "1\n", "1\r\r", "1 \r\n", "1 2\r\n", "1\t\r\n"};
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_int_equal(result(co_text_of(bad[i])), CO_EHTTP);
    assert_int_equal(result(CO_TEXT("7fffffffffffffff\r\n")), CO_CHUNK_MORE);
    assert_int_equal(result(CO_TEXT("0000000000000001\r\na\r\n")), CO_CHUNK_MORE);
}

static void refuses_data_that_does_not_end_with_its_chunk(void **state)
{
    (void)state;
    const char *bad[] = {"1\r\nab", "1\r\na\n", "1\r\na\r\r", "1\r\na0\r\n\r\n", "0\r\n\n"};
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_int_equal(result(co_text_of(bad[i])), CO_EHTTP);
}

static void refuses_controls_in_extensions(void **state)
{
    (void)state;
    const co_text bad[] = {CO_TEXT("1;a\nb\r\n"), CO_TEXT("1;\0"), CO_TEXT("1;a\rb"),
        CO_TEXT("1;\x7f"), CO_TEXT("1;\x1b")};
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_int_equal(result(bad[i]), CO_EHTTP);
}

static void limits_the_extensions_of_a_body_h08(void **state)
{
    (void)state;
    static char text[4 * CO_CHUNK_EXTENSIONS_MAX];
    /* Each chunk has 16 bytes of extension. */
    const co_text chunk = CO_TEXT("1;23456789abcdef0\r\nx\r\n");
    size_t size = 0;
    for (unsigned i = 0; i < CO_CHUNK_EXTENSIONS_MAX / 16; i++, size += chunk.size)
        memcpy(text + size, chunk.at, chunk.size);
    memcpy(text + size, "0\r\n\r\n", 5);
    assert_int_equal(result((co_text){text, size + 5}), CO_CHUNK_END);
    memcpy(text + size, "0;\r\n\r\n", 6);
    assert_int_equal(result((co_text){text, size + 6}), CO_EHTTP);
    memcpy(text + size, "0 ;\r\n\r\n", 7);
    assert_int_equal(result((co_text){text, size + 7}), CO_EHTTP);
}

static void checks_the_form_of_trailers(void **state)
{
    (void)state;
    const co_text bad[] = {CO_TEXT("0\r\n: a"), CO_TEXT("0\r\nA : b"), CO_TEXT("0\r\nA\r\n"),
        CO_TEXT("0\r\nA: b\n"), CO_TEXT("0\r\nA: b\rc"), CO_TEXT("0\r\nA: \0"),
        CO_TEXT("0\r\nA: b\r\n c"), CO_TEXT("0\r\n\n"), CO_TEXT("0\r\nA: b\r\n\rX")};
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_int_equal(result(bad[i]), CO_EHTTP);
}

static size_t trailers(char *text, unsigned count)
{
    size_t size = 3;
    memcpy(text, "0\r\n", 3);
    for (unsigned i = 0; i < count; i++, size += 6)
        memcpy(text + size, "A: b\r\n", 6);
    memcpy(text + size, "\r\n", 2);
    return size + 2;
}

static void limits_the_trailers_h09(void **state)
{
    (void)state;
    static char text[CO_CHUNK_TRAILERS_MAX + 16];
    size_t size = trailers(text, CO_CHUNK_TRAILER_FIELDS_MAX);
    assert_int_equal(result((co_text){text, size}), CO_CHUNK_END);
    size = trailers(text, CO_CHUNK_TRAILER_FIELDS_MAX + 1);
    assert_int_equal(result((co_text){text, size}), CO_EHTTP);
    memset(text, 'a', sizeof text);
    memcpy(text, "0\r\nA:", 5);
    assert_int_equal(result((co_text){text, 3 + CO_CHUNK_TRAILERS_MAX}), CO_CHUNK_MORE);
    assert_int_equal(result((co_text){text, 4 + CO_CHUNK_TRAILERS_MAX}), CO_EHTTP);
}

static void writes_chunk_lines(void **state)
{
    (void)state;
    char line[18];
    assert_text(((co_text){line, co_chunk_line(line, 1)}), "1\r\n");
    assert_text(((co_text){line, co_chunk_line(line, 16)}), "10\r\n");
    assert_text(((co_text){line, co_chunk_line(line, 0xfedcba98)}), "fedcba98\r\n");
    assert_text(((co_text){line, co_chunk_line(line, UINT64_MAX)}), "ffffffffffffffff\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_up_to_the_end_and_no_further),
        cmocka_unit_test(hands_out_slices_of_the_input),
        cmocka_unit_test(takes_sizes_that_are_padded_only_if_told_to),
        cmocka_unit_test(takes_lines_that_end_with_lf_alone_only_if_told_to),
        cmocka_unit_test(refuses_malformed_sizes_h07),
        cmocka_unit_test(refuses_data_that_does_not_end_with_its_chunk),
        cmocka_unit_test(refuses_controls_in_extensions),
        cmocka_unit_test(limits_the_extensions_of_a_body_h08),
        cmocka_unit_test(checks_the_form_of_trailers),
        cmocka_unit_test(limits_the_trailers_h09),
        cmocka_unit_test(writes_chunk_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
