/* SPDX-License-Identifier: MIT */
/* TLS streams: what is said arrives, whole and only from whom it should; what is cut is noticed. */
#include "tls_rig.h"

#include "net/stream.h"
#include "tls/tls.h"

#define DAY 86400

/* TLS on both ends of a pair, between a server for localhost and a client that trusts it. */
static int secure(co_stream *a, co_stream *b)
{
    struct identity identity = identity_new("DNS:localhost,IP:127.0.0.1", DAY);
    struct side server = {.stream = b}, client = {.stream = a, .host = "localhost"};
    int rc = sides_new(&identity, NULL, NULL, &server.tls, &client.tls);
    if (rc < 0)
        return rc;
    shake_hands(&server, &client);
    co_tls_free(server.tls); /* the streams keep what they use */
    co_tls_free(client.tls);
    return server.result < 0 ? server.result : client.result;
}

/* TLS_TEST(name) { body with streams a and b, shaken hands; both ended by it }, on both kinds. */
#define TLS_TEST(name)                                                                             \
 static int name##_tls(co_stream *a, co_stream *b);                                                \
 static int name##_secured(co_stream *a, co_stream *b)                                             \
 {                                                                                                 \
  REQUIRE(secure(a, b) == 0);                                                                      \
  return name##_tls(a, b);                                                                         \
 }                                                                                                 \
 KERNEL_TEST(name)                                                                                 \
 {                                                                                                 \
  return on_each_pair(name##_secured);                                                             \
 }                                                                                                 \
 static int name##_tls(co_stream *a, co_stream *b)

static void close_both(co_stream *a, co_stream *b)
{
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_close(b), 0);
}

/* ---- talking ------------------------------------------------------------------------------- */

TLS_TEST(what_is_written_is_read_and_the_end_is_told)
{
    char text[16];
    struct co_tls_info info;
    CHECK(co_tls_is_on(a) && co_tls_is_on(b));
    CHECK_INT(co_tls_info(b, &info), 0);
    CHECK(strcmp(info.version, "TLSv1.3") == 0 && strcmp(info.server, "localhost") == 0);
    CHECK_INT(co_write(a, "hello", 5), 0);
    CHECK_INT(co_read_full(b, text, 5), 5);
    CHECK(memcmp(text, "hello", 5) == 0);
    CHECK_INT(co_write(b, "world", 5), 0);
    CHECK_INT(co_read_full(a, text, 5), 5);
    CHECK_INT(co_shutdown_write(a), 0);
    CHECK_INT(co_read(b, text, sizeof text), 0);
    CHECK_INT(co_write(b, "bye", 3), 0); /* the other direction goes on */
    CHECK_INT(co_read_full(a, text, 3), 3);
    close_both(a, b);
    return 0;
}

#define BULK_BYTES 3000000

static int send_bulk(void *arg)
{
    struct bulk *bulk = arg;
    char *bytes = malloc(bulk->size);
    if (!bytes)
        return -ENOMEM;
    pattern_fill(bytes, bulk->size);
    const struct iovec pieces[] = {{bytes, 3}, {bytes + 3, 70000}, {bytes + 70003, 0},
        {bytes + 70003, 5}, {bytes + 70008, bulk->size - 70008}};
    bulk->result = co_writev(bulk->stream, pieces, CO_LENGTH(pieces));
    free(bytes);
    return 0;
}

static int receive_bulk(void *arg)
{
    struct bulk *bulk = arg;
    char *bytes = malloc(bulk->size);
    if (!bytes)
        return -ENOMEM;
    ssize_t n = co_read_full(bulk->stream, bytes, bulk->size);
    bulk->result = n == (ssize_t)bulk->size && pattern_holds(bytes, 0, bulk->size) ? 0 : -EIO;
    free(bytes);
    return 0;
}

TLS_TEST(bulk_goes_both_ways_at_once)
{
    struct bulk bulks[] = {
        {a, BULK_BYTES, 1}, {b, BULK_BYTES, 1}, {a, BULK_BYTES, 1}, {b, BULK_BYTES, 1}};
    co_group group;
    co_group_open(&group, &(struct co_group_options){.timeout_ms = 30000});
    co_go(&group, send_bulk, &bulks[0]);
    co_go(&group, send_bulk, &bulks[1]);
    co_go(&group, receive_bulk, &bulks[2]);
    co_go(&group, receive_bulk, &bulks[3]);
    CHECK_INT(co_group_close(&group), 0);
    for (size_t i = 0; i < CO_LENGTH(bulks); i++)
        CHECK_INT(bulks[i].result, 0);
    close_both(a, b);
    return 0;
}

struct relay {
    co_stream *from, *to;
};

static int relay_bytes(void *arg)
{
    struct relay *relay = arg;
    char c;
    ssize_t n;
    while ((n = co_read(relay->from, &c, 1)) > 0 && co_write(relay->to, &c, 1) == 0)
        ;
    co_shutdown_write(relay->to);
    return 0;
}

KERNEL_TEST(records_may_come_byte_by_byte)
{
    co_stream *a, *near, *far, *b;
    REQUIRE(co_memory_pair(&a, &near, MEMORY_ROOM) == 0);
    REQUIRE(co_memory_pair(&far, &b, MEMORY_ROOM) == 0);
    struct relay there = {near, far}, back = {far, near};
    struct bulk bulk = {a, 100000, 1}, other = {b, 100000, 1};
    co_group relays, group;
    co_group_open(&relays, NULL);
    co_go(&relays, relay_bytes, &there);
    co_go(&relays, relay_bytes, &back);
    CHECK_INT(secure(a, b), 0);
    co_group_open(&group, NULL);
    co_go(&group, send_bulk, &bulk);
    co_go(&group, receive_bulk, &other);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(bulk.result, 0);
    CHECK_INT(other.result, 0);
    close_both(a, b);
    CHECK_INT(co_group_close(&relays), 0);
    co_abort(near);
    co_abort(far);
    return 0;
}

/* ---- parking ------------------------------------------------------------------------------- */

struct seen {
    int calls;
    size_t bytes, step;
};

static int take_some(co_stream *stream, void *arg)
{
    struct seen *seen = arg;
    static char bytes[8192];
    seen->calls++;
    ssize_t n = co_read(stream, bytes, seen->step);
    if (n <= 0)
        return (int)n;
    seen->bytes += (size_t)n;
    return CO_PARK;
}

/* Less than a record holds, so that nothing lies behind it that would be input, too. */
#define PARKED_BYTES 16000

/* Each step leaves bytes behind: in the stream's buffer, or decrypted in OpenSSL. */
static int park_with(co_stream *a, co_stream *b, size_t step)
{
    struct seen seen = {.step = step};
    char *bytes = calloc(1, PARKED_BYTES);
    REQUIRE(bytes);
    b->handler = take_some;
    b->arg = &seen;
    co_group group;
    co_group_open(&group, &(struct co_group_options){.timeout_ms = 10000});
    co_go(&group, co_stream_handle, b);
    CHECK_INT(co_write(a, bytes, PARKED_BYTES), 0);
    for (int i = 0; i < 5000 && seen.bytes < PARKED_BYTES; i++)
        co_sleep(1);
    CHECK_INT(seen.bytes, PARKED_BYTES); /* the farewell does not wake it */
    CHECK_INT(co_shutdown_write(a), 0);
    CHECK_INT(co_group_close(&group), 0);
    free(bytes);
    CHECK_INT(co_close(a), 0);
    return 0;
}

TLS_TEST(parked_with_bytes_in_the_buffer)
{
    return park_with(a, b, 1);
}

TLS_TEST(parked_with_bytes_decrypted)
{
    return park_with(a, b, 8192);
}

TLS_TEST(parked_before_there_is_anything)
{
    struct seen seen = {.step = 1};
    b->handler = take_some;
    b->arg = &seen;
    co_group group;
    co_group_open(&group, &(struct co_group_options){.timeout_ms = 10000});
    CHECK_INT(co_write(a, "x", 1), 0);
    co_go(&group, co_stream_handle, b);
    while (seen.calls < 1)
        co_sleep(1);
    co_sleep(1);
    CHECK_INT(seen.calls, 1); /* it is parked */
    CHECK_INT(co_write(a, "y", 1), 0);
    CHECK_INT(co_shutdown_write(a), 0);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(seen.bytes, 2);
    CHECK_INT(co_close(a), 0);
    return 0;
}

/* ---- ends ---------------------------------------------------------------------------------- */

TLS_TEST(an_end_without_farewell_is_an_error_t09)
{
    char text[8];
    CHECK_INT(co_write(b, "half", 4), 0);
    CHECK_INT(co_read_full(a, text, 4), 4);
    b->write_error = -EIO; /* whoever cuts the connection says nothing more */
    CHECK_INT(co_close(b), -EIO);
    CHECK_INT(co_read(a, text, sizeof text), CO_ETRUNCATED);
    CHECK_INT(co_read(a, text, sizeof text), CO_ETRUNCATED);
    co_abort(a);
    return 0;
}

TLS_TEST(a_farewell_that_a_scope_kept_back_is_gone_on_with)
{
    char text[8];
    co_scope scope;
    co_scope_open(&scope, -1);
    co_scope_cancel(&scope);
    CHECK_INT(co_shutdown_write(a), CO_ECANCELED);
    CHECK_INT(co_scope_close(&scope), CO_ECANCELED);
    CHECK_INT(co_shutdown_write(a), 0);
    co_scope_open(&scope, 20000);
    CHECK_INT(co_read(b, text, sizeof text), 0);
    CHECK_INT(co_scope_close(&scope), 0);
    CHECK_INT(co_write(b, "bye", 3), 0);
    CHECK_INT(co_read_full(a, text, 3), 3);
    close_both(a, b);
    return 0;
}

PAIR_TEST(bytes_before_the_handshake_are_refused_t04)
{
    const uint8_t *bytes;
    struct identity identity = identity_new("DNS:localhost", DAY);
    co_tls *server, *client;
    REQUIRE(sides_new(&identity, NULL, NULL, &server, &client) == 0);
    CHECK_INT(co_write(a, "NOOP\r\n", 6), 0);
    CHECK_INT(co_shutdown_write(a), 0);
    CHECK_INT(co_peek(b, 6, &bytes), 6);
    CHECK_INT(co_tls_accept(b, server), CO_ETLS);
    CHECK(!co_tls_is_on(b));
    co_tls_free(server);
    co_tls_free(client);
    co_abort(a);
    co_abort(b);
    return 0;
}

static int say_plain(void *arg)
{
    return co_write(arg, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 35);
}

KERNEL_TEST(clear_text_is_no_handshake)
{
    co_stream *a, *b;
    struct identity identity = identity_new("DNS:localhost", DAY);
    co_tls *server, *client;
    REQUIRE(sides_new(&identity, NULL, NULL, &server, &client) == 0 && tcp_pair(&a, &b) == 0);
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, say_plain, a);
    CHECK_INT(co_tls_accept(b, server), CO_ETLS);
    CHECK_INT(co_group_close(&group), 0);
    co_tls_free(server);
    co_tls_free(client);
    co_abort(a);
    co_abort(b);
    return 0;
}

/* ---- who it is ----------------------------------------------------------------------------- */

/* What a client that wants `host` makes of the certificate. */
static int verdict(struct identity *identity, const struct identity *trusted, const char *host)
{
    const struct co_tls_certificate certificate = certificate_of(identity);
    const struct co_tls_options options = {.certificates = &certificate, .certificate_count = 1};
    const struct co_tls_options trust = {.authorities = co_text_of(trusted->chain)};
    struct side server = {0}, client = {.host = host};
    REQUIRE(co_tls_server(&server.tls, &options) == 0 && co_tls_client(&client.tls, &trust) == 0);
    REQUIRE(meet(&server, &client) == 0);
    part(&server, &client);
    return client.result;
}

KERNEL_TEST(a_certificate_must_be_for_whom_was_asked_and_by_whom_is_trusted_t05)
{
    struct identity good = identity_new("DNS:a.example,DNS:*.b.example,IP:127.0.0.1", DAY);
    struct identity other = identity_new("DNS:a.example", DAY);
    struct identity expired = identity_new("DNS:a.example", -60);
    CHECK_INT(verdict(&good, &good, "a.example"), 0);
    CHECK_INT(verdict(&good, &good, "x.b.example"), 0);
    CHECK_INT(verdict(&good, &good, "127.0.0.1"), 0);
    CHECK_INT(verdict(&good, &good, "x.y.b.example"), CO_ECERTIFICATE);
    CHECK_INT(verdict(&good, &good, "b.example"), CO_ECERTIFICATE);
    CHECK_INT(verdict(&good, &good, "127.0.0.2"), CO_ECERTIFICATE);
    CHECK_INT(verdict(&good, &good, "test"), CO_ECERTIFICATE); /* the CN is no name */
    CHECK_INT(verdict(&other, &good, "a.example"), CO_ECERTIFICATE);
    CHECK_INT(verdict(&expired, &expired, "a.example"), CO_ECERTIFICATE);
    return 0;
}

KERNEL_TEST(the_certificate_is_chosen_by_the_name_asked_for)
{
    struct identity one = identity_new("DNS:one.example", DAY);
    struct identity two = identity_new("DNS:two.example", DAY);
    const struct co_tls_certificate both[] = {certificate_of(&one), certificate_of(&two)};
    const struct co_tls_options options = {.certificates = both, .certificate_count = 2};
    const struct co_tls_options trust = {.authorities = both[1].chain};
    struct side server = {0}, client = {.host = "two.example"};
    REQUIRE(co_tls_server(&server.tls, &options) == 0 && co_tls_client(&client.tls, &trust) == 0);
    REQUIRE(meet(&server, &client) == 0);
    CHECK_INT(client.result, 0);
    part(&server, &client);
    return 0;
}

KERNEL_TEST(a_key_that_belongs_to_another_certificate_is_refused_t10)
{
    struct identity one = identity_new("DNS:one.example", DAY);
    struct identity two = identity_new("DNS:two.example", DAY);
    const struct co_tls_certificate mixed = {
        .chain = co_text_of(one.chain), .key = co_text_of(two.key)};
    const struct co_tls_certificate none = {.chain = co_text_of(""), .key = co_text_of(two.key)};
    co_tls *tls;
    CHECK_INT(
        co_tls_server(&tls, &(struct co_tls_options){.certificates = &mixed, 1}), CO_EINVALID);
    CHECK(strstr(co_explain(CO_EINVALID), "does not belong") != NULL);
    CHECK_INT(co_tls_server(&tls, &(struct co_tls_options){.certificates = &none, 1}), CO_EINVALID);
    return 0;
}

/* ALPACA: a certificate serves several protocols, so a client of another is told at once. */
KERNEL_TEST(a_client_of_another_protocol_is_refused_f10)
{
    static const char *const http[] = {"h2", "http/1.1", NULL}, *const ftp[] = {"ftp", NULL};
    static const char *const old[] = {"http/1.1", NULL};
    struct identity identity = identity_new("DNS:localhost", DAY);
    for (int agree = 0; agree < 2; agree++) {
        struct side server = {0}, client = {.host = "localhost"};
        struct co_tls_info info;
        REQUIRE(sides_new(&identity, http, agree ? old : ftp, &server.tls, &client.tls) == 0);
        REQUIRE(meet(&server, &client) == 0);
        CHECK_INT(server.result, agree ? 0 : CO_ETLS);
        CHECK_INT(co_tls_info(server.stream, &info), agree ? 0 : -ENOTCONN);
        CHECK(!agree || co_text_equal(info.alpn, CO_TEXT("http/1.1")));
        part(&server, &client);
    }
    return 0;
}

KERNEL_TEST(a_peer_that_never_shakes_hands_is_given_up)
{
    struct identity identity = identity_new("DNS:localhost", DAY);
    const struct co_tls_certificate certificate = certificate_of(&identity);
    const struct co_tls_options options = {
        .certificates = &certificate, .certificate_count = 1, .handshake_ms = 5};
    co_tls *tls;
    co_stream *a, *b;
    REQUIRE(co_tls_server(&tls, &options) == 0 && co_memory_pair(&a, &b, MEMORY_ROOM) == 0);
    CHECK_INT(co_tls_accept(b, tls), CO_EDEADLINE);
    co_abort(a);
    co_abort(b);
    co_tls_free(tls);
    return 0;
}

/* ---- resuming ------------------------------------------------------------------------------ */

/* What a client remembers: OpenSSL hands tickets out, and takes one when a handshake begins. */
static struct {
    SSL_SESSION *session;
    bool keep; /* the next ticket */
} memory;

static int remember(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    if (!memory.keep)
        return 0;
    SSL_SESSION_free(memory.session);
    memory.session = session;
    memory.keep = false;
    return 1;
}

static void remind(const SSL *ssl, int where, int result)
{
    (void)result;
    if (where & SSL_CB_HANDSHAKE_START && memory.session)
        SSL_set_session((SSL *)(uintptr_t)ssl, memory.session);
}

static SSL_CTX *context_of(const co_tls *tls)
{
    return tls->set->contexts[0];
}

/* Was the session that is remembered resumed? With `keep` the one that comes of it is. */
static bool resumes(co_tls *server_tls, co_tls *client_tls, const char *host, bool keep)
{
    struct side server = {.tls = server_tls}, client = {.tls = client_tls, .host = host};
    struct co_tls_info info = {0};
    char c = 'x';
    SSL_CTX_set_session_cache_mode(context_of(client_tls), SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(context_of(client_tls), remember);
    SSL_CTX_set_info_callback(context_of(client_tls), remind);
    memory.keep = keep;
    CHECK_INT(meet(&server, &client), 0);
    CHECK_INT(client.result, 0);
    CHECK_INT(co_write(server.stream, &c, 1), 0);
    CHECK_INT(co_read(client.stream, &c, 1), 1);
    CHECK_INT(co_tls_info(server.stream, &info), 0);
    CHECK(!keep || !memory.keep);
    CHECK_INT(co_close(client.stream), 0); /* a session that was cut is not resumed */
    CHECK_INT(co_close(server.stream), 0);
    return info.resumed;
}

static void forget(co_tls *server, co_tls *client)
{
    SSL_SESSION_free(memory.session);
    memory.session = NULL;
    co_tls_free(server);
    co_tls_free(client);
}

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

KERNEL_TEST(a_session_is_resumed_under_its_name_alone_t03)
{
    struct identity one = identity_new("DNS:one.example,DNS:uno.example", DAY);
    struct identity two = identity_new("DNS:two.example", DAY);
    const struct co_tls_certificate both[] = {certificate_of(&one), certificate_of(&two)};
    const struct co_tls_options options = {.certificates = both, .certificate_count = 2};
    const struct co_tls_options trust = {.insecure = true};
    for (size_t i = 0; i < CO_LENGTH(versions); i++) {
        co_tls *server, *client;
        REQUIRE(co_tls_server(&server, &options) == 0 && co_tls_client(&client, &trust) == 0);
        SSL_CTX_set_max_proto_version(context_of(client), versions[i]);
        CHECK(!resumes(server, client, "one.example", true));
        CHECK(resumes(server, client, "one.example", false));
        CHECK(!resumes(server, client, "two.example", false));
        CHECK(!resumes(server, client, "uno.example", false));
        forget(server, client);
    }
    return 0;
}

/* Sessions live by OpenSSL's clock, so only the keys' rotation shows here. */
VIRTUAL_TEST(tickets_are_opened_as_long_as_their_key_is_kept)
{
    struct identity identity = identity_new("DNS:localhost", DAY);
    for (size_t i = 0; i < CO_LENGTH(versions); i++) {
        co_tls *server, *client;
        REQUIRE(sides_new(&identity, NULL, NULL, &server, &client) == 0);
        SSL_CTX_set_max_proto_version(context_of(client), versions[i]);
        CHECK(!resumes(server, client, "localhost", true));
        co_sleep(3 * 3600 * 1000);
        CHECK(resumes(server, client, "localhost", false)); /* another key seals now */
        co_sleep(2 * 3600 * 1000);
        CHECK(!resumes(server, client, "localhost", true));
        CHECK(resumes(server, client, "localhost", false));
        forget(server, client);
    }
    return 0;
}

/* ---- other certificates -------------------------------------------------------------------- */

KERNEL_TEST(new_certificates_are_for_new_connections_and_come_whole_t10)
{
    struct identity old = identity_new("DNS:localhost", DAY),
                    new = identity_new("DNS:localhost", DAY);
    const struct co_tls_certificate good = certificate_of(&new);
    const struct co_tls_certificate half = {
        .chain = co_text_of(new.chain), .key = co_text_of(old.key)};
    const struct co_tls_certificate torn = {.chain = {new.chain, 300}, .key = co_text_of(new.key)};
    char above[sizeof new.chain + sizeof old.chain];
    size_t size = (size_t)snprintf(above, sizeof above, "%s%s", new.chain, old.chain);
    const struct co_tls_options trust = {.authorities = good.chain};
    co_tls *server, *old_client, *new_client;
    char text[8];
    REQUIRE(sides_new(&old, NULL, NULL, &server, &old_client) == 0);
    REQUIRE(co_tls_client(&new_client, &trust) == 0);
    struct side before = {.tls = server}, client = {.tls = old_client, .host = "localhost"};
    REQUIRE(meet(&before, &client) == 0 && client.result == 0);
    CHECK_INT(co_tls_renew(server, &half, 1), CO_EINVALID);
    CHECK_INT(co_tls_renew(server, &torn, 1), CO_EINVALID);
    for (size_t cut = 30; cut < 300; cut += 9) { /* the one above it, anywhere */
        const struct co_tls_certificate part = {{above, size - cut}, co_text_of(new.key), {0}};
        CHECK_INT(co_tls_renew(server, &part, 1), CO_EINVALID);
    }
    CHECK_INT(co_tls_renew(server, NULL, 0), CO_EINVALID);
    CHECK(!resumes(server, old_client, "localhost", true));
    CHECK_INT(co_tls_renew(server, &good, 1), 0);
    CHECK_INT(co_write(before.stream, "x", 1), 0); /* it goes on */
    CHECK_INT(co_read(client.stream, text, sizeof text), 1);
    SSL_SESSION_free(memory.session);
    memory.session = NULL;
    CHECK(!resumes(server, new_client, "localhost", true));
    REQUIRE(co_tls_renew(server, &good, 1) == 0); /* the same ones: tickets stay good */
    CHECK(resumes(server, new_client, "localhost", false));
    co_abort(before.stream);
    co_abort(client.stream);
    co_tls_free(old_client);
    forget(server, new_client);
    return 0;
}

/* RSA and ECDSA side by side: which is taken is what the client can check. */
KERNEL_TEST(a_second_kind_of_key_stands_beside_the_first)
{
    struct identity ecdsa = identity_new("DNS:localhost", DAY);
    struct identity rsa = identity_of(EVP_RSA_gen(2048), "DNS:localhost", DAY);
    const struct co_tls_certificate both[] = {certificate_of(&ecdsa), certificate_of(&rsa)};
    static char checks[][32] = {"ECDSA+SHA256", "RSA-PSS+SHA256:RSA+SHA256"};
    for (size_t i = 0; i < 4; i++) {
        const struct co_tls_options trust = {.authorities = both[i / 2].chain};
        struct side server = {0}, client = {.host = "localhost"};
        const struct co_tls_options options = {.certificates = both, .certificate_count = 2};
        REQUIRE(
            co_tls_server(&server.tls, &options) == 0 && co_tls_client(&client.tls, &trust) == 0);
        SSL_CTX_set_max_proto_version(context_of(client.tls), versions[i % 2]);
        SSL_CTX_set1_sigalgs_list(context_of(client.tls), checks[i / 2]);
        REQUIRE(meet(&server, &client) == 0);
        CHECK_INT(client.result, 0);
        part(&server, &client);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_and_the_end_is_told),
        cmocka_unit_test(bulk_goes_both_ways_at_once),
        cmocka_unit_test(records_may_come_byte_by_byte),
        cmocka_unit_test(parked_with_bytes_in_the_buffer),
        cmocka_unit_test(parked_with_bytes_decrypted),
        cmocka_unit_test(parked_before_there_is_anything),
        cmocka_unit_test(an_end_without_farewell_is_an_error_t09),
        cmocka_unit_test(a_farewell_that_a_scope_kept_back_is_gone_on_with),
        cmocka_unit_test(bytes_before_the_handshake_are_refused_t04),
        cmocka_unit_test(clear_text_is_no_handshake),
        cmocka_unit_test(a_certificate_must_be_for_whom_was_asked_and_by_whom_is_trusted_t05),
        cmocka_unit_test(the_certificate_is_chosen_by_the_name_asked_for),
        cmocka_unit_test(a_key_that_belongs_to_another_certificate_is_refused_t10),
        cmocka_unit_test(a_client_of_another_protocol_is_refused_f10),
        cmocka_unit_test(a_peer_that_never_shakes_hands_is_given_up),
        cmocka_unit_test(a_session_is_resumed_under_its_name_alone_t03),
        cmocka_unit_test(tickets_are_opened_as_long_as_their_key_is_kept),
        cmocka_unit_test(new_certificates_are_for_new_connections_and_come_whole_t10),
        cmocka_unit_test(a_second_kind_of_key_stands_beside_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
