/* SPDX-License-Identifier: MIT */
/* How streams end: half-closed, closed with more to say or unread, aborted, in memory and over TCP.
 */
#include "pairs.h"

/* ---- by the scope ------------------------------------------------------------------------------
 */

static int write_zeros(void *arg)
{
    struct bulk *bulk = arg;
    char *bytes = calloc(1, bulk->size);
    if (!bytes)
        return -ENOMEM;
    bulk->result = co_write(bulk->stream, bytes, bulk->size);
    free(bytes);
    return 0;
}

PAIR_TEST(a_write_cut_short_by_the_scope_stays_an_error)
{
    struct bulk bulk = {.stream = a, .size = 16 << 20};
    co_group group;
    co_group_open(&group, &(struct co_group_options){.timeout_ms = 300});
    co_go(&group, write_zeros, &bulk); /* nobody reads */
    CHECK_INT(co_group_close(&group), CO_EDEADLINE);
    CHECK_INT(bulk.result, CO_EDEADLINE);
    CHECK_INT(co_write(a, "x", 1), CO_EDEADLINE); /* the text is torn */
    CHECK_INT(co_close(a), CO_EDEADLINE);
    co_abort(b);
    return 0;
}

PAIR_TEST(a_read_cut_short_by_the_scope_goes_on_later)
{
    char text[4];
    co_scope scope;
    CHECK_INT(co_write(a, "12", 2), 0);
    co_scope_open(&scope, 3);
    CHECK_INT(co_read_full(b, text, 4), CO_EDEADLINE);
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    CHECK_INT(co_write(a, "34", 2), 0);
    CHECK_INT(co_read_full(b, text, 4), 4);
    CHECK(memcmp(text, "1234", 4) == 0);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

/* ---- before they begin -------------------------------------------------------------------------
 */

FIBER_TEST(a_second_refusal_is_told_like_the_first)
{
    co_listener *listener;
    co_stream *stream;
    char text[2][256];
    REQUIRE(co_listen(&listener, "127.0.0.1:0", NULL) == 0);
    co_address gone = *co_listener_address(listener);
    co_listener_close(listener);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(co_connect(&stream, &gone), -ECONNREFUSED);
        snprintf(text[i], sizeof text[i], "%s", co_explain(-ECONNREFUSED));
    }
    CHECK(strncmp(text[0], "cannot connect to 127.0.0.1:", 28) == 0);
    CHECK(strstr(text[0], ": connection refused (is the server running?)") != NULL);
    CHECK_STRING(text[1], text[0]);
    return 0;
}

/* ---- by either side ----------------------------------------------------------------------------
 */

PAIR_TEST(half_closed_streams_go_on_in_the_other_direction)
{
    char text[8];
    CHECK_INT(co_write(a, "end", 3), 0);
    CHECK_INT(co_shutdown_write(a), 0);
    CHECK_INT(co_shutdown_write(a), 0);
    CHECK_INT(co_write(a, "x", 1), -EPIPE);
    CHECK_INT(co_read_full(b, text, 3), 3);
    CHECK_INT(co_read(b, text, sizeof text), 0);
    CHECK_INT(co_write(b, "still", 5), 0);
    CHECK_INT(co_read_full(a, text, 5), 5);
    CHECK_INT(co_close(b), 0);
    CHECK_INT(co_read(a, text, 1), 0);
    CHECK_INT(co_close(a), 0);
    return 0;
}

PAIR_TEST(writing_to_a_peer_that_is_gone_is_a_lasting_error)
{
    co_abort(b);
    int rc = 0;
    for (int i = 0; i < 100 && rc == 0; i++) {
        rc = co_write(a, "x", 1);
        co_sleep(1);
    }
    CHECK(rc == -EPIPE || rc == -ECONNRESET);
    CHECK_INT(co_write(a, "x", 1), rc);
    CHECK_INT(co_close(a), rc);
    return 0;
}

PAIR_TEST(an_abort_resets_the_peer)
{
    char text[8];
    CHECK_INT(co_write(a, "lost", 4), 0);
    co_abort(a);
    co_sleep(1);
    ssize_t n = co_read(b, text, sizeof text);
    while (n > 0) /* what had arrived may be read */
        n = co_read(b, text, sizeof text);
    CHECK_INT(n, -ECONNRESET);
    CHECK_INT(co_read(b, text, sizeof text), -ECONNRESET);
    int rc = co_close(b);
    CHECK(rc == 0 || rc == -ECONNRESET || rc == -EPIPE);
    return 0;
}

static int read_all_of_it(void *arg)
{
    struct bulk *bulk = arg;
    static char part[5000];
    ssize_t n;
    size_t got = 0;
    while ((n = co_read(bulk->stream, part, sizeof part)) > 0) {
        CHECK(pattern_holds(part, got, (size_t)n));
        got += (size_t)n;
    }
    CHECK_INT(n, 0);
    CHECK_INT(got, bulk->size);
    return co_close(bulk->stream);
}

PAIR_TEST(closing_with_unread_input_does_not_destroy_what_was_sent)
{
    struct bulk bulk = {.stream = b, .size = 50000};
    char *bytes = malloc(bulk.size);
    REQUIRE(bytes);
    pattern_fill(bytes, bulk.size);
    CHECK_INT(co_write(b, "not read by a", 13), 0);
    co_sleep(2);
    co_group group;
    co_group_open(&group, NULL);
    CHECK_INT(co_write(a, bytes, bulk.size), 0);
    co_go(&group, read_all_of_it, &bulk);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_group_close(&group), 0);
    free(bytes);
    return 0;
}

PAIR_TEST(a_close_in_a_cancelled_scope_still_empties_the_cork)
{
    char text[8];
    co_scope scope;
    co_cork(a);
    CHECK_INT(co_write(a, "bye", 3), 0);
    co_scope_open(&scope, -1);
    co_scope_cancel(&scope);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_scope_close(&scope), CO_ECANCELED);
    CHECK_INT(co_read_full(b, text, 3), 3);
    CHECK_INT(co_read(b, text, 1), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

PAIR_TEST(a_shutdown_does_not_cut_into_anothers_write)
{
    static char bytes[4096];
    struct bulk bulk = {.stream = a, .size = 1 << 20};
    size_t got = 0;
    ssize_t n = 1;
    co_option_set(a, "send_buffer", 4096); /* where there is one */
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, write_zeros, &bulk);
    co_sleep(0);
    CHECK_INT(co_shutdown_write(a), -EBUSY);
    for (; got < bulk.size && n > 0; got += n > 0 ? (size_t)n : 0)
        n = co_read(b, bytes, sizeof bytes);
    CHECK_INT(got, bulk.size);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(bulk.result, 0);
    CHECK_INT(co_shutdown_write(a), 0);
    CHECK_INT(co_read(b, bytes, sizeof bytes), 0);
    CHECK_INT(co_close(b), 0);
    CHECK_INT(co_close(a), 0);
    return 0;
}

static int read_answer(void *stream)
{
    char byte;
    return co_read(stream, &byte, 1) == 1 ? 0 : -EPROTO;
}

static int read_words_and_answer(void *stream)
{
    char text[18];
    CHECK_INT(co_read_full(stream, text, sizeof text), sizeof text);
    CHECK(memcmp(text, "more than four now", sizeof text) == 0);
    return co_write(stream, "!", 1);
}

/* Nobody but it writes: the reader only sends what the peer may be waiting for. */
FIBER_TEST(a_reader_that_empties_the_cork_does_not_keep_the_writer_out)
{
    char byte;
    co_stream *a, *b;
    co_group group;
    REQUIRE(co_memory_pair(&a, &b, 4) == 0);
    co_cork(a);
    CHECK_INT(co_write(a, "more than four", 14), 0);
    co_group_open(&group, NULL);
    co_go(&group, read_answer, a);
    co_sleep(0); /* it waits for room */
    co_go(&group, read_words_and_answer, b);
    CHECK_INT(co_uncork(a), 0);
    CHECK_INT(co_write(a, " now", 4), 0);
    CHECK_INT(co_group_close(&group), 0);

    co_cork(a);
    CHECK_INT(co_write(a, "more than four now", 18), 0);
    co_group_open(&group, NULL);
    co_go(&group, read_answer, a);
    co_sleep(0);
    co_go(&group, read_words_and_answer, b);
    CHECK_INT(co_shutdown_write(a), 0);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(co_read(b, &byte, 1), 0);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

FIBER_TEST(a_close_waits_no_longer_than_its_grace)
{
    co_stream *a, *b;
    REQUIRE(co_memory_pair(&a, &b, 4) == 0);
    co_cork(a);
    CHECK_INT(co_write(a, "more than four", 14), 0);
    int64_t before = co_now_ns();
    CHECK_INT(co_close(a), CO_EDEADLINE);
    CHECK((co_now_ns() - before) / 1000000 >= 1000);
    char text[20];
    CHECK_INT(co_read(b, text, sizeof text), -ECONNRESET);
    CHECK_INT(co_close(b), 0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_cut_short_by_the_scope_stays_an_error),
        cmocka_unit_test(a_read_cut_short_by_the_scope_goes_on_later),
        cmocka_unit_test(a_second_refusal_is_told_like_the_first),
        cmocka_unit_test(half_closed_streams_go_on_in_the_other_direction),
        cmocka_unit_test(writing_to_a_peer_that_is_gone_is_a_lasting_error),
        cmocka_unit_test(an_abort_resets_the_peer),
        cmocka_unit_test(closing_with_unread_input_does_not_destroy_what_was_sent),
        cmocka_unit_test(a_close_in_a_cancelled_scope_still_empties_the_cork),
        cmocka_unit_test(a_shutdown_does_not_cut_into_anothers_write),
        cmocka_unit_test(a_reader_that_empties_the_cork_does_not_keep_the_writer_out),
        cmocka_unit_test(a_close_waits_no_longer_than_its_grace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
