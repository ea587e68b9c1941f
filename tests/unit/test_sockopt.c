/* SPDX-License-Identifier: MIT */
/* Socket options by name, and what the kernel tells of a TCP connection. */
#include "pairs.h"

#include "net/stream.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* Two ends of a connection at that address. -EADDRNOTAVAIL where there is no IPv6. */
static int pair_at(const char *where, co_stream **ret_a, co_stream **ret_b)
{
    co_listener *listener;
    int rc = co_listen(&listener, where, NULL);
    if (rc < 0)
        return rc == -EAFNOSUPPORT ? -EADDRNOTAVAIL : rc;
    rc = co_connect(ret_a, co_listener_address(listener));
    if (rc == 0)
        rc = co_accept(ret_b, listener);
    co_listener_close(listener);
    return rc;
}

static const char *const places[] = {"127.0.0.1:0", "[::1]:0"};

static void set_and_read(co_stream *stream)
{
    static const struct {
        const char *name;
        int values[2];
    } options[] = {{"nodelay", {0, 1}}, {"keepalive", {30, 0}}, {"linger", {5, -1}},
        {"user_timeout", {12000, 0}}, {"tos", {0x10, 0}}, {"oobinline", {1, 0}},
        {"not_sent_low", {16384, 32768}}};
    for (size_t i = 0; i < CO_LENGTH(options); i++)
        for (size_t j = 0; j < 2; j++) {
            int value = -77;
            CHECK_INT(co_option_set(stream, options[i].name, options[i].values[j]), 0);
            CHECK_INT(co_option_get(stream, options[i].name, &value), 0);
            if (!CHECK_INT(value, options[i].values[j]))
                fprintf(stderr, "  ... of %s\n", options[i].name);
        }
}

static void set_buffers(co_stream *stream)
{
    static const char *const names[] = {"send_buffer", "receive_buffer"};
    for (size_t i = 0; i < CO_LENGTH(names); i++) {
        int value = 0;
        CHECK_INT(co_option_set(stream, names[i], 50000), 0);
        CHECK_INT(co_option_get(stream, names[i], &value), 0);
        CHECK(value >= 50000); /* the kernel adds what its own book-keeping takes */
    }
}

KERNEL_TEST(options_are_set_and_read_by_name)
{
    for (size_t i = 0; i < CO_LENGTH(places); i++) {
        co_stream *a, *b;
        int rc = pair_at(places[i], &a, &b);
        if (rc == -EADDRNOTAVAIL)
            continue;
        REQUIRE(rc == 0);
        set_and_read(a);
        set_buffers(b);
        co_abort(a);
        co_abort(b);
    }
    return 0;
}

KERNEL_TEST(a_type_of_service_is_for_the_packets_of_either_family)
{
    co_stream *a, *b;
    int value = 0, rc = pair_at("[::1]:0", &a, &b);
    socklen_t size = sizeof value;
    if (rc == -EADDRNOTAVAIL)
        return 0;
    REQUIRE(rc == 0);
    CHECK_INT(co_option_set(a, "tos", 0x10), 0);
    CHECK_INT(getsockopt(co_stream_raw(a), IPPROTO_IPV6, IPV6_TCLASS, &value, &size), 0);
    CHECK_INT(value, 0x10);
    co_abort(a);
    co_abort(b);
    return 0;
}

/* The kernel takes 32,767 seconds at most. */
KERNEL_TEST(a_keepalive_that_is_refused_is_no_keepalive)
{
    co_stream *a, *b;
    int value = -77;
    REQUIRE(tcp_pair(&a, &b) == 0);
    CHECK_INT(co_option_set(a, "keepalive", 100000), -EINVAL);
    CHECK_INT(co_option_set(a, "keepalive", -1), -EINVAL);
    CHECK_INT(co_option_get(a, "keepalive", &value), 0);
    CHECK_INT(value, 0);
    co_abort(a);
    co_abort(b);
    return 0;
}

FIBER_TEST(what_is_no_option_or_no_socket_is_told_apart)
{
    co_stream *a, *b;
    int value;
    struct co_tcp_info info;
    REQUIRE(tcp_pair(&a, &b) == 0);
    CHECK_INT(co_option_set(a, "colour", 1), -ENOENT);
    CHECK(strstr(co_explain(-ENOENT), "\"colour\"") != NULL);
    CHECK_INT(co_option_get(a, "", &value), -ENOENT);
    co_abort(a);
    co_abort(b);
    REQUIRE(co_memory_pair(&a, &b, MEMORY_ROOM) == 0);
    CHECK_INT(co_option_set(a, "nodelay", 1), -ENOTSOCK);
    CHECK_INT(co_option_get(a, "nodelay", &value), -ENOTSOCK);
    CHECK_INT(co_tcp_info(a, &info), -ENOTSOCK);
    co_abort(a);
    co_abort(b);
    return 0;
}

KERNEL_TEST(a_unix_socket_has_no_tcp_to_tell_of)
{
    char where[64];
    co_stream *a, *b;
    struct co_tcp_info info;
    snprintf(where, sizeof where, "unix:@coronet-sockopt-%d", (int)getpid());
    REQUIRE(pair_at(where, &a, &b) == 0);
    CHECK_INT(co_tcp_info(a, &info), -EOPNOTSUPP);
    co_abort(a);
    co_abort(b);
    return 0;
}

KERNEL_TEST(tcp_info_tells_what_went_and_came)
{
    enum { BYTES = 5000 };
    static char bytes[BYTES];
    co_stream *a, *b;
    struct co_tcp_info sent, received;
    REQUIRE(tcp_pair(&a, &b) == 0);
    CHECK_INT(co_write(a, bytes, BYTES), 0);
    CHECK_INT(co_read_full(b, bytes, BYTES), BYTES);
    CHECK_INT(co_tcp_info(a, &sent), 0);
    CHECK_INT(co_tcp_info(b, &received), 0);
    CHECK_INT(sent.bytes_sent - sent.bytes_retransmitted, BYTES);
    CHECK_INT(received.bytes_received, BYTES);
    CHECK(sent.segment_bytes > 0 && sent.send_window_segments > 0);
    co_abort(a);
    co_abort(b);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_set_and_read_by_name),
        cmocka_unit_test(a_type_of_service_is_for_the_packets_of_either_family),
        cmocka_unit_test(a_keepalive_that_is_refused_is_no_keepalive),
        cmocka_unit_test(what_is_no_option_or_no_socket_is_told_apart),
        cmocka_unit_test(a_unix_socket_has_no_tcp_to_tell_of),
        cmocka_unit_test(tcp_info_tells_what_went_and_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
