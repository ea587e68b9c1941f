/* SPDX-License-Identifier: MIT */
/* Connections that come from a chosen address of ours. */
#include "fibers.h"

#include "net/address.h"
#include "net/connect.h"
#include "net/stream.h"

/* Connects to a listener of its own; ret: where it was seen to come from. */
static int connect_from(const co_address *from, co_address *ret)
{
    co_listener *listener;
    co_stream *near, *far;
    REQUIRE(co_listen(&listener, "127.0.0.1:0", NULL) == 0);
    int rc = co_connect_from(&far, co_listener_address(listener), from);
    if (rc == 0) {
        CHECK_INT(co_accept(&near, listener), 0);
        co_stream_peer(near, ret);
        co_abort(near);
        co_abort(far);
    }
    co_listener_close(listener);
    return rc;
}

KERNEL_TEST(the_connection_comes_from_that_address)
{
    co_address from, seen;
    CHECK_INT(co_address_of_number("127.0.0.3", 0, &from), 0);
    CHECK_INT(connect_from(&from, &seen), 0);
    CHECK(co_address_same_host(&from, &seen));
    CHECK_INT(co_address_of_number("192.0.2.1", 0, &from), 0);
    CHECK_INT(connect_from(&from, &seen), -EADDRNOTAVAIL);
    return 0;
}

KERNEL_TEST(a_port_that_is_taken_or_forbidden_is_done_without)
{
    co_address from, seen;
    co_listener *other;
    CHECK_INT(co_listen(&other, "127.0.0.3:0", NULL), 0);
    from = *co_listener_address(other);
    CHECK_INT(connect_from(&from, &seen), 0);
    CHECK(co_address_same_host(&from, &seen));
    CHECK(co_address_port(&from) != co_address_port(&seen));
    co_listener_close(other);
    CHECK_INT(connect_from(&from, &seen), 0);
    CHECK_INT(co_address_port(&seen), co_address_port(&from));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_connection_comes_from_that_address),
        cmocka_unit_test(a_port_that_is_taken_or_forbidden_is_done_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
