/* SPDX-License-Identifier: MIT */
/* HTTP/2 over TLS: by ALPN alone, and parked only when nothing is left to decrypt. */
#include "h2_rig.h"
#include "tls_rig.h"

struct secure_rig {
    struct rig *rig;
    co_tls *server, *client;
    int (*script)(struct secure_rig *secure);
};

static int session(co_stream *stream, void *arg)
{
    static const char *const alpn[] = {"h2", "http/1.1", NULL};
    const struct secure_rig *secure = arg;
    int rc = co_tls_is_on(stream) ? 0 : co_tls_accept_as(stream, secure->server, alpn);
    return rc < 0 ? rc : co_http_session(stream, secure->rig->server);
}

static int talk(void *arg)
{
    struct secure_rig *secure = arg;
    struct rig *rig = secure->rig;
    co_stream *served;
    co_group group;
    int rc = co_memory_pair(&rig->peer, &served, 1 << 16);
    if (rc < 0)
        return rc;
    served->handler = session;
    served->arg = secure;
    co_group_open(&group, NULL);
    rig->group = &group;
    co_go(&group, over_tls_handle, served);
    rc = co_tls_connect(rig->peer, secure->client, "localhost");
    if (rc == 0)
        rc = secure->script(secure);
    rig->took_ms = co_now_ns() / 1000000;
    rig->closed = co_close(rig->peer);
    int ended = co_group_close(&group);
    return rc < 0 ? rc : ended;
}

static struct heard *talk_by(int (*script)(struct secure_rig *secure), const char *const *offered)
{
    struct identity identity = identity_new("DNS:localhost", 86400);
    struct secure_rig secure = {.rig = fresh(), .script = script};
    assert_int_equal(sides_new(&identity, NULL, offered, &secure.server, &secure.client), 0);
    assert_int_equal(rig_build(secure.rig), 0);
    assert_int_equal(co_run(talk, &secure, &(struct co_run_options){.backend = "virtual"}), 0);
    co_http_server_free(secure.rig->server);
    co_tls_free(secure.server);
    co_tls_free(secure.client);
    return hear(secure.rig);
}

static const char *const only_h2[] = {"h2", NULL};

/* More than a record holds: the last request lies in the second one, which is there already when
 * the first has been answered. No more input comes that could wake a parked session. */
static int send_two_records(struct secure_rig *secure)
{
    static char value[16000];
    struct rig *rig = secure->rig;
    struct wire *wire = wire_new();
    put_get(wire, 1, "/hello");
    struct block *block = request_block("GET", "/hello");
    add_sized(block, "x", memset(value, 'x', sizeof value), sizeof value);
    put_headers(wire, 3, END_HEADERS | END_STREAM, block);
    put_get(wire, 5, "/hello");
    int rc = wire_send(rig, wire);
    for (uint32_t id = 1; rc == 0 && id <= 5; id += 2)
        rc = hear_response(rig, id);
    return rc;
}

static void does_not_park_on_what_is_decrypted_or_buffered(void **state)
{
    (void)state;
    struct heard *heard = talk_by(send_two_records, only_h2);
    for (uint32_t id = 1; id <= 5; id += 2)
        assert_answer(heard, id, 200, "hello\n");
}

static int ask_byte_by_byte(struct secure_rig *secure)
{
    struct rig *rig = secure->rig;
    struct wire *wire = wire_new();
    int rc = 0;
    put_get(wire, 1, "/hello");
    for (size_t i = 0; rc == 0 && i < wire->size; i++) {
        rc = co_write(rig->peer, wire->bytes + i, 1); /* a record each */
        co_sleep(0);
    }
    if (rc == 0)
        rc = hear_response(rig, 1);
    co_sleep(5000); /* it parks */
    wire->size = 0;
    put_get(wire, 3, "/hello");
    if (rc == 0)
        rc = wire_send(rig, wire);
    return rc < 0 ? rc : hear_response(rig, 3);
}

static void takes_a_record_for_each_byte_and_parks_between_requests(void **state)
{
    (void)state;
    struct heard *heard = talk_by(ask_byte_by_byte, only_h2);
    assert_answer(heard, 1, 200, "hello\n");
    assert_answer(heard, 3, 200, "hello\n");
}

/* What ALPN has chosen is spoken (RFC 9113 3.3). */
static int speak_h2_all_the_same(struct secure_rig *secure)
{
    struct wire *wire = wire_new();
    int rc = wire_send(secure->rig, wire);
    return rc < 0 ? rc : rig_read_all(secure->rig);
}

static void a_preface_without_alpn_is_no_request(void **state)
{
    static const char *const only_http1[] = {"http/1.1", NULL};
    (void)state;
    struct heard *heard = talk_by(speak_h2_all_the_same, only_http1);
    assert_int_equal(heard->settings, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(does_not_park_on_what_is_decrypted_or_buffered),
        cmocka_unit_test(takes_a_record_for_each_byte_and_parks_between_requests),
        cmocka_unit_test(a_preface_without_alpn_is_no_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
