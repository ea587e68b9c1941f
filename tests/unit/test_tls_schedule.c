/* SPDX-License-Identifier: MIT */
/* The key schedule of TLS 1.3 beside OpenSSL's own, and handshakes by it. */
#include "tls_rig.h"

#include "tls/layer.h"
#include "tls/library.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXTRACT EVP_KDF_HKDF_MODE_EXTRACT_ONLY
#define EXPAND  EVP_KDF_HKDF_MODE_EXPAND_ONLY

#define OUT_MAX 128

struct derivation {
    int mode;
    const char *digest;
    struct piece {
        const void *at; /* NULL: it is not told */
        size_t size;
    } key, salt, label, context;
    size_t size; /* of what is wanted */
};

static void tell(OSSL_PARAM **at, const char *name, struct piece piece)
{
    if (piece.at)
        *(*at)++ = OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)piece.at, piece.size);
}

/* As libssl asks for it. */
static bool derive(EVP_KDF *kdf, const struct derivation *derivation, uint8_t ret[OUT_MAX])
{
    OSSL_PARAM given[8], *at = given;
    int mode = derivation->mode;
    char digest[32];
    snprintf(digest, sizeof digest, "%s", derivation->digest);
    *at++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
    *at++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
    tell(&at, OSSL_KDF_PARAM_KEY, derivation->key);
    tell(&at, OSSL_KDF_PARAM_SALT, derivation->salt);
    tell(&at, OSSL_KDF_PARAM_PREFIX, (struct piece){"tls13 ", 6});
    tell(&at, OSSL_KDF_PARAM_LABEL, derivation->label);
    tell(&at, OSSL_KDF_PARAM_DATA, derivation->context);
    *at = OSSL_PARAM_construct_end();
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    int rc = EVP_KDF_derive(context, ret, derivation->size, given);
    EVP_KDF_CTX_free(context);
    return rc == 1;
}

/* Our schedule, and OpenSSL's. */
static EVP_KDF *ours(void)
{
    struct co_tls_library library = co_tls_library();
    return EVP_KDF_fetch(library.context, "TLS13-KDF", library.preferences);
}

static EVP_KDF *theirs(void)
{
    return EVP_KDF_fetch(NULL, "TLS13-KDF", NULL);
}

static void check(const struct derivation *derivation, const char *expected)
{
    uint8_t out[OUT_MAX];
    char text[2 * OUT_MAX + 1] = "";
    EVP_KDF *kdf = ours();
    assert_true(derive(kdf, derivation, out));
    for (size_t i = 0; i < derivation->size; i++)
        snprintf(text + 2 * i, 3, "%02x", out[i]);
    assert_string_equal(text, expected);
    EVP_KDF_free(kdf);
}

/* First of all: what is configured is looked at once. */
static void where_others_are_configured_they_alone_are_used(void **state)
{
    static const char text[] = "openssl_conf = all\n[all]\nproviders = list\n[list]\n"
                               "default = on\nbase = on\n[on]\nactivate = 1\n";
    int status;
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        char path[64];
        int file = memfd_create("conf", 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
        bool good = write(file, text, sizeof text - 1) > 0 && setenv("OPENSSL_CONF", path, 1) == 0;
        struct co_tls_library library = co_tls_library();
        _exit(good && !library.context && !library.preferences ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void the_schedule_is_ours_and_all_else_is_openssls(void **state)
{
    struct co_tls_library library = co_tls_library();
    EVP_KDF *kdf = ours();
    EVP_MD *digest = EVP_MD_fetch(library.context, "SHA2-256", library.preferences);
    (void)state;
    assert_non_null(library.context);
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)), "coronet");
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_MD_get0_provider(digest)), "default");
    EVP_KDF_free(kdf);
    kdf = theirs();
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)), "default");
    EVP_KDF_free(kdf);
    EVP_MD_free(digest);
}

/* RFC 8448 3. */
static void derives_the_secrets_of_rfc8448(void **state)
{
    static const uint8_t early[] = {0x33, 0xad, 0x0a, 0x1c, 0x60, 0x7e, 0xc0, 0x3b, 0x09, 0xe6,
        0xcd, 0x98, 0x93, 0x68, 0x0c, 0xe2, 0x10, 0xad, 0xf3, 0x00, 0xaa, 0x1f, 0x26, 0x60, 0xe1,
        0xb2, 0x2e, 0x10, 0xf1, 0x70, 0xf9, 0x2a};
    static const uint8_t shared[] = {0x8b, 0xd4, 0x05, 0x4f, 0xb5, 0x5b, 0x9d, 0x63, 0xfd, 0xfb,
        0xac, 0xf9, 0xf0, 0x4b, 0x9f, 0x0d, 0x35, 0xe6, 0xd6, 0x3f, 0x53, 0x75, 0x63, 0xef, 0xd4,
        0x62, 0x72, 0x90, 0x0f, 0x89, 0x49, 0x2d};
    static const uint8_t traffic[] = {0xb3, 0xed, 0xdb, 0x12, 0x6e, 0x06, 0x7f, 0x35, 0xa7, 0x80,
        0xb3, 0xab, 0xf4, 0x5e, 0x2d, 0x8f, 0x3b, 0x1a, 0x95, 0x07, 0x38, 0xf5, 0x2e, 0x96, 0x00,
        0x74, 0x6a, 0x0e, 0x27, 0xa5, 0x5a, 0x21};
    (void)state;
    check(&(struct derivation){EXTRACT, "SHA256", .label = {"derived", 7}, .size = 32},
        "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a");
    check(&(struct derivation){EXTRACT, "SHA256", .key = {shared, sizeof shared},
              .salt = {early, sizeof early}, .label = {"derived", 7}, .size = 32},
        "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac");
    check(&(struct derivation){EXPAND, "SHA256", .key = {traffic, sizeof traffic},
              .label = {"key", 3}, .size = 16},
        "dbfaa693d1762c5b666af5d950258d01");
    check(&(struct derivation){EXPAND, "SHA256", .key = {traffic, sizeof traffic},
              .label = {"iv", 2}, .size = 12},
        "5bd3c71b836e0b76bb73265f");
}

/* Whatever libssl may ask for: any label and context, secrets that are there or not. */
static void derives_what_openssls_own_does(void **state)
{
    static const char *const digests[] = {"SHA256", "SHA2-256", "SHA384", "SHA2-384"};
    static const char label[] = "resumption master and then some, of any size that there is";
    uint8_t bytes[3][OUT_MAX], out[2][OUT_MAX];
    EVP_KDF *kdfs[] = {ours(), theirs()};
    (void)state;
    for (unsigned i = 0; i < 4000; i++) {
        size_t hash = i % 4 < 2 ? 32 : 48;
        bool extracts = i % 3 == 0;
        RAND_bytes(bytes[0], sizeof bytes);
        size_t draw = bytes[2][0];
        struct derivation derivation = {.mode = extracts ? EXTRACT : EXPAND,
            .digest = digests[i % 4],
            .key = {extracts && draw % 5 == 0 ? NULL : bytes[0], extracts ? 32 + draw % 64 : hash},
            .salt = {extracts && draw % 7 == 0 ? NULL : bytes[1], hash},
            .label = {extracts ? "derived" : label, extracts ? 7 : 1 + draw % (sizeof label - 1)},
            .context = {extracts || draw % 4 == 0 ? NULL : bytes[1], hash},
            .size = extracts ? hash : 1 + draw % hash};
        for (unsigned k = 0; k < 2; k++)
            assert_true(derive(kdfs[k], &derivation, out[k]));
        assert_memory_equal(out[0], out[1], derivation.size);
    }
    for (unsigned k = 0; k < 2; k++)
        EVP_KDF_free(kdfs[k]);
}

static void refuses_what_tls_never_asks_for(void **state)
{
    static const uint8_t bytes[512];
    uint8_t out[OUT_MAX];
    const struct derivation good = {
        EXPAND, "SHA256", .key = {bytes, 32}, .label = {bytes, 3}, .size = 32};
    struct derivation bad[7];
    EVP_KDF *kdf = ours();
    (void)state;
    for (unsigned i = 0; i < CO_LENGTH(bad); i++)
        bad[i] = good;
    bad[0].mode = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND;
    bad[1].digest = "SHA1";
    bad[2].key.size = 49;
    bad[3].label.size = 250; /* with its prefix */
    bad[4].context = (struct piece){bytes, 256};
    bad[5].size = 33;
    bad[6] = (struct derivation){EXTRACT, "SHA256", .label = {bytes, 3}, .size = 31};
    assert_true(derive(kdf, &good, out));
    for (unsigned i = 0; i < CO_LENGTH(bad); i++)
        assert_false(derive(kdf, &bad[i], out));
    EVP_KDF_free(kdf);
}

/* Each on sides of its own: an OpenSSL server that is offered a session of another hash gives no
 * ticket for the new one. */
static int shakes_hands_and_resumes(const struct identity *identity, const char *suite)
{
    struct side server = {0}, client = {.host = "localhost"};
    REQUIRE(sides_new(identity, NULL, NULL, &server.tls, &client.tls) == 0);
    SSL_CTX_set_ciphersuites(client.tls->set->contexts[0], suite);
    for (int resumed = 0; resumed <= 1; resumed++) {
        struct co_tls_info info;
        char c = 'x';
        REQUIRE(meet(&server, &client) == 0 && server.result == 0 && client.result == 0);
        CHECK_INT(co_write(server.stream, &c, 1), 0);
        CHECK_INT(co_read(client.stream, &c, 1), 1);
        CHECK_INT(co_tls_info(server.stream, &info), 0);
        CHECK_STRING(info.cipher, suite);
        CHECK_INT(info.resumed, resumed);
        CHECK_INT(co_close(client.stream), 0);
        CHECK_INT(co_close(server.stream), 0);
    }
    co_tls_free(server.tls);
    co_tls_free(client.tls);
    return 0;
}

KERNEL_TEST(every_suite_shakes_hands_and_resumes)
{
    static const char *const suites[] = {
        "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"};
    struct identity identity = identity_new("DNS:localhost", 86400);
    for (unsigned i = 0; i < CO_LENGTH(suites); i++)
        REQUIRE(shakes_hands_and_resumes(&identity, suites[i]) == 0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_others_are_configured_they_alone_are_used),
        cmocka_unit_test(the_schedule_is_ours_and_all_else_is_openssls),
        cmocka_unit_test(derives_the_secrets_of_rfc8448),
        cmocka_unit_test(derives_what_openssls_own_does),
        cmocka_unit_test(refuses_what_tls_never_asks_for),
        cmocka_unit_test(every_suite_shakes_hands_and_resumes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
