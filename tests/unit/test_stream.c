/* SPDX-License-Identifier: MIT */
/* Streams: reading, peeking, writing and corks, in memory and over TCP. */
#include "net/stream.h"
#include "pairs.h"
#include "runtime/pool.h"

#include <fcntl.h>
#include <unistd.h>

/* ---- reading --------------------------------------------------------------------------------- */

PAIR_TEST(what_is_written_is_read)
{
    char text[16];
    CHECK_INT(co_write(a, "hello", 5), 0);
    CHECK_INT(co_read_full(b, text, 5), 5);
    CHECK(memcmp(text, "hello", 5) == 0);
    CHECK_INT(co_write(b, "world!", 6), 0);
    ssize_t n = co_read(a, text, 2); /* the rest stays */
    CHECK(n == 1 || n == 2);
    CHECK_INT(co_read_full(a, text + n, 6 - (size_t)n), 6 - n);
    CHECK(memcmp(text, "world!", 6) == 0);
    CHECK_INT(co_read_full(a, text, 0), 0);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_read(b, text, sizeof text), 0);
    CHECK_INT(co_read(b, text, sizeof text), 0);
    CHECK_INT(co_close(b), 0);
    CHECK_INT(co_close(NULL), 0);
    co_abort(NULL);
    return 0;
}

PAIR_TEST(peeking_takes_nothing_and_consuming_takes_what_was_seen)
{
    const uint8_t *bytes;
    CHECK_INT(co_peek(b, 0, &bytes), 0);
    CHECK_INT(co_write(a, "abc", 3), 0);
    CHECK(co_peek(b, 2, &bytes) >= 2);
    CHECK_INT(co_peek(b, 3, &bytes), 3);
    CHECK(memcmp(bytes, "abc", 3) == 0);
    co_consume(b, 1);
    CHECK_INT(co_write(a, "d", 1), 0);
    CHECK_INT(co_peek_more(b, &bytes), 3);
    CHECK(memcmp(bytes, "bcd", 3) == 0);
    CHECK_INT(co_peek(b, CO_PEEK_MAX + 1, &bytes), CO_ETOOBIG);
    CHECK_INT(co_shutdown_write(a), 0);
    CHECK_INT(co_peek(b, 10, &bytes), 3); /* less only at the end */
    CHECK_INT(co_peek_more(b, &bytes), 0);
    char text[10];
    CHECK_INT(co_read_full(b, text, 10), CO_EEOF);
    CHECK_INT(co_peek(b, 0, &bytes), 3); /* what came stays readable */
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

struct split {
    co_stream *stream;
    const char *text;
    size_t size, at;
};

static int write_split(void *arg)
{
    struct split *split = arg;
    int rc = co_write(split->stream, split->text, split->at);
    co_sleep(0);
    return rc < 0 ? rc : co_write(split->stream, split->text + split->at, split->size - split->at);
}

PAIR_TEST(peek_until_finds_the_delimiter_at_every_split)
{
    static const char head[] = "GET /\r\nHost:\rx\n\r\n\r\r\n\r\nrest";
    const size_t size = sizeof head - 1, upto = (size_t)(strstr(head, "\r\n\r\n") + 4 - head);
    for (size_t at = 0; at <= size; at++) {
        struct split split = {a, head, size, at};
        const uint8_t *bytes;
        char rest[sizeof head];
        co_group group;
        co_group_open(&group, NULL);
        co_go(&group, write_split, &split);
        CHECK_INT(co_peek_until(b, "\r\n\r\n", size, &bytes), upto);
        CHECK(memcmp(bytes, head, upto) == 0);
        co_consume(b, upto);
        CHECK_INT(co_read_full(b, rest, size - upto), size - upto);
        CHECK(memcmp(rest, head + upto, size - upto) == 0);
        CHECK_INT(co_group_close(&group), 0);
    }
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

PAIR_TEST(peek_until_gives_up_at_the_limit_and_at_the_end)
{
    const uint8_t *bytes;
    CHECK_INT(co_write(a, "0123456789\n", 11), 0);
    CHECK_INT(co_peek_until(b, "\n", 10, &bytes), CO_ETOOBIG);
    CHECK_INT(co_peek_until(b, "\n", 11, &bytes), 11);
    CHECK_INT(co_peek_until(b, "5", 6, &bytes), 6);
    CHECK_INT(co_shutdown_write(a), 0);
    CHECK_INT(co_peek_until(b, "no", 100, &bytes), CO_EEOF);
    CHECK_INT(co_peek(b, 0, &bytes), 11); /* nothing was taken */
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

PAIR_TEST(lines_are_read_with_the_last_one_unfinished)
{
    char line[16];
    CHECK_INT(co_write(a, "one\n\ntwo", 8), 0);
    CHECK_INT(co_shutdown_write(a), 0);
    CHECK_INT(co_read_line(b, line, sizeof line), 4);
    CHECK(strcmp(line, "one\n") == 0);
    CHECK_INT(co_read_line(b, line, sizeof line), 1);
    CHECK_INT(co_read_line(b, line, 3), CO_ETOOBIG);
    CHECK_INT(co_read_line(b, line, 4), 3); /* with its NUL it just fits */
    CHECK(strcmp(line, "two") == 0);
    CHECK_INT(co_read_line(b, line, sizeof line), 0);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

static int write_bulk(void *arg)
{
    struct bulk *bulk = arg;
    char *bytes = malloc(bulk->size);
    if (!bytes)
        return -ENOMEM;
    pattern_fill(bytes, bulk->size);
    bulk->result = co_write(bulk->stream, bytes, bulk->size);
    free(bytes);
    return 0;
}

PAIR_TEST(bulk_data_arrives_whole_through_small_reads)
{
    struct bulk bulk = {.stream = a, .size = 700001};
    char part[777];
    size_t got = 0;
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, write_bulk, &bulk);
    while (got < bulk.size) {
        ssize_t n = co_read(b, part, sizeof part); /* through the stream's own buffers */
        REQUIRE(n > 0);
        if (!CHECK(pattern_holds(part, got, (size_t)n)))
            return -EPROTO;
        got += (size_t)n;
    }
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(bulk.result, 0);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

PAIR_TEST(no_large_read_crosses_the_pieces_that_its_file_is_stored_in)
{
    struct bulk bulk = {.stream = a, .size = 700001};
    const uint8_t *bytes;
    const size_t head = 100, offset = 5;
    size_t at = offset, large = 0;
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, write_bulk, &bulk);
    REQUIRE(co_peek(b, head, &bytes) >= (ssize_t)head);
    co_consume(b, head);
    co_stream_align(b, offset);
    while (at < offset + bulk.size - head) {
        ssize_t n = co_peek(b, 1, &bytes);
        REQUIRE(n > 0);
        if ((size_t)n > CO_BUFFER_SMALL) {
            large++;
            CHECK(at / CO_BUFFER_LARGE == (at + (size_t)n - 1) / CO_BUFFER_LARGE);
        }
        co_consume(b, (size_t)n);
        at += (size_t)n;
    }
    CHECK(large > 0);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

PAIR_TEST(a_peek_holds_64_KiB_in_one_piece_and_no_more)
{
    struct bulk bulk = {.stream = a, .size = CO_PEEK_MAX + 5000};
    const uint8_t *bytes;
    static char rest[5000];
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, write_bulk, &bulk);
    for (size_t min = 1; min < CO_PEEK_MAX; min = min * 3 + 1)
        CHECK(co_peek(b, min, &bytes) >= (ssize_t)min);
    REQUIRE(co_peek(b, CO_PEEK_MAX, &bytes) == CO_PEEK_MAX);
    CHECK(pattern_holds(bytes, 0, CO_PEEK_MAX));
    CHECK_INT(co_peek_more(b, &bytes), CO_ETOOBIG);
    CHECK_INT(co_peek_until(b, "#", CO_PEEK_MAX, &bytes), CO_ETOOBIG);
    co_consume(b, CO_PEEK_MAX);
    CHECK_INT(co_read_full(b, rest, sizeof rest), sizeof rest);
    CHECK(pattern_holds(rest, CO_PEEK_MAX, sizeof rest));
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

PAIR_TEST(read_full_beyond_the_buffer_and_a_view_after_consuming)
{
    struct bulk bulk = {.stream = a, .size = 300000};
    char *all = malloc(bulk.size);
    const uint8_t *bytes;
    REQUIRE(all);
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, write_bulk, &bulk);
    CHECK(co_peek(b, 3000, &bytes) >= 3000);
    co_consume(b, 2999);
    CHECK(co_peek(b, 60000, &bytes) >= 60000);
    CHECK(pattern_holds(bytes, 2999, 60000));
    CHECK_INT(co_read_full(b, all, bulk.size - 2999), bulk.size - 2999);
    CHECK(pattern_holds(all, 2999, bulk.size - 2999));
    free(all);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_read_full(b, &(char){0}, 1), CO_EEOF);
    CHECK_INT(co_close(b), 0);
    return 0;
}

/* ---- one reader, one writer ------------------------------------------------------------------ */

static int read_one(void *arg)
{
    char c;
    ssize_t n = co_read((co_stream *)arg, &c, 1);
    return n < 0 ? (int)n : c;
}

static int expect_x(void *arg)
{
    CHECK_INT(read_one(arg), 'x');
    return 0;
}

static int expect_large_peek(void *arg)
{
    const uint8_t *bytes;
    CHECK_INT(co_peek((co_stream *)arg, 6000, &bytes), 6000);
    CHECK(pattern_holds(bytes, 0, 6000));
    return 0;
}

static void everything_is_busy(co_stream *stream)
{
    static char text[5000];
    const uint8_t *bytes;
    CHECK_INT(co_read(stream, text, 1), -EBUSY);
    CHECK_INT(co_read(stream, text, sizeof text), -EBUSY);
    CHECK_INT(co_read_full(stream, text, 1), -EBUSY);
    CHECK_INT(co_read_line(stream, text, sizeof text), -EBUSY);
    CHECK_INT(co_peek(stream, 1, &bytes), -EBUSY);
    CHECK_INT(co_peek_more(stream, &bytes), -EBUSY);
    CHECK_INT(co_peek_until(stream, "x", 9, &bytes), -EBUSY);
}

PAIR_TEST(a_second_reader_is_refused_and_disturbs_nothing)
{
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, expect_x, b);
    co_sleep(0);
    everything_is_busy(b);
    CHECK_INT(co_write(a, "x", 1), 0);
    CHECK_INT(co_group_close(&group), 0);

    static char bytes[6000];
    pattern_fill(bytes, sizeof bytes);
    co_group_open(&group, NULL);
    CHECK_INT(co_write(a, bytes, 5000), 0); /* the reader has begun to fill its buffer */
    co_go(&group, expect_large_peek, b);
    co_sleep(2);
    everything_is_busy(b);
    CHECK_INT(co_write(a, bytes + 5000, 1000), 0);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

PAIR_TEST(a_second_writer_is_refused_and_disturbs_nothing)
{
    struct bulk bulk = {.stream = a, .size = 8 << 20};
    char *all = malloc(bulk.size);
    REQUIRE(all);
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, write_bulk, &bulk);
    co_sleep(2);
    CHECK_INT(co_write(a, "x", 1), -EBUSY);
    CHECK_INT(co_print(a, "%d", 1), -EBUSY);
    CHECK_INT(co_read_full(b, all, bulk.size), bulk.size);
    CHECK(pattern_holds(all, 0, bulk.size));
    free(all);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(bulk.result, 0);
    CHECK_INT(co_write(a, "x", 1), 0); /* no error has stuck */
    CHECK_INT(read_one(b), 'x');
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

PAIR_TEST(pieces_go_out_in_order_however_short_the_sends)
{
    char *bytes = malloc(300000), *all = malloc(600000);
    REQUIRE(bytes && all);
    pattern_fill(bytes, 300000);
    struct iovec pieces[16];
    for (int i = 0; i < 16; i++)
        pieces[i] = (struct iovec){bytes + i * 1000, i % 3 ? 1000 : 0};
    CHECK_INT(co_writev(a, pieces, 17), -EINVAL);
    CHECK_INT(co_writev(a, pieces, 16), 0);
    CHECK_INT(co_read_full(b, all, 10000), 10000);
    for (size_t i = 0, at = 0; i < 16; i++)
        if (i % 3) {
            CHECK(pattern_holds(all + at, i * 1000, 1000));
            at += 1000;
        }
    CHECK_INT(co_writev(a, pieces, 0), 0);
    free(bytes);
    free(all);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

PAIR_TEST(print_is_bounded)
{
    static char text[5000];
    CHECK_INT(co_print(a, "%s=%d", "x", 12), 0);
    CHECK_INT(co_read_full(b, text, 4), 4);
    CHECK(memcmp(text, "x=12", 4) == 0);
    CHECK_INT(co_print(a, "%4096d", 1), 0);
    CHECK_INT(co_read_full(b, text, 4096), 4096);
    CHECK_INT(co_print(a, "%4097d", 1), CO_ETOOBIG);
    CHECK_INT(co_print(a, "."), 0);
    CHECK_INT(co_read(b, text, 10), 1);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

PAIR_TEST(a_cork_holds_back_until_uncorked)
{
    char text[8];
    const uint8_t *bytes;
    co_cork(a);
    CHECK_INT(co_write(a, "12", 2), 0);
    CHECK_INT(co_write(a, "34", 2), 0);
    co_sleep(2);
    CHECK_INT(co_peek(b, 0, &bytes), 0);
    co_scope scope;
    co_scope_open(&scope, 2);
    CHECK_INT(co_read(b, text, 1), CO_EDEADLINE);
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    CHECK_INT(co_uncork(a), 0);
    CHECK_INT(co_read_full(b, text, 4), 4);
    CHECK(memcmp(text, "1234", 4) == 0);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

static int answer(void *arg)
{
    co_stream *stream = arg;
    char c;
    CHECK_INT(co_read(stream, &c, 1), 1);
    return co_write(stream, "!", 1);
}

PAIR_TEST(a_read_empties_the_cork_first)
{
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, answer, b);
    co_cork(a);
    CHECK_INT(co_write(a, "?", 1), 0);
    CHECK_INT(read_one(a), '!');
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(co_write(a, "y", 1), 0); /* it is corked still */
    CHECK_INT(co_close(a), 0);         /* and the close empties it */
    CHECK_INT(read_one(b), 'y');
    CHECK_INT(co_close(b), 0);
    return 0;
}

/* M19: together they are 4 bytes to whoever adds without looking. */
FIBER_TEST(pieces_whose_sum_wraps_around_do_not_fit_into_the_cork)
{
    co_stream *a, *b;
    static char bytes[8];
    const struct iovec pieces[] = {{bytes, sizeof bytes}, {bytes, SIZE_MAX - 3}};
    co_scope scope;
    REQUIRE(co_memory_pair(&a, &b, 4) == 0);
    co_cork(a);
    co_scope_open(&scope, 3);
    CHECK_INT(co_writev(a, pieces, 2), CO_EDEADLINE); /* has begun to send the first */
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    co_abort(a);
    co_abort(b);
    return 0;
}

PAIR_TEST(a_cork_of_64_KiB_goes_out)
{
    struct bulk bulk = {.stream = a, .size = 200000};
    char *all = malloc(bulk.size);
    REQUIRE(all);
    co_group group;
    co_group_open(&group, NULL);
    co_cork(a);
    CHECK_INT(co_write(a, "x", 1), 0);
    co_go(&group, write_bulk, &bulk);
    CHECK_INT(read_one(b), 'x');
    CHECK_INT(co_read_full(b, all, bulk.size), bulk.size);
    CHECK(pattern_holds(all, 0, bulk.size));
    free(all);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

PAIR_TEST(a_write_to_a_peer_that_is_gone_raises_no_signal)
{
    char c;
    co_abort(b);
    CHECK_INT(co_read(a, &c, 1), -ECONNRESET); /* as above */
    CHECK_INT(co_write(a, "x", 1), -EPIPE);
    co_abort(a);
    return 0;
}

/* ---- memory alone -----------------------------------------------------------------------------
 */

FIBER_TEST(a_memory_pair_without_room_passes_bytes_singly)
{
    co_stream *a, *b;
    REQUIRE(co_memory_pair(&a, &b, 0) == 0);
    struct split split = {a, "abc", 3, 1};
    char text[3];
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, write_split, &split);
    CHECK_INT(co_read_full(b, text, 3), 3);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

/* ---- fairness -------------------------------------------------------------------------------- */

static int chat(void *arg)
{
    char bytes[64] = "";
    co_stream **pair = arg;
    for (;;) { /* every call can be done at once */
        int rc = co_write(pair[0], bytes, sizeof bytes);
        ssize_t n = rc < 0 ? rc : co_read_full(pair[1], bytes, sizeof bytes);
        if (n < 0)
            return (int)n;
    }
}

KERNEL_TEST(a_chatty_stream_does_not_starve_the_clock)
{
    co_stream *pair[2];
    REQUIRE(tcp_pair(&pair[0], &pair[1]) == 0);
    co_group group;
    co_group_open(&group, &(struct co_group_options){.timeout_ms = 10});
    co_go(&group, chat, pair);
    CHECK_INT(co_group_close(&group), CO_EDEADLINE);
    co_abort(pair[0]);
    co_abort(pair[1]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(peeking_takes_nothing_and_consuming_takes_what_was_seen),
        cmocka_unit_test(peek_until_finds_the_delimiter_at_every_split),
        cmocka_unit_test(peek_until_gives_up_at_the_limit_and_at_the_end),
        cmocka_unit_test(lines_are_read_with_the_last_one_unfinished),
        cmocka_unit_test(bulk_data_arrives_whole_through_small_reads),
        cmocka_unit_test(no_large_read_crosses_the_pieces_that_its_file_is_stored_in),
        cmocka_unit_test(a_peek_holds_64_KiB_in_one_piece_and_no_more),
        cmocka_unit_test(read_full_beyond_the_buffer_and_a_view_after_consuming),
        cmocka_unit_test(a_second_reader_is_refused_and_disturbs_nothing),
        cmocka_unit_test(a_second_writer_is_refused_and_disturbs_nothing),
        cmocka_unit_test(pieces_go_out_in_order_however_short_the_sends),
        cmocka_unit_test(print_is_bounded),
        cmocka_unit_test(a_cork_holds_back_until_uncorked),
        cmocka_unit_test(a_read_empties_the_cork_first),
        cmocka_unit_test(pieces_whose_sum_wraps_around_do_not_fit_into_the_cork),
        cmocka_unit_test(a_cork_of_64_KiB_goes_out),
        cmocka_unit_test(a_write_to_a_peer_that_is_gone_raises_no_signal),
        cmocka_unit_test(a_memory_pair_without_room_passes_bytes_singly),
        cmocka_unit_test(a_chatty_stream_does_not_starve_the_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
