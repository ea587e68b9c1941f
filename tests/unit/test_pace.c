/* SPDX-License-Identifier: MIT */
/* The end of what was sent at a pace, where only a kernel tells what has arrived. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_that_leaves_without_farewell_has_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
