/* SPDX-License-Identifier: MIT */
/* What is sent at a pace, and its end, where only a kernel tells what has arrived. */
#include "tls_rig.h"

#include "net/pace.h"
#include "net/stream.h"
#include "tls/layer.h"

#define SENT_BYTES 200000 /* more than the client's machine takes in unread */

static int cut(co_stream *client)
{
    return co_tls_layer_of(client)->under->shutdown(client);
}

/* The client has closed its end so; what settling comes to. */
static int settle_after(int (*end)(co_stream *client))
{
    static char bytes[SENT_BYTES];
    const struct identity identity = identity_new("DNS:localhost", 86400);
    struct side server = {0}, client = {.host = "localhost"};
    struct co_pace pace;
    REQUIRE(sides_new(&identity, NULL, NULL, &server.tls, &client.tls) == 0);
    REQUIRE(tcp_pair(&client.stream, &server.stream) == 0);
    shake_hands(&server, &client);
    CHECK_INT(co_write(server.stream, bytes, sizeof bytes), 0);
    CHECK(co_stream_unsent(server.stream) > 0);
    CHECK_INT(end(client.stream), 0);
    co_pace_start(&pace, 0, 0);
    int rc = co_pace_settle(&pace, server.stream);
    part(&server, &client);
    return rc;
}

/* lftp does, where the data itself says where it ends (MODE Z). */
KERNEL_TEST(a_reader_that_leaves_without_farewell_has_left)
{
    CHECK_INT(settle_after(co_shutdown_write), 0);
    CHECK_INT(settle_after(cut), 0);
    return 0;
}

#define STALL_MS 50

/* Of many bytes some have left when nobody reads: behind them there can be no others. */
KERNEL_TEST(a_reader_that_stalls_is_given_up_in_the_midst)
{
    static char bytes[16 << 20];
    const struct iovec pieces[] = {{NULL, 0}, {bytes, 1}, {NULL, 0}, {bytes, sizeof bytes}};
    co_stream *reader, *writer;
    struct co_pace pace;
    REQUIRE(tcp_pair(&reader, &writer) == 0);
    REQUIRE(!is_over_tls() || pair_secure(reader, writer) == 0);
    co_pace_start(&pace, 1, 0);
    co_pace_allow(&pace, STALL_MS);
    CHECK_INT(co_pace_writev(&pace, writer, pieces, CO_LENGTH(pieces)), CO_ETOOSLOW);
    CHECK_INT(co_write(writer, "x", 1), CO_ETOOSLOW);
    co_abort(writer);
    co_abort(reader);
    return 0;
}

struct reading {
    co_stream *stream;
    uint64_t count, sum; /* of the bytes, each by its place */
};

static int read_all(void *arg)
{
    struct reading *reading = arg;
    const uint8_t *bytes;
    for (ssize_t n; (n = co_peek(reading->stream, 1, &bytes)) > 0;
         co_consume(reading->stream, (size_t)n))
        for (ssize_t i = 0; i < n; i++)
            reading->sum += bytes[i] * ++reading->count;
    return 0;
}

KERNEL_TEST(pieces_arrive_in_their_order)
{
    static char bytes[3 << 20];
    const struct iovec pieces[] = {{bytes, 1}, {NULL, 0}, {bytes + 1, 70000}, {bytes + 70001, 0},
        {bytes + 70001, sizeof bytes - 70001}};
    uint64_t sum = 0;
    struct reading reading = {0};
    co_stream *writer;
    struct co_pace pace;
    co_group group;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)(i * 31 + i / 4099);
        sum += (uint8_t)bytes[i] * (uint64_t)(i + 1);
    }
    REQUIRE(tcp_pair(&reading.stream, &writer) == 0);
    REQUIRE(!is_over_tls() || pair_secure(reading.stream, writer) == 0);
    co_group_open(&group, NULL);
    co_go(&group, read_all, &reading);
    co_pace_start(&pace, 1, 0);
    CHECK_INT(co_pace_writev(&pace, writer, pieces, CO_LENGTH(pieces)), 0);
    CHECK_INT(co_shutdown_write(writer), 0);
    CHECK_INT(co_group_close(&group), 0);
    CHECK(reading.count == sizeof bytes && reading.sum == sum);
    CHECK_INT(co_close(writer), 0);
    CHECK_INT(co_close(reading.stream), 0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_that_stalls_is_given_up_in_the_midst),
        cmocka_unit_test(pieces_arrive_in_their_order),
        cmocka_unit_test(a_reader_that_leaves_without_farewell_has_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
