/* SPDX-License-Identifier: MIT */
/* Certificates that a client must refuse, each beside one that differs in nothing else and is good
 * (attacks T05, T07). */
#include "forge.h"

static struct plain_server server;
static struct side client;

/* What a client makes of such a world, and in *ret_says the sentence. */
static int verdict(const struct world *world, char *ret_says, size_t size)
{
    char trusted[8192];
    SSL_CTX *context = world_make(world, trusted, sizeof trusted);
    const struct co_tls_options trust = {.authorities = co_text_of(trusted)};
    co_stream *far;
    client = (struct side){.host = world->host ? world->host : "a.example"};
    REQUIRE(co_tls_client(&client.tls, &trust) == 0);
    REQUIRE(co_memory_pair(&client.stream, &far, MEMORY_ROOM * 4) == 0);
    plain_new(&server, context, far);
    co_group group;
    co_group_open(&group, &(struct co_group_options){.timeout_ms = 20000});
    co_go(&group, plain_run, &server);
    client.result = co_tls_connect(client.stream, client.tls, client.host);
    snprintf(ret_says, size, "%s", co_explain(client.result));
    co_abort(client.stream);
    CHECK_INT(co_group_close(&group), 0);
    SSL_free(server.ssl);
    SSL_CTX_free(context);
    co_abort(far);
    co_tls_free(client.tls);
    return client.result;
}

struct couple {
    const char *what;
    struct world bad, good;
    const char *says; /* part of the sentence about the bad one */
};

#define BYTES(text)                                                                                \
 {                                                                                                 \
  text, sizeof(text) - 1                                                                           \
 }

static const struct couple couples[] = {
    {"it has expired", .bad.own.ends = -60, .says = "certificate has expired"},
    {"it is not valid yet", .bad.own.begins = HOUR, .says = "certificate is not yet valid"},
    {"one above it has expired", .bad.middle.ends = -60, .says = "certificate has expired"},
    {"its authority has expired", .bad.root.ends = -60, .says = "certificate has expired"},
    {"for another name", .bad.host = "b.example", .says = "hostname mismatch"},
    {"for a name below", .bad.own.names = "DNS:www.a.example", .says = "hostname mismatch"},
    {"NUL in its name", .bad.own.dns = BYTES("a.example\0.evil.example"),
        .good.own.dns = BYTES("a.example"), .says = "hostname mismatch"},
    {"no name", .bad.own.dns = BYTES(""), .says = "hostname mismatch"},
    {"dot after its name", .bad.own.dns = BYTES("a.example."), .good.host = "a.example.",
        .says = "hostname mismatch"},
    {"dot before its name", .bad.own.dns = BYTES(".example"),
        .good.own.dns = BYTES("*.example.org"), .good.host = "a.example.org",
        .says = "hostname mismatch"},
    {"wildcard for two labels", .bad.own.names = "DNS:*.example.org", .bad.host = "x.y.example.org",
        .good.own.names = "DNS:*.example.org", .good.host = "y.example.org",
        .says = "hostname mismatch"},
    {"wildcard for no label", .bad.own.names = "DNS:*.example.org", .bad.host = "example.org",
        .good.own.names = "DNS:*.example.org", .good.host = "X.Example.ORG",
        .says = "hostname mismatch"},
    {"partial wildcard", .bad.own.names = "DNS:w*.example.org", .bad.host = "www.example.org",
        .good.own.names = "DNS:*.example.org", .good.host = "www.example.org",
        .says = "hostname mismatch"},
    {"partial wildcard of a name beyond ASCII", .bad.own.names = "DNS:x*.example.org",
        .bad.host = "xn--bcher-kva.example.org", .good.own.names = "DNS:*.example.org",
        .good.host = "xn--bcher-kva.example.org", .says = "hostname mismatch"},
    {"wildcard within", .bad.own.names = "DNS:www.*.org", .bad.host = "www.example.org",
        .good.own.names = "DNS:www.example.org", .good.host = "www.example.org",
        .says = "hostname mismatch"},
    {"wildcard for a whole domain", .bad.own.names = "DNS:*.org", .bad.host = "example.org",
        .good.own.names = "DNS:example.org", .good.host = "example.org",
        .says = "hostname mismatch"},
    {"wildcard alone", .bad.own.names = "DNS:*", .bad.host = "localhost",
        .good.own.names = "DNS:localhost", .good.host = "localhost", .says = "hostname mismatch"},
    {"wildcard for addresses", .bad.own.dns = BYTES("*.0.0.1"), .bad.host = "127.0.0.1",
        .good.own.names = "IP:127.0.0.1", .good.host = "127.0.0.1", .says = "IP address mismatch"},
    {"address as a name", .bad.own.dns = BYTES("127.0.0.1"), .bad.host = "127.0.0.1",
        .good.own.names = "IP:127.0.0.1,DNS:127.0.0.1", .good.host = "127.0.0.1",
        .says = "IP address mismatch"},
    {"address as a common name", .bad.own.subject = "127.0.0.1", .bad.host = "127.0.0.1",
        .good.own.names = "IP:127.0.0.1", .good.host = "127.0.0.1", .says = "IP address mismatch"},
    {"another address", .bad.own.names = "IP:127.0.0.1", .bad.host = "127.0.0.2",
        .good.own.names = "IP:127.0.0.1,IP:127.0.0.2", .good.host = "127.0.0.2",
        .says = "IP address mismatch"},
    {"address of another family", .bad.own.names = "IP:127.0.0.1", .bad.host = "::ffff:127.0.0.1",
        .good.own.names = "IP:::1", .good.host = "::1%lo", .says = "IP address mismatch"},
    {"address of the other family", .bad.own.names = "IP:::ffff:127.0.0.1", .bad.host = "127.0.0.1",
        .good.own.names = "IP:127.0.0.1", .good.host = "127.0.0.1", .says = "IP address mismatch"},
    {"common name alone", .bad.own = {.subject = "a.example", .names = ""},
        .good.own.subject = "a.example", .says = "hostname mismatch"},
    {"common name beside an address", .bad.own = {.subject = "a.example", .names = "IP:127.0.0.1"},
        .good.own = {.subject = "b.example", .names = "DNS:a.example"},
        .says = "hostname mismatch"},
    {"name as a URI", .bad.own.names = "URI:https://a.example",
        .good.own.names = "URI:https://b.example,DNS:a.example", .says = "hostname mismatch"},
    {"name as a mail address", .bad.own.names = "email:root@a.example",
        .good.own.names = "email:root@b.example,DNS:a.example", .says = "hostname mismatch"},
    {"for clients", .bad.own.purpose = "clientAuth", .good.own.purpose = "clientAuth,serverAuth",
        .says = "unsuitable certificate purpose"},
    {"for signing code", .bad.own.purpose = "codeSigning",
        .says = "unsuitable certificate purpose"},
    {"its authority is for clients", .bad.middle.purpose = "clientAuth",
        .good.middle.purpose = "clientAuth,serverAuth", .says = "unsuitable certificate purpose"},
    {"key for agreement on certificates", .bad.own.usage = "critical,keyCertSign",
        .good.own.usage = "critical,digitalSignature", .says = "unsuitable certificate purpose"},
    {"signed by no authority", .bad.middle.basic = "critical,CA:FALSE",
        .says = "invalid CA certificate"},
    {"signed by who is none by its constraints", .bad.middle.basic = "",
        .says = "invalid CA certificate"},
    {"signed by who may not sign", .bad.middle.usage = "critical,digitalSignature",
        .good.middle.usage = "critical,digitalSignature,keyCertSign",
        .says = "invalid CA certificate"},
    {"signed under version 1", .bad.middle.version_1 = true, .good.root.version_1 = true,
        .says = "invalid CA certificate"},
    {"chain too long for its root", .bad.root.basic = "critical,CA:TRUE,pathlen:0",
        .good.root.basic = "critical,CA:TRUE,pathlen:1", .says = "path length constraint exceeded"},
    {"signed by itself", .bad.alone = true, .good = {.alone = true, .believed = true},
        .says = "self-signed certificate"},
    {"signed by a stranger", .bad.stranger = true, .says = "certificate"},
    {"missing one in the middle", .bad.hidden = true,
        .says = "unable to get local issuer certificate"},
    {"MD5", .bad = {.middle.rsa_bits = 2048, .own.digest = EVP_md5},
        .good = {.middle.rsa_bits = 2048, .own.digest = EVP_sha384}, .says = "too weak"},
    {"SHA-1", .bad.own.digest = EVP_sha1, .good.own.digest = EVP_sha512, .says = "too weak"},
    {"SHA-1 above", .bad.middle.digest = EVP_sha1, .good.middle.digest = EVP_sha384,
        .says = "too weak"},
    {"RSA of 512 bits", .bad.own.rsa_bits = 512, .good.own.rsa_bits = 2048, .says = "too weak"},
    {"RSA of 1024 bits", .bad.own.rsa_bits = 1024, .says = "too weak"},
    {"RSA of 1024 bits above", .bad.middle.rsa_bits = 1024, .good.middle.rsa_bits = 2048,
        .says = "too weak"},
    {"not within the names allowed", .bad.root.limits = "critical,permitted;DNS:b.example",
        .good.root.limits = "critical,permitted;DNS:a.example",
        .says = "permitted subtree violation"},
    {"within the names forbidden", .bad.middle.limits = "critical,excluded;DNS:example",
        .good.middle.limits = "critical,excluded;DNS:org", .says = "excluded subtree violation"},
    {"within the addresses forbidden",
        .bad = {.own.names = "IP:127.0.0.1",
            .host = "127.0.0.1",
            .root.limits = "critical,excluded;IP:127.0.0.0/255.0.0.0"},
        .good = {.own.names = "IP:127.0.0.1",
            .host = "127.0.0.1",
            .root.limits = "critical,permitted;IP:127.0.0.0/255.0.0.0"},
        .says = "excluded subtree violation"},
    {"critical and unknown", .bad.own.strange = "critical,DER:0500", .good.own.strange = "DER:0500",
        .says = "unhandled critical extension"},
    {"critical and unknown above", .bad.middle.strange = "critical,DER:0500",
        .good.middle.strange = "DER:0500", .says = "unhandled critical extension"},
    {"signature of another key", .bad.own.forged = true, .says = "certificate signature failure"},
    {"signature of another key above", .bad.middle.forged = true,
        .says = "certificate signature failure"},
    {"RSA of 16,384 bits in the chain (T07)", .bad.extra_bits = 16384, .good.extra_bits = 8192,
        .says = "a key of 16384 bits"},
    {"chain of thirteen (T07)", .bad.extras = 11, .good.extras = 8,
        .says = "a chain of 13 certificates"},
};

KERNEL_TEST(bad_certificates_are_refused_and_their_good_twins_are_not_t05)
{
    char says[1024];
    for (size_t i = 0; i < CO_LENGTH(couples); i++) {
        const struct couple *couple = &couples[i];
        int before = atomic_load(&check_failures);
        CHECK_INT(verdict(&couple->bad, says, sizeof says), CO_ECERTIFICATE);
        CHECK(strstr(says, couple->says) != NULL);
        if (atomic_load(&check_failures) > before)
            fprintf(stderr, "  ... %s: %s\n", couple->what, says);
        before = atomic_load(&check_failures);
        CHECK_INT(verdict(&couple->good, says, sizeof says), 0);
        if (atomic_load(&check_failures) > before)
            fprintf(stderr, "  ... the good twin of: %s: %s\n", couple->what, says);
    }
    return 0;
}

KERNEL_TEST(more_bytes_of_certificates_than_anybody_needs_are_refused_t07)
{
    char says[1024];
    const struct world bad = {.extras = 8, .extra_bytes = 9000};
    const struct world good = {.extras = 8, .extra_bytes = 5000};
    CHECK_INT(verdict(&bad, says, sizeof says), CO_ETLS);
    CHECK(strstr(says, "excessive message size") != NULL);
    CHECK_INT(verdict(&good, says, sizeof says), 0);
    return 0;
}

/* What would be all names to OpenSSL, or an address to others, is none. */
KERNEL_TEST(a_host_that_is_no_name_is_refused_t05)
{
    static const char *const hosts[] = {"", ".", "..", ".example", "a..example", "a.example..",
        "*.example", "a.example:443", "a.example\n", "a.example/", "0x7f.1", "127.1", "0177.0.0.1",
        "127.0.0.1.", "[::1]", "a.example%lo", "b\xc3\xbc.example"};
    char says[1024];
    for (size_t i = 0; i < CO_LENGTH(hosts); i++) {
        const struct world world = {.host = hosts[i]};
        int before = atomic_load(&check_failures);
        CHECK_INT(verdict(&world, says, sizeof says), CO_EINVALID);
        if (atomic_load(&check_failures) > before)
            fprintf(stderr, "  ... %s\n", hosts[i]);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_certificates_are_refused_and_their_good_twins_are_not_t05),
        cmocka_unit_test(more_bytes_of_certificates_than_anybody_needs_are_refused_t07),
        cmocka_unit_test(a_host_that_is_no_name_is_refused_t05),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
