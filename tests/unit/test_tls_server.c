/* SPDX-License-Identifier: MIT */
/* What a server may ask of its clients and show them beside its certificate, and where it computes.
 */
#include "club_rig.h"
#include "falsify.h"

#include <openssl/ocsp.h>
#include <pthread.h>

static int certificates_are_asked_for(int version)
{
    static const struct paper papers[] = {
        {.subject = "old", FOR_CLIENTS, .ends = -60},
        {.subject = "server", .purpose = "serverAuth"},
        {.subject = "forger", FOR_CLIENTS, .forged = true},
    };
    static struct club club, other;
    struct identity own = identity_new("DNS:localhost", ANY_DAY);
    club_new(&club);
    club_new(&other);
    struct identity good = member(&club, &ann), stranger = member(&other, &ann);
    co_tls *asks = server_of(&own, CO_TLS_CLIENTS_ASKED, club.trusted);
    co_tls *requires = server_of(&own, CO_TLS_CLIENTS_REQUIRED, club.trusted);
    for (size_t i = 0; i < CO_LENGTH(papers); i++) {
        struct identity bad = member(&club, &papers[i]);
        CHECK_INT(visit_as(asks, &own, &bad, version).server, CO_ECERTIFICATE);
        CHECK_INT(visit_as(requires, &own, &bad, version).server, CO_ECERTIFICATE);
    }
    CHECK_INT(visit_as(asks, &own, &stranger, version).server, CO_ECERTIFICATE);
    CHECK_INT(visit_as(requires, &own, NULL, version).server, CO_ETLS);
    CHECK(visit_as(requires, &own, NULL, version).client < 0);
    struct visit nobody = visit_as(asks, &own, NULL, version);
    CHECK(nobody.server == 0 && nobody.client == 0 && nobody.peer[0] == '\0');
    CHECK(strcmp(visit_as(asks, &own, &good, version).peer, "ann") == 0);
    CHECK(strcmp(visit_as(requires, &own, &good, version).peer, "ann") == 0);
    co_tls_free(asks);
    co_tls_free(requires);
    forged_free(&club.authority);
    forged_free(&other.authority);
    return 0;
}

KERNEL_TEST(clients_show_certificates_where_they_are_asked_to)
{
    int rc = certificates_are_asked_for(TLS1_2_VERSION);
    return rc < 0 ? rc : certificates_are_asked_for(TLS1_3_VERSION);
}

KERNEL_TEST(clients_without_an_authority_cannot_be_asked)
{
    struct identity own = identity_new("DNS:localhost", ANY_DAY);
    const struct co_tls_certificate certificate = certificate_of(&own);
    struct co_tls_options options = {
        .certificates = &certificate, .certificate_count = 1, .clients = CO_TLS_CLIENTS_REQUIRED};
    co_tls *tls;
    CHECK_INT(co_tls_server(&tls, &options), CO_EINVALID);
    options.authorities = (co_text){own.chain, strlen(own.chain) - 40};
    CHECK_INT(co_tls_server(&tls, &options), CO_EINVALID);
    options.authorities = co_text_of("nothing");
    CHECK_INT(co_tls_server(&tls, &options), CO_EINVALID);
    return 0;
}

/* What is logged and compared is a name, or nothing. */
KERNEL_TEST(a_clients_name_is_all_of_it_or_none_t05)
{
    static const struct {
        struct paper paper;
        const char *name;
    } rows[] = {
        {{.subject = "ann\nbob", FOR_CLIENTS}, ""},
        {{.subject = "ann\x1b[2J", FOR_CLIENTS}, ""},
        {{.purpose = "clientAuth", .dns = {"ann\0.evil", 9}}, ""},
        {{.purpose = "clientAuth", .names = "IP:127.0.0.1,email:ann@a.example"}, "ann@a.example"},
        {{.subject = "ann", .purpose = "clientAuth", .names = "DNS:bob"}, "ann"},
    };
    static struct club club;
    struct identity own = identity_new("DNS:localhost", ANY_DAY);
    club_new(&club);
    co_tls *server = server_of(&own, CO_TLS_CLIENTS_REQUIRED, club.trusted);
    for (size_t i = 0; i < CO_LENGTH(rows); i++) {
        struct identity one = member(&club, &rows[i].paper);
        struct visit visit = visit_as(server, &own, &one, TLS1_3_VERSION);
        CHECK_INT(visit.server, 0);
        CHECK(strcmp(visit.peer, rows[i].name) == 0);
    }
    co_tls_free(server);
    forged_free(&club.authority);
    return 0;
}

/* Whoever is resumed shows no certificate again: it must have been judged by the same rules. */
KERNEL_TEST(a_session_is_resumed_under_the_same_demands_on_clients_alone_t03)
{
    static struct club club, other;
    struct identity own = identity_new("DNS:localhost", ANY_DAY);
    const struct co_tls_certificate certificate = certificate_of(&own);
    club_new(&club);
    club_new(&other);
    struct identity good = member(&club, &ann);
    for (size_t i = 0; i < CO_LENGTH(versions); i++) {
        co_tls *server = server_of(&own, CO_TLS_CLIENTS_REQUIRED, club.trusted);
        co_tls *client = client_of(&own, &good);
        SSL_CTX_set_max_proto_version(client->set->contexts[0], versions[i]);
        CHECK(!visit(server, client).resumed);
        struct visit again = visit(server, client);
        CHECK(again.resumed && strcmp(again.peer, "ann") == 0);
        CHECK_INT(co_tls_renew(server, &certificate, 1), 0); /* the authorities stay */
        CHECK(visit(server, client).resumed);
        CHECK_INT(
            co_tls_renew_trust(server, &certificate, 1, co_text_of(other.trusted), (co_text){0}),
            0);
        struct visit later = visit(server, client);
        CHECK(!later.resumed && later.server == CO_ECERTIFICATE);
        co_tls_free(server);
        co_tls_free(client);
    }
    forged_free(&club.authority);
    forged_free(&other.authority);
    return 0;
}

static struct paper passing_on(long seconds)
{
    return (struct paper){.subject = "ann", FOR_CLIENTS, .ends = seconds};
}

KERNEL_TEST(a_clients_session_ends_with_its_certificate_t03)
{
    static struct club club;
    const struct paper paper = passing_on(1800);
    struct identity own = identity_new("DNS:localhost", ANY_DAY);
    club_new(&club);
    struct identity passing = member(&club, &paper);
    for (size_t i = 0; i < CO_LENGTH(versions); i++) {
        co_tls *server = server_of(&own, CO_TLS_CLIENTS_REQUIRED, club.trusted);
        co_tls *client = client_of(&own, &passing);
        SSL_CTX_set_max_proto_version(client->set->contexts[0], versions[i]);
        CHECK(!visit(server, client).resumed);
        CHECK(life_of_ticket(client) > 1700 && life_of_ticket(client) <= 1800);
        CHECK(visit(server, client).resumed);
        CHECK(life_of_ticket(client) <= 1800);
        co_tls_free(server);
        co_tls_free(client);
    }
    forged_free(&club.authority);
    return 0;
}

/* Each resumption brings a ticket, but a day after the first handshake the last of them has ended.
 */
KERNEL_TEST(tickets_are_renewed_for_a_day_at_most_t03)
{
    struct identity own = identity_new("DNS:localhost", ANY_DAY);
    co_tls *server = server_of(&own, CO_TLS_CLIENTS_ANY, "");
    co_tls *client = client_of(&own, NULL);
    falsify()->wall = jumped_wall;
    calendar_jump = 0;
    CHECK(!visit(server, client).resumed);
    CHECK_INT(life_of_ticket(client), 7200);
    calendar_jump = 21 * HOUR;
    CHECK(visit(server, client).resumed);
    CHECK_INT(life_of_ticket(client), 7200);
    calendar_jump = 23 * HOUR + HOUR / 2;
    CHECK(visit(server, client).resumed);
    CHECK(life_of_ticket(client) > 1700 && life_of_ticket(client) <= 1800);
    calendar_jump = 25 * HOUR;
    CHECK(visit(server, client).resumed); /* OpenSSL's clock has not jumped */
    CHECK_INT(life_of_ticket(client), 1);
    falsify_end();
    co_tls_free(server);
    co_tls_free(client);
    return 0;
}

/* ---- names --------------------------------------------------------------------------------- */

KERNEL_TEST(names_that_are_not_here_are_refused_where_that_is_said)
{
    static const char *const hosts[] = {"localhost", "other", "127.0.0.1"};
    struct identity own = identity_new("DNS:localhost", ANY_DAY);
    const struct co_tls_certificate certificate = certificate_of(&own);
    for (int strict = 0; strict < 2; strict++)
        for (size_t i = 0; i < CO_LENGTH(hosts); i++) {
            const struct co_tls_options options = {
                .certificates = &certificate, .certificate_count = 1, .strict_names = strict};
            const struct co_tls_options trust = {.insecure = true};
            struct side server = {0}, client = {.host = hosts[i]};
            REQUIRE(co_tls_server(&server.tls, &options) == 0);
            REQUIRE(co_tls_client(&client.tls, &trust) == 0);
            REQUIRE(meet(&server, &client) == 0);
            CHECK_INT(client.result, strict && i > 0 ? CO_ETLS : 0);
            part(&server, &client);
        }
    return 0;
}

/* ---- stapling ------------------------------------------------------------------------------ */

struct word {
    int status;        /* V_OCSP_CERTSTATUS_ */
    long begins, ends; /* seconds from now */
    bool by_another;   /* who signs it */
};

/* What the authority says of a certificate, in DER. */
static void say(
    const struct word *word, const struct forged *authority, const X509 *own, struct co_buf *ret)
{
    struct forged other = forge(&(struct paper){0}, "club", NULL);
    const struct forged *signer = word->by_another ? &other : authority;
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(NULL, own, authority->x);
    ASN1_TIME *now = X509_gmtime_adj(NULL, word->begins), *next = X509_gmtime_adj(NULL, word->ends);
    OCSP_basic_add1_status(basic, id, word->status, 0, now, now, next);
    CHECK_INT(OCSP_basic_sign(basic, signer->x, signer->key, EVP_sha256(), NULL, 0), 1);
    OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    uint8_t *bytes = NULL;
    int size = i2d_OCSP_RESPONSE(response, &bytes);
    *ret = CO_BUF(16384);
    co_buf_add(ret, bytes, (size_t)size);
    OPENSSL_free(bytes);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(now);
    ASN1_TIME_free(next);
    forged_free(&other);
}

/* A server's own certificate, its authority, and another one of the same. */
struct shop {
    struct forged authority, own, other;
    char chain[8192], key[4096];
};

static void shop_new(struct shop *ret)
{
    static const struct paper usual = {.names = "DNS:localhost"};
    ret->authority = forge(&(struct paper){0}, "club", NULL);
    ret->own = forge(&usual, NULL, &ret->authority);
    ret->other = forge(&usual, NULL, &ret->authority);
    struct identity own = identity_of_forged(&ret->own);
    struct identity above = identity_of_forged(&ret->authority);
    snprintf(ret->chain, sizeof ret->chain, "%s%s", own.chain, above.chain);
    snprintf(ret->key, sizeof ret->key, "%s", own.key);
}

static void shop_free(struct shop *shop)
{
    forged_free(&shop->authority);
    forged_free(&shop->own);
    forged_free(&shop->other);
}

static int server_with(const struct shop *shop, co_text ocsp, co_tls **ret)
{
    const struct co_tls_certificate certificate = {
        .chain = co_text_of(shop->chain), .key = co_text_of(shop->key), .ocsp = ocsp};
    return co_tls_server(
        ret, &(struct co_tls_options){.certificates = &certificate, .certificate_count = 1});
}

/* The size of the response that a client is shown; -1: none. */
static long shown_by(co_tls *tls)
{
    const struct co_tls_options trust = {.insecure = true};
    struct side server = {.tls = tls}, client = {.host = "localhost"};
    const uint8_t *bytes;
    REQUIRE(co_tls_client(&client.tls, &trust) == 0);
    SSL_CTX_set_tlsext_status_type(client.tls->set->contexts[0], TLSEXT_STATUSTYPE_ocsp);
    REQUIRE(meet(&server, &client) == 0);
    CHECK_INT(client.result, 0);
    long size = SSL_get_tlsext_status_ocsp_resp(co_tls_layer_of(client.stream)->ssl, &bytes);
    part(&server, &client);
    return size;
}

KERNEL_TEST(what_the_authority_says_is_shown_until_it_expires)
{
    static const struct word good = {V_OCSP_CERTSTATUS_GOOD, -HOUR, ANY_DAY, false};
    static const struct word past = {V_OCSP_CERTSTATUS_GOOD, -2 * HOUR, -HOUR, false};
    static struct shop shop;
    struct co_buf response;
    co_tls *tls;
    shop_new(&shop);
    say(&good, &shop.authority, shop.own.x, &response);
    REQUIRE(server_with(&shop, co_buf_text(&response), &tls) == 0);
    CHECK_INT(shown_by(tls), (long)response.size);
    co_buf_free(&response);
    say(&past, &shop.authority, shop.own.x, &response);
    REQUIRE(server_with(&shop, co_buf_text(&response), &tls) == 0);
    CHECK_INT(shown_by(tls), -1);
    co_buf_free(&response);
    REQUIRE(server_with(&shop, (co_text){0}, &tls) == 0);
    CHECK_INT(shown_by(tls), -1);
    shop_free(&shop);
    return 0;
}

KERNEL_TEST(what_says_nothing_of_the_certificate_is_not_shown)
{
    static const struct {
        struct word word;
        const char *says;
    } rows[] = {
        {{V_OCSP_CERTSTATUS_GOOD, -HOUR, ANY_DAY, true}, "not signed"},
        {{V_OCSP_CERTSTATUS_UNKNOWN, -HOUR, ANY_DAY, false}, "revoked or unknown"},
    };
    static const struct word good = {V_OCSP_CERTSTATUS_GOOD, -HOUR, ANY_DAY, false};
    static struct shop shop;
    struct co_buf response;
    co_tls *tls;
    shop_new(&shop);
    for (size_t i = 0; i < CO_LENGTH(rows); i++) {
        say(&rows[i].word, &shop.authority, shop.own.x, &response);
        CHECK_INT(server_with(&shop, co_buf_text(&response), &tls), CO_EINVALID);
        CHECK(strstr(co_explain(CO_EINVALID), rows[i].says) != NULL);
        co_buf_free(&response);
    }
    say(&good, &shop.authority, shop.other.x, &response);
    CHECK_INT(server_with(&shop, co_buf_text(&response), &tls), CO_EINVALID);
    CHECK(strstr(co_explain(CO_EINVALID), "another certificate") != NULL);
    CHECK_INT(server_with(&shop, (co_text){response.at, 40}, &tls), CO_EINVALID);
    CHECK(strstr(co_explain(CO_EINVALID), "cannot be read") != NULL);
    co_buf_free(&response);
    shop_free(&shop);
    return 0;
}

/* ---- where it computes --------------------------------------------------------------------- */

/* The secrets of a handshake are told by the thread that computes it. */
static void note_thread(void *arg, const char *line)
{
    (void)line;
    *(pthread_t *)arg = pthread_self();
}

/* A handshake of sides with these options. */
static void hands_shaken(const struct co_tls_options *server_options,
    const struct co_tls_options *client_options, int version, char *groups)
{
    struct side server = {0}, client = {.host = "localhost"};
    char c = 'x';
    CHECK_INT(co_tls_server(&server.tls, server_options), 0);
    CHECK_INT(co_tls_client(&client.tls, client_options), 0);
    SSL_CTX_set_max_proto_version(client.tls->set->contexts[0], version);
    if (groups)
        SSL_CTX_set1_groups_list(client.tls->set->contexts[0], groups);
    CHECK_INT(meet(&server, &client), 0);
    CHECK_INT(server.result, 0);
    CHECK_INT(co_write(server.stream, &c, 1), 0);
    CHECK_INT(co_read(client.stream, &c, 1), 1);
    part(&server, &client);
}

static const struct co_tls_options believes = {.insecure = true};

/* Is a handshake with these certificates and groups computed by the thread that the fibers run in?
 */
static bool computes_inline(
    const struct co_tls_certificate *certificates, unsigned count, int version, char *groups)
{
    pthread_t thread = pthread_self();
    const struct co_tls_options options = {.certificates = certificates,
        .certificate_count = count,
        .key_log = note_thread,
        .key_log_arg = &thread};
    hands_shaken(&options, &believes, version, groups);
    return pthread_equal(thread, pthread_self());
}

static bool is_inline(EVP_PKEY *key, EVP_PKEY *beside, int version)
{
    EVP_PKEY_up_ref(key); /* identity_of ends it */
    struct identity own = identity_of(key, "DNS:localhost", ANY_DAY), second = own;
    if (beside && EVP_PKEY_up_ref(beside))
        second = identity_of(beside, "DNS:localhost", ANY_DAY);
    const struct co_tls_certificate both[] = {certificate_of(&own), certificate_of(&second)};
    return computes_inline(both, beside ? 2 : 1, version, NULL);
}

KERNEL_TEST(slow_signatures_do_not_hold_the_loop)
{
    EVP_PKEY *p256 = EVP_EC_gen("P-256"), *p384 = EVP_EC_gen("P-384");
    EVP_PKEY *rsa = EVP_RSA_gen(2048), *large = EVP_RSA_gen(3072);
    EVP_PKEY *ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    const struct {
        EVP_PKEY *key, *beside;
        bool is_inline;
    } rows[] = {
        {p256, NULL, true},
        {ed25519, NULL, true},
        {rsa, NULL, true},
        {rsa, p256, true},
        {large, NULL, false},
        {p256, large, false},
        {p384, NULL, false},
    };
    for (size_t i = 0; i < CO_LENGTH(rows) * CO_LENGTH(versions); i++) {
        size_t row = i / CO_LENGTH(versions);
        CHECK(is_inline(rows[row].key, rows[row].beside, versions[i % CO_LENGTH(versions)]) ==
              rows[row].is_inline);
    }
    EVP_PKEY_free(p256);
    EVP_PKEY_free(p384);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(large);
    EVP_PKEY_free(ed25519);
    return 0;
}

KERNEL_TEST(slow_agreements_do_not_hold_the_loop)
{
    static char slow[] = "P-384:X25519", alone[] = "P-384", fast[] = "X25519:P-384",
                older[] = "P-384:P-256";
    struct identity own = identity_new("DNS:localhost", ANY_DAY);
    const struct co_tls_certificate one = certificate_of(&own);
    CHECK(!computes_inline(&one, 1, TLS1_3_VERSION, slow));
    CHECK(!computes_inline(&one, 1, TLS1_3_VERSION, alone));
    CHECK(computes_inline(&one, 1, TLS1_3_VERSION, fast));
    CHECK(computes_inline(&one, 1, TLS1_2_VERSION, older)); /* there the server prefers */
    return 0;
}

/* Neither what a server makes of its clients' certificates, nor a client of its server's. */
KERNEL_TEST(checks_of_certificates_do_not_hold_the_loop)
{
    struct identity own = identity_new("DNS:localhost", ANY_DAY);
    const struct co_tls_certificate one = certificate_of(&own);
    for (size_t i = 0; i < CO_LENGTH(versions); i++) {
        pthread_t server = pthread_self(), client = server;
        const struct co_tls_options asks = {.certificates = &one,
            .certificate_count = 1,
            .clients = CO_TLS_CLIENTS_ASKED,
            .authorities = one.chain,
            .key_log = note_thread,
            .key_log_arg = &server};
        const struct co_tls_options trusts = {
            .authorities = one.chain, .key_log = note_thread, .key_log_arg = &client};
        hands_shaken(&asks, &trusts, versions[i], NULL);
        CHECK(!pthread_equal(server, pthread_self()));
        CHECK(!pthread_equal(client, pthread_self()));
    }
    return 0;
}

/* What fails there is told as if it had failed here. */
KERNEL_TEST(what_fails_off_the_loop_is_told_all_the_same)
{
    struct identity own = identity_of(EVP_RSA_gen(3072), "DNS:localhost", ANY_DAY);
    static const char *const http[] = {"http/1.1", NULL}, *const ftp[] = {"ftp", NULL};
    struct side server = {0}, client = {.host = "localhost"};
    REQUIRE(sides_new(&own, http, ftp, &server.tls, &client.tls) == 0);
    REQUIRE(meet(&server, &client) == 0);
    CHECK_INT(server.result, CO_ETLS);
    CHECK_INT(client.result, CO_ETLS);
    part(&server, &client);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_show_certificates_where_they_are_asked_to),
        cmocka_unit_test(clients_without_an_authority_cannot_be_asked),
        cmocka_unit_test(a_clients_name_is_all_of_it_or_none_t05),
        cmocka_unit_test(a_session_is_resumed_under_the_same_demands_on_clients_alone_t03),
        cmocka_unit_test(a_clients_session_ends_with_its_certificate_t03),
        cmocka_unit_test(tickets_are_renewed_for_a_day_at_most_t03),
        cmocka_unit_test(names_that_are_not_here_are_refused_where_that_is_said),
        cmocka_unit_test(what_the_authority_says_is_shown_until_it_expires),
        cmocka_unit_test(what_says_nothing_of_the_certificate_is_not_shown),
        cmocka_unit_test(slow_signatures_do_not_hold_the_loop),
        cmocka_unit_test(slow_agreements_do_not_hold_the_loop),
        cmocka_unit_test(checks_of_certificates_do_not_hold_the_loop),
        cmocka_unit_test(what_fails_off_the_loop_is_told_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
