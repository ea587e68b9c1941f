/* SPDX-License-Identifier: MIT */
/* What is done at once or not at all: accepting, sending, emptying a cork, closing. */
#include "pairs.h"

#include "net/listener.h"
#include "net/stream.h"

#include <errno.h>

#define MUCH (8u << 20) /* bytes; more than both ends of a connection hold */

FIBER_TEST(nobody_is_accepted_where_nobody_has_come)
{
    co_listener *listener;
    co_stream *near, *far;
    REQUIRE(co_listen(&listener, "127.0.0.1:0", NULL) == 0);
    CHECK_INT(co_accept_now(&near, listener), -EAGAIN);
    REQUIRE(co_connect(&far, co_listener_address(listener)) == 0);
    int rc = co_accept_now(&near, listener);
    if (rc == -EAGAIN) /* in virtual time it may be on its way */
        rc = co_accept(&near, listener);
    CHECK_INT(rc, 0);
    co_abort(near);
    co_abort(far);
    co_listener_close(listener);
    return 0;
}

static int read_pattern(void *arg)
{
    struct bulk *bulk = arg;
    static char piece[1u << 16];
    size_t count = 0;
    ssize_t n;
    while ((n = co_read(bulk->stream, piece, sizeof piece)) > 0) {
        CHECK(pattern_holds(piece, count, (size_t)n));
        count += (size_t)n;
    }
    CHECK_INT(n, 0);
    CHECK_INT(count, bulk->size);
    return 0;
}

PAIR_TEST(what_does_not_go_out_at_once_is_left)
{
    char *bytes = malloc(MUCH);
    co_group group;
    struct bulk bulk = {.stream = b, .size = MUCH};
    REQUIRE(bytes);
    pattern_fill(bytes, MUCH);
    size_t sent = co_stream_send_now(a, (co_text){bytes, MUCH});
    CHECK(sent < MUCH);
    co_group_open(&group, NULL);
    co_go(&group, read_pattern, &bulk);
    CHECK_INT(co_write(a, bytes + sent, MUCH - sent), 0);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(co_close(b), 0);
    free(bytes);
    return 0;
}

PAIR_TEST(a_cork_that_is_emptied_at_once_stays_one)
{
    char text[8];
    co_cork(a);
    CHECK(co_stream_uncork_now(a)); /* nothing is in it */
    CHECK_INT(co_write(a, "one", 3), 0);
    bool emptied = co_stream_uncork_now(a); /* memory has no such thing */
    CHECK_INT(a->out_size, emptied ? 0 : 3);
    CHECK_INT(co_write(a, "two", 3), 0);
    CHECK_INT(a->out_size, emptied ? 3 : 6);
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_read_full(b, text, 6), 6);
    CHECK(memcmp(text, "onetwo", 6) == 0);
    CHECK_INT(co_close(b), 0);
    return 0;
}

PAIR_TEST(no_stream_with_something_to_say_or_hear_is_closed_at_once)
{
    const uint8_t *bytes;
    char text[4];
    co_cork(a);
    CHECK_INT(co_write(a, "out", 3), 0);
    CHECK(!co_stream_close_now(a));
    CHECK_INT(co_uncork(a), 0);
    CHECK_INT(co_write(b, "in", 2), 0);
    CHECK_INT(co_peek(a, 2, &bytes), 2);
    CHECK(!co_stream_close_now(a));
    co_consume(a, 2);
    CHECK(co_stream_close_now(a));
    CHECK_INT(co_read_full(b, text, 3), 3);
    CHECK_INT(co_read(b, text, 1), 0);
    CHECK(co_stream_close_now(b));
    return 0;
}

PAIR_TEST(whoever_is_gone_is_the_next_writes_error)
{
    char byte;
    co_abort(b);
    CHECK(co_read(a, &byte, 1) <= 0);
    CHECK_INT(co_stream_send_now(a, CO_TEXT("x")), 0);
    CHECK(co_write(a, "x", 1) < 0);
    co_abort(a);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_accepted_where_nobody_has_come),
        cmocka_unit_test(what_does_not_go_out_at_once_is_left),
        cmocka_unit_test(a_cork_that_is_emptied_at_once_stays_one),
        cmocka_unit_test(no_stream_with_something_to_say_or_hear_is_closed_at_once),
        cmocka_unit_test(whoever_is_gone_is_the_next_writes_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
