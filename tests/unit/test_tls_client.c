/* SPDX-License-Identifier: MIT */
/* What a client may ask for beside a chain that it trusts: keys, versions, sessions. */
#include "tls_rig.h"

#include "net/stream.h"
#include "tls/layer.h"

#define DAY 86400

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* A server with one certificate. */
static co_tls *server_of(const struct identity *identity)
{
    const struct co_tls_certificate certificate = certificate_of(identity);
    co_tls *tls = NULL;
    CHECK_INT(co_tls_server(&tls,
                  &(struct co_tls_options){.certificates = &certificate, .certificate_count = 1}),
        0);
    return tls;
}

/* The identity's pin as curl writes it. */
static void pin_of(const struct identity *identity, char ret[64])
{
    uint8_t digest[32], *info = NULL;
    BIO *bio = BIO_new_mem_buf(identity->chain, -1);
    X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &info);
    EVP_Digest(info, (size_t)size, digest, NULL, EVP_sha256(), NULL);
    strcpy(ret, "sha256//");
    EVP_EncodeBlock((uint8_t *)ret + 8, digest, sizeof digest);
    OPENSSL_free(info);
    X509_free(x);
    BIO_free(bio);
}

/* What a client with these options comes to; the sentence stays with the fiber. */
static int try(co_tls *tls, const char *host, const struct co_tls_options *options)
{
    struct side server = {.tls = tls}, client = {.host = host};
    REQUIRE(co_tls_client(&client.tls, options) == 0);
    REQUIRE(meet(&server, &client) == 0);
    co_abort(client.stream);
    co_abort(server.stream);
    co_tls_free(client.tls);
    return client.result;
}

KERNEL_TEST(a_pinned_key_is_asked_for_beside_the_chain)
{
    struct identity good = identity_new("DNS:localhost", DAY), other = identity_new("DNS:x", DAY);
    char own[64], wrong[64];
    pin_of(&good, own);
    pin_of(&other, wrong);
    const char *const right[] = {wrong, own, NULL}, *const left[] = {wrong, NULL};
    struct co_tls_options options = {.authorities = co_text_of(good.chain), .pins = right};
    co_tls *tls = server_of(&good);
    CHECK_INT(try(tls, "localhost", &options), 0);
    CHECK_INT(try(tls, "other", &options), CO_ECERTIFICATE); /* a pin does not suffice */
    options.pins = left;
    CHECK_INT(try(tls, "localhost", &options), CO_ECERTIFICATE);
    options.insecure = true;
    CHECK_INT(try(tls, "localhost", &options), CO_ECERTIFICATE);
    co_tls_free(tls);
    return 0;
}

KERNEL_TEST(a_pinned_key_suffices_where_that_is_said)
{
    struct identity expired = identity_new("DNS:localhost", -60),
                    other = identity_new("DNS:x", DAY);
    char own[64], wrong[64];
    pin_of(&expired, own);
    pin_of(&other, wrong);
    const char *const right[] = {own, NULL}, *const left[] = {wrong, NULL};
    struct co_tls_options options = {.pins = right, .pins_suffice = true};
    co_tls *tls = server_of(&expired);
    CHECK_INT(try(tls, "127.0.0.1", &options), 0);
    options.pins = left;
    CHECK_INT(try(tls, "127.0.0.1", &options), CO_ECERTIFICATE);
    co_tls_free(tls);
    return 0;
}

KERNEL_TEST(the_sentence_about_a_key_says_what_could_be_pinned)
{
    struct identity good = identity_new("DNS:localhost", DAY), other = identity_new("DNS:x", DAY);
    char own[64], wrong[64];
    pin_of(&good, own);
    pin_of(&other, wrong);
    const char *const pins[] = {wrong, NULL};
    struct side server = {.tls = server_of(&good)}, client = {.host = "localhost"};
    const struct co_tls_options options = {.authorities = co_text_of(good.chain), .pins = pins};
    REQUIRE(co_tls_client(&client.tls, &options) == 0);
    REQUIRE(co_memory_pair(&client.stream, &server.stream, MEMORY_ROOM) == 0);
    co_group group;
    co_group_open(&group, &(struct co_group_options){.timeout_ms = 20000});
    co_go(&group, side_run, &server);
    CHECK_INT(co_tls_connect(client.stream, client.tls, client.host), CO_ECERTIFICATE);
    CHECK(strstr(co_explain(CO_ECERTIFICATE), own) != NULL);
    CHECK_INT(co_group_close(&group), 0);
    part(&server, &client);
    return 0;
}

KERNEL_TEST(what_is_no_pin_is_refused)
{
    static const char *const bad[] = {"", "sha256//", "sha1//AAAA", "sha256//AAAA",
        "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    co_tls *tls;
    for (size_t i = 0; i < CO_LENGTH(bad); i++) {
        const char *const pins[] = {bad[i], NULL};
        CHECK_INT(co_tls_client(&tls, &(struct co_tls_options){.pins = pins}), CO_EINVALID);
    }
    CHECK_INT(co_tls_client(&tls, &(struct co_tls_options){.pins_suffice = true}), CO_EINVALID);
    return 0;
}

KERNEL_TEST(tls_1_3_can_be_demanded_by_either_side)
{
    struct identity good = identity_new("DNS:localhost", DAY);
    const struct co_tls_certificate certificate = certificate_of(&good);
    for (int side = 0; side < 2; side++) {
        const struct co_tls_options options = {
            .certificates = &certificate, .certificate_count = 1, .only_tls13 = side == 0};
        const struct co_tls_options trust = {
            .authorities = certificate.chain, .only_tls13 = side == 1};
        struct side server = {0}, client = {.host = "localhost"};
        REQUIRE(co_tls_server(&server.tls, &options) == 0);
        REQUIRE(co_tls_client(&client.tls, &trust) == 0);
        co_tls *old = side == 0 ? client.tls : server.tls;
        SSL_CTX_set_max_proto_version(old->set->contexts[0], TLS1_2_VERSION);
        REQUIRE(meet(&server, &client) == 0);
        CHECK_INT(client.result, CO_ETLS);
        part(&server, &client);
    }
    return 0;
}

/* TLS 1.2's HelloRequest (RFC 5246 7.4.1.1): the answer is a warning, and no hello. */
KERNEL_TEST(a_server_that_would_renegotiate_is_refused_t01)
{
    struct identity good = identity_new("DNS:localhost", DAY);
    struct side server = {0}, client = {.host = "localhost"};
    char c = 'x';
    REQUIRE(sides_new(&good, NULL, NULL, &server.tls, &client.tls) == 0);
    SSL_CTX_set_max_proto_version(client.tls->set->contexts[0], TLS1_2_VERSION);
    REQUIRE(meet(&server, &client) == 0 && client.result == 0);
    SSL *asks = co_tls_layer_of(server.stream)->ssl;
    SSL_clear_options(asks, SSL_OP_NO_RENEGOTIATION);
    CHECK_INT(SSL_renegotiate(asks), 1);
    CHECK_INT(SSL_do_handshake(asks), 1);
    CHECK_INT(co_write(server.stream, &c, 1), 0);
    CHECK_INT(co_read(client.stream, &c, 1), 1);
    CHECK_INT(co_write(client.stream, &c, 1), 0);
    CHECK_INT(co_read(server.stream, &c, 1), CO_ETLS);
    CHECK(strstr(co_explain(CO_ETLS), "no renegotiation") != NULL);
    part(&server, &client);
    return 0;
}

/* ---- sessions ------------------------------------------------------------------------------ */

/* A connection and its orderly end. Was a session resumed? */
static bool resumes(co_tls *server_tls, co_tls *client_tls, const char *host)
{
    struct side server = {.tls = server_tls}, client = {.tls = client_tls, .host = host};
    struct co_tls_info info = {0}, own = {0};
    char c = 'x';
    CHECK_INT(meet(&server, &client), 0);
    CHECK_INT(client.result, 0);
    CHECK_INT(co_write(server.stream, &c, 1), 0);
    CHECK_INT(co_read(client.stream, &c, 1), 1);
    CHECK_INT(co_tls_info(server.stream, &info), 0);
    CHECK_INT(co_tls_info(client.stream, &own), 0);
    CHECK(own.peer && strcmp(own.peer, "test") == 0);
    CHECK_INT(info.resumed, own.resumed);
    CHECK_INT(co_close(client.stream), 0);
    CHECK_INT(co_close(server.stream), 0);
    return info.resumed;
}

static void limit(const co_tls *client, int version)
{
    SSL_CTX_set_max_proto_version(client->set->contexts[0], version);
}

KERNEL_TEST(a_session_is_resumed_with_its_host_alone_t03)
{
    struct identity both = identity_new("DNS:localhost,DNS:other", DAY);
    for (size_t i = 0; i < CO_LENGTH(versions); i++) {
        co_tls *server, *client;
        REQUIRE(sides_new(&both, NULL, NULL, &server, &client) == 0);
        limit(client, versions[i]);
        CHECK(!resumes(server, client, "localhost"));
        CHECK(resumes(server, client, "localhost"));
        CHECK(!resumes(server, client, "other"));
        CHECK(resumes(server, client, "LOCALHOST.")); /* the same name */
        CHECK(resumes(server, client, "other"));
        co_tls_free(server);
        co_tls_free(client);
    }
    return 0;
}

/* Whatever a context does not trust it does not trust by another's session. */
KERNEL_TEST(no_session_crosses_trust_or_pins_t03)
{
    struct identity good = identity_new("DNS:localhost", DAY), other = identity_new("DNS:x", DAY);
    char wrong[64];
    pin_of(&other, wrong);
    const char *const pins[] = {wrong, NULL};
    const struct co_tls_options none = {.authorities = co_text_of(other.chain)};
    const struct co_tls_options pinned = {.authorities = co_text_of(good.chain), .pins = pins};
    co_tls *server, *client;
    REQUIRE(sides_new(&good, NULL, NULL, &server, &client) == 0);
    CHECK(!resumes(server, client, "localhost"));
    CHECK_INT(try(server, "localhost", &none), CO_ECERTIFICATE);
    CHECK_INT(try(server, "localhost", &pinned), CO_ECERTIFICATE);
    CHECK(resumes(server, client, "localhost"));
    co_tls_free(server);
    co_tls_free(client);
    return 0;
}

/* One name at two ports may be two servers of different owners. */
static int meet_at(co_listener *listener, co_tls *server_tls, co_tls *client_tls, bool *ret)
{
    struct side server = {.tls = server_tls}, client = {.tls = client_tls, .host = "localhost"};
    struct co_tls_info info = {0};
    char c = 'x';
    REQUIRE(co_connect(&client.stream, co_listener_address(listener)) == 0);
    REQUIRE(co_accept(&server.stream, listener) == 0);
    shake_hands(&server, &client);
    CHECK_INT(co_write(server.stream, &c, 1), 0);
    CHECK_INT(co_read(client.stream, &c, 1), 1);
    CHECK_INT(co_tls_info(client.stream, &info), 0);
    *ret = info.resumed;
    CHECK_INT(co_close(client.stream), 0);
    CHECK_INT(co_close(server.stream), 0);
    return 0;
}

KERNEL_TEST(no_session_crosses_ports_t03)
{
    struct identity good = identity_new("DNS:localhost", DAY);
    co_tls *server, *client;
    co_listener *one, *two;
    bool resumed;
    REQUIRE(sides_new(&good, NULL, NULL, &server, &client) == 0);
    REQUIRE(co_listen(&one, "127.0.0.1:0", NULL) == 0 && co_listen(&two, "127.0.0.1:0", NULL) == 0);
    CHECK(meet_at(one, server, client, &resumed) == 0 && !resumed);
    CHECK(meet_at(two, server, client, &resumed) == 0 && !resumed);
    CHECK(meet_at(one, server, client, &resumed) == 0 && resumed);
    co_listener_close(one);
    co_listener_close(two);
    co_tls_free(server);
    co_tls_free(client);
    return 0;
}

KERNEL_TEST(sessions_are_kept_for_the_latest_hosts_alone)
{
    struct identity wild = identity_new("DNS:*.example.org", DAY);
    const struct co_tls_options trust = {.authorities = co_text_of(wild.chain), .sessions_max = 2};
    co_tls *server = server_of(&wild), *client;
    REQUIRE(co_tls_client(&client, &trust) == 0);
    CHECK(!resumes(server, client, "a.example.org"));
    CHECK(!resumes(server, client, "b.example.org"));
    CHECK(!resumes(server, client, "c.example.org"));
    CHECK(resumes(server, client, "b.example.org"));
    CHECK(resumes(server, client, "c.example.org"));
    CHECK(!resumes(server, client, "a.example.org"));
    co_tls_free(server);
    co_tls_free(client);
    return 0;
}

KERNEL_TEST(either_side_can_do_without_sessions)
{
    struct identity good = identity_new("DNS:localhost", DAY);
    const struct co_tls_certificate certificate = certificate_of(&good);
    for (int side = 0; side < 4; side++) {
        const struct co_tls_options options = {
            .certificates = &certificate, .certificate_count = 1, .no_resumption = side % 2 == 0};
        const struct co_tls_options trust = {
            .authorities = certificate.chain, .no_resumption = side % 2 == 1};
        co_tls *server, *client;
        REQUIRE(co_tls_server(&server, &options) == 0 && co_tls_client(&client, &trust) == 0);
        limit(client, versions[side / 2]);
        CHECK(!resumes(server, client, "localhost"));
        CHECK(!resumes(server, client, "localhost"));
        co_tls_free(server);
        co_tls_free(client);
    }
    return 0;
}

/* ---- the key log --------------------------------------------------------------------------- */

static void note_line(void *arg, const char *line)
{
    struct co_buf *log = arg;
    co_buf_addf(log, "%s\n", line);
}

KERNEL_TEST(keys_are_told_to_whom_wants_them)
{
    struct identity good = identity_new("DNS:localhost", DAY);
    const struct co_tls_certificate certificate = certificate_of(&good);
    struct co_buf logs[2] = {CO_BUF(65536), CO_BUF(65536)};
    const struct co_tls_options options = {.certificates = &certificate,
        .certificate_count = 1,
        .key_log = note_line,
        .key_log_arg = &logs[0]};
    const struct co_tls_options trust = {
        .authorities = certificate.chain, .key_log = note_line, .key_log_arg = &logs[1]};
    struct side server = {0}, client = {.host = "localhost"};
    REQUIRE(co_tls_server(&server.tls, &options) == 0 && co_tls_client(&client.tls, &trust) == 0);
    REQUIRE(meet(&server, &client) == 0 && client.result == 0);
    CHECK(logs[0].size > 0 && logs[0].size == logs[1].size);
    co_buf_add_char(&logs[1], '\0');
    CHECK(strstr(logs[1].at, "CLIENT_TRAFFIC_SECRET_0 ") != NULL);
    part(&server, &client);
    co_buf_free(&logs[0]);
    co_buf_free(&logs[1]);
    return 0;
}

/* A CRL of the identity's, which names the certificate of that number, for so many seconds. */
static void crl_of(const struct identity *by, int revoked, long seconds, char ret[2048])
{
    BIO *chain = BIO_new_mem_buf(by->chain, -1), *secret = BIO_new_mem_buf(by->key, -1);
    BIO *list = BIO_new(BIO_s_mem());
    X509 *x = PEM_read_bio_X509(chain, NULL, NULL, NULL);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(secret, NULL, NULL, NULL);
    X509_CRL *crl = X509_CRL_new();
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    ASN1_TIME *from = X509_gmtime_adj(NULL, -2 * DAY), *until = X509_gmtime_adj(NULL, seconds);
    ASN1_INTEGER_set(number, revoked);
    X509_REVOKED_set_serialNumber(entry, number);
    X509_REVOKED_set_revocationDate(entry, from);
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(x));
    X509_CRL_set1_lastUpdate(crl, from);
    X509_CRL_set1_nextUpdate(crl, until);
    X509_CRL_add0_revoked(crl, entry);
    X509_CRL_sign(crl, key, EVP_sha256());
    PEM_write_bio_X509_CRL(list, crl);
    pem_take(list, ret, 2048);
    X509_CRL_free(crl);
    ASN1_INTEGER_free(number);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    X509_free(x);
    EVP_PKEY_free(key);
    BIO_free(chain);
    BIO_free(secret);
}

/* Certificates of the rig have the number 1, and one name: the key tells who signed. */
KERNEL_TEST(what_is_revoked_or_not_known_to_be_good_is_refused_t05)
{
    struct identity good = identity_new("DNS:localhost", DAY), other = identity_new("DNS:x", DAY);
    static char crls[4][2048];
    crl_of(&good, 2, DAY, crls[0]);
    crl_of(&good, 1, DAY, crls[1]);
    crl_of(&good, 2, -60, crls[2]);
    crl_of(&other, 2, DAY, crls[3]);
    struct co_tls_options options = {.authorities = co_text_of(good.chain)};
    co_tls *tls = server_of(&good);
    for (size_t i = 0; i < CO_LENGTH(crls); i++) {
        options.crls = co_text_of(crls[i]);
        CHECK_INT(try(tls, "localhost", &options), i == 0 ? 0 : CO_ECERTIFICATE);
    }
    options.crls = co_text_of(crls[1]);
    options.insecure = true;
    CHECK_INT(try(tls, "localhost", &options), 0);
    co_tls_free(tls);
    return 0;
}

KERNEL_TEST(what_is_no_crl_is_refused)
{
    struct identity good = identity_new("DNS:localhost", DAY);
    static char cut[2048];
    crl_of(&good, 2, DAY, cut);
    cut[strlen(cut) / 2] = '\0';
    const char *const bad[] = {"x", good.chain, cut};
    co_tls *tls;
    for (size_t i = 0; i < CO_LENGTH(bad); i++) {
        const struct co_tls_options options = {
            .authorities = co_text_of(good.chain), .crls = co_text_of(bad[i])};
        CHECK_INT(co_tls_client(&tls, &options), CO_EINVALID);
        CHECK(strstr(co_explain(CO_EINVALID), "CRL"));
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pinned_key_is_asked_for_beside_the_chain),
        cmocka_unit_test(a_pinned_key_suffices_where_that_is_said),
        cmocka_unit_test(the_sentence_about_a_key_says_what_could_be_pinned),
        cmocka_unit_test(what_is_no_pin_is_refused),
        cmocka_unit_test(tls_1_3_can_be_demanded_by_either_side),
        cmocka_unit_test(a_server_that_would_renegotiate_is_refused_t01),
        cmocka_unit_test(a_session_is_resumed_with_its_host_alone_t03),
        cmocka_unit_test(no_session_crosses_trust_or_pins_t03),
        cmocka_unit_test(no_session_crosses_ports_t03),
        cmocka_unit_test(sessions_are_kept_for_the_latest_hosts_alone),
        cmocka_unit_test(either_side_can_do_without_sessions),
        cmocka_unit_test(keys_are_told_to_whom_wants_them),
        cmocka_unit_test(what_is_revoked_or_not_known_to_be_good_is_refused_t05),
        cmocka_unit_test(what_is_no_crl_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
