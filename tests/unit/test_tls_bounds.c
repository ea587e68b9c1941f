/* SPDX-License-Identifier: MIT */
/* Peers that keep TLS busy and say nothing: handshakes without end, records without data; and what
 * those cost who are idle, or do not read. */
#include "tls_rig.h"

#include "tls/layer.h"

#include <malloc.h>
#include <openssl/hmac.h>

#define DAY        86400
#define HELLO_MAX  131390 /* bytes: the longest hello that OpenSSL would wait for */
#define EMPTY_MAX  32     /* records without data in a row: OpenSSL's bound */
#define HEAD_BYTES 5

/* ---- before the handshake is done ---------------------------------------------------------- */

static int say_without_end(void *arg)
{
    uint8_t record[HEAD_BYTES + 16384] = {22, 3, 1, 0x40, 0, 1, (uint8_t)(HELLO_MAX >> 16),
        (uint8_t)(HELLO_MAX >> 8), (uint8_t)HELLO_MAX};
    int rc = co_write(arg, record, sizeof record);
    memset(record + HEAD_BYTES, 0, 4);
    for (int i = 0; rc == 0 && i < 20; i++)
        rc = co_write(arg, record, sizeof record);
    return 0;
}

KERNEL_TEST(a_handshake_of_more_bytes_than_anybody_needs_is_cut_t07)
{
    struct identity identity = identity_new("DNS:localhost", DAY);
    co_stream *a, *b;
    co_tls *server, *client;
    REQUIRE(sides_new(&identity, NULL, NULL, &server, &client) == 0);
    REQUIRE(co_memory_pair(&a, &b, MEMORY_ROOM) == 0);
    co_group group;
    co_group_open(&group, &(struct co_group_options){.timeout_ms = 20000});
    co_go(&group, say_without_end, a);
    CHECK_INT(co_tls_accept(b, server), CO_ETLS);
    CHECK(strstr(co_explain(CO_ETLS), "without end") != NULL);
    co_abort(b);
    CHECK_INT(co_group_close(&group), 0);
    co_abort(a);
    co_tls_free(server);
    co_tls_free(client);
    return 0;
}

/* ---- handshakes that are over -----------------------------------------------------------------
 */

/* The server has given up when the client's hello comes: it is not answered by whoever closes. */
FIBER_TEST(a_handshake_that_was_given_up_is_not_gone_on_with_t07)
{
    static const char *const alpn[] = {"one", NULL};
    struct identity identity = identity_new("DNS:localhost", 86400);
    struct side server = {0}, client = {.host = "localhost"};
    co_group group;
    char byte;
    REQUIRE(sides_new(&identity, alpn, alpn, &server.tls, &client.tls) == 0);
    REQUIRE(co_memory_pair(&client.stream, &server.stream, MEMORY_ROOM) == 0);
    for (int reads = 0; reads < 2; reads++) {
        co_scope scope;
        co_scope_open(&scope, 1);
        CHECK_INT(co_tls_accept(server.stream, server.tls), CO_EDEADLINE);
        co_scope_close(&scope);
        co_group_open(&group, NULL);
        co_go(&group, side_run, &client);
        co_sleep(1);
        CHECK(!co_tls_is_on(server.stream));
        if (reads) {
            co_scope_open(&scope, 1);
            CHECK(co_read(server.stream, &byte, 1) < 0);
            co_scope_close(&scope);
        }
        CHECK_INT(co_close(server.stream), 0);
        CHECK_INT(co_group_close(&group), 0);
        CHECK(client.result < 0);
        co_abort(client.stream);
        if (reads == 0)
            REQUIRE(co_memory_pair(&client.stream, &server.stream, MEMORY_ROOM) == 0);
    }
    co_tls_free(server.tls);
    co_tls_free(client.tls);
    return 0;
}

/* ---- records of our own -------------------------------------------------------------------- */

/* What a TLS 1.3 client encrypts by (RFC 8446 7.3), with AES-128-GCM. */
struct writer {
    uint8_t secret[32], key[16], iv[12];
    uint64_t next;
};

/* From the key log: "CLIENT_TRAFFIC_SECRET_0 RANDOM SECRET". */
static void note_secret(void *arg, const char *line)
{
    struct writer *writer = arg;
    if (strncmp(line, "CLIENT_TRAFFIC_SECRET_0 ", 24) != 0)
        return;
    const char *secret = strrchr(line, ' ') + 1;
    for (size_t i = 0; i < sizeof writer->secret; i++) {
        unsigned byte;
        sscanf(secret + 2 * i, "%2x", &byte);
        writer->secret[i] = (uint8_t)byte;
    }
}

static void derive(const struct writer *writer, const char *label, uint8_t *ret, uint8_t size)
{
    uint8_t info[64] = {0, size, (uint8_t)(6 + strlen(label))}, digest[32];
    int length = 3 + snprintf((char *)info + 3, sizeof info - 3, "tls13 %s", label);
    info[length++] = 0; /* no context */
    info[length++] = 1; /* the first block of HKDF */
    HMAC(EVP_sha256(), writer->secret, sizeof writer->secret, info, (size_t)length, digest, NULL);
    memcpy(ret, digest, size);
}

/* One record of `size` bytes of data and as many of padding as make it `all`. */
static void record_send(struct writer *writer, co_stream *stream, size_t size, size_t all)
{
    uint8_t plain[512] = {0}, record[HEAD_BYTES + 512 + 16], nonce[12];
    size_t length = all + 1 + 16;
    int n;
    memset(plain, 'x', size);
    plain[size] = 23; /* application data, and zeros after it (RFC 8446 5.4) */
    memcpy(record, (uint8_t[]){23, 3, 3, (uint8_t)(length >> 8), (uint8_t)length}, HEAD_BYTES);
    memcpy(nonce, writer->iv, sizeof nonce);
    for (int i = 0; i < 8; i++)
        nonce[11 - i] ^= (uint8_t)(writer->next >> 8 * i);
    writer->next++;
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    EVP_EncryptInit_ex(cipher, EVP_aes_128_gcm(), NULL, writer->key, nonce);
    EVP_EncryptUpdate(cipher, NULL, &n, record, HEAD_BYTES);
    EVP_EncryptUpdate(cipher, record + HEAD_BYTES, &n, plain, (int)all + 1);
    EVP_EncryptFinal_ex(cipher, record + HEAD_BYTES + n, &n);
    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, 16, record + HEAD_BYTES + all + 1);
    EVP_CIPHER_CTX_free(cipher);
    const struct iovec piece = {record, HEAD_BYTES + length};
    CHECK_INT(co_tls_layer_of(stream)->under->send(stream, &piece, 1), (long)piece.iov_len);
}

/* A handshake, after which `writer` writes in the client's place. */
static int meet_writer(struct side *server, struct side *client, struct writer *writer)
{
    struct identity identity = identity_new("DNS:localhost", DAY);
    const struct co_tls_certificate certificate = certificate_of(&identity);
    const struct co_tls_options options = {.certificates = &certificate, .certificate_count = 1};
    const struct co_tls_options trust = {
        .authorities = certificate.chain, .key_log = note_secret, .key_log_arg = writer};
    REQUIRE(co_tls_server(&server->tls, &options) == 0);
    REQUIRE(co_tls_client(&client->tls, &trust) == 0);
    SSL_CTX_set_ciphersuites(client->tls->set->contexts[0], "TLS_AES_128_GCM_SHA256");
    REQUIRE(meet(server, client) == 0 && client->result == 0);
    derive(writer, "key", writer->key, sizeof writer->key);
    derive(writer, "iv", writer->iv, sizeof writer->iv);
    return 0;
}

KERNEL_TEST(records_without_data_are_taken_but_not_without_end_t07)
{
    struct side server = {0}, client = {.host = "localhost"};
    struct writer writer = {0};
    char c;
    REQUIRE(meet_writer(&server, &client, &writer) == 0);
    for (int i = 0; i < EMPTY_MAX; i++)
        record_send(&writer, client.stream, 0, 256);
    record_send(&writer, client.stream, 1, 256);
    CHECK_INT(co_read(server.stream, &c, 1), 1);
    for (int i = 0; i < EMPTY_MAX + 1; i++)
        record_send(&writer, client.stream, 0, 256);
    CHECK_INT(co_read(server.stream, &c, 1), CO_ETLS);
    part(&server, &client);
    return 0;
}

/* ---- messages beside the data ---------------------------------------------------------------- */

/* A peer that changes its keys before each byte. */
static int change_keys(co_stream *from, co_stream *to, int times)
{
    char c = 'x';
    int rc = 0;
    for (int i = 0; i < times && rc >= 0; i++) {
        SSL_key_update(co_tls_layer_of(from)->ssl, SSL_KEY_UPDATE_REQUESTED);
        rc = co_write(from, &c, 1);
        if (rc == 0)
            rc = (int)co_read(to, &c, 1);
    }
    return rc;
}

KERNEL_TEST(keys_are_changed_often_but_not_without_end_t01)
{
    struct identity identity = identity_new("DNS:localhost", DAY);
    for (int by_server = 0; by_server < 2; by_server++) {
        struct side server = {0}, client = {.host = "localhost"};
        REQUIRE(sides_new(&identity, NULL, NULL, &server.tls, &client.tls) == 0);
        REQUIRE(meet(&server, &client) == 0 && client.result == 0);
        co_stream *from = by_server ? server.stream : client.stream;
        co_stream *to = by_server ? client.stream : server.stream;
        CHECK_INT(change_keys(from, to, 40), 1);
        CHECK_INT(change_keys(from, to, 100), CO_ETLS);
        part(&server, &client);
    }
    return 0;
}

static int give_tickets(co_stream *stream, int count)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < count; i++) {
        co_tls_offer_ticket(stream);
        rc = co_tls_flush(stream);
    }
    return rc;
}

/* As FTP's servers do, which have one for each transfer; and what nobody would. */
KERNEL_TEST(tickets_are_taken_but_not_without_end_t01)
{
    struct identity identity = identity_new("DNS:localhost", DAY);
    struct side server = {0}, client = {.host = "localhost"};
    char c = 'x';
    REQUIRE(sides_new(&identity, NULL, NULL, &server.tls, &client.tls) == 0);
    REQUIRE(meet(&server, &client) == 0 && client.result == 0);
    for (int i = 0; i < 4 * CO_TLS_TICKETS_MAX; i++) {
        CHECK_INT(give_tickets(server.stream, i == 0 ? CO_TLS_TICKETS_MAX - 2 : 1), 0);
        CHECK_INT(co_write(server.stream, &c, 1), 0); /* the first brings two of its own */
        CHECK_INT(co_read(client.stream, &c, 1), 1);
    }
    CHECK_INT(give_tickets(server.stream, CO_TLS_TICKETS_MAX + 1), 0);
    CHECK_INT(co_read(client.stream, &c, 1), CO_ETLS);
    CHECK(strstr(co_explain(CO_ETLS), "without end") != NULL);
    part(&server, &client);
    return 0;
}

/* ---- idle streams, and those that end ------------------------------------------------------- */

#define RECORD_MAX 16384

/* OpenSSL's blocks that could hold a record. */
static atomic_int large_blocks;

static int is_large(void *block)
{
    return block && malloc_usable_size(block) >= RECORD_MAX;
}

static void *counted_malloc(size_t size, const char *file, int line)
{
    void *block = malloc(size);
    (void)file, (void)line;
    atomic_fetch_add(&large_blocks, is_large(block));
    return block;
}

static void counted_free(void *block, const char *file, int line)
{
    (void)file, (void)line;
    atomic_fetch_sub(&large_blocks, is_large(block));
    free(block);
}

static void *counted_realloc(void *block, size_t size, const char *file, int line)
{
    int before = is_large(block);
    void *moved = realloc(block, size);
    (void)file, (void)line;
    if (moved || size == 0)
        atomic_fetch_add(&large_blocks, is_large(moved) - before);
    return moved;
}

static void says(co_stream *from, co_stream *to)
{
    static char bytes[2 * RECORD_MAX], got[sizeof bytes];
    CHECK_INT(co_write(from, bytes, sizeof bytes), 0);
    CHECK_INT(co_read_full(to, got, sizeof got), sizeof got);
    CHECK_INT(co_write(from, bytes, 1), 0); /* there is no more to be expected at once */
    CHECK_INT(co_read(to, got, 1), 1);
}

static int wait_for_byte(void *arg)
{
    char byte;
    return co_read(arg, &byte, 1) == 1 ? 0 : -EIO;
}

static bool has_buffers(const co_stream *stream)
{
    const struct co_tls_layer *layer = co_tls_layer_of(stream);
    return stream->in || stream->out || layer->in || layer->out;
}

/* Neither OpenSSL's nor ours. */
static void idle(struct side *server, struct side *client, int before)
{
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, wait_for_byte, server->stream);
    co_go(&group, wait_for_byte, client->stream);
    co_sleep(0);
    CHECK_INT(atomic_load(&large_blocks), before);
    CHECK(!has_buffers(server->stream) && !has_buffers(client->stream));
    CHECK_INT(SSL_alloc_buffers(co_tls_layer_of(server->stream)->ssl), 1);
    CHECK(atomic_load(&large_blocks) > before); /* they would be seen */
    CHECK_INT(co_write(server->stream, "x", 1), 0);
    CHECK_INT(co_write(client->stream, "x", 1), 0);
    CHECK_INT(co_group_close(&group), 0);
}

KERNEL_TEST(an_idle_stream_holds_no_buffers)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct identity identity = identity_new("DNS:localhost", DAY);
    for (unsigned i = 0; i < 4; i++) {
        struct side server = {0}, client = {.host = "localhost"};
        REQUIRE(sides_new(&identity, NULL, NULL, &server.tls, &client.tls) == 0);
        SSL_CTX_set_max_proto_version(client.tls->set->contexts[0], versions[i % 2]);
        int before = atomic_load(&large_blocks);
        REQUIRE(meet(&server, &client) == 0 && client.result == 0);
        says(client.stream, server.stream);
        says(server.stream, client.stream); /* and gives tickets */
        if (i >= 2)                         /* what is the process's has been made */
            idle(&server, &client, before);
        SSL_key_update(co_tls_layer_of(client.stream)->ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
        says(client.stream, server.stream);
        if (i >= 2)
            idle(&server, &client, before);
        part(&server, &client);
    }
    return 0;
}

/* Fills what is beneath, so that the next bytes have to wait. */
static void fill_beneath(co_stream *stream)
{
    static uint8_t bytes[MEMORY_ROOM];
    const struct iovec piece = {bytes, sizeof bytes};
    long n = 1;
    co_scope scope;
    co_scope_open(&scope, 1);
    while (n > 0)
        n = co_tls_layer_of(stream)->under->send(stream, &piece, 1);
    CHECK_INT(n, CO_EDEADLINE);
    co_scope_close(&scope);
}

/* close_notify to a peer that does not read. */
VIRTUAL_TEST(a_farewell_that_nobody_reads_is_given_up)
{
    struct identity identity = identity_new("DNS:localhost", DAY);
    struct side server = {0}, client = {.host = "localhost"};
    has_foreign_draws = true;
    REQUIRE(sides_new(&identity, NULL, NULL, &server.tls, &client.tls) == 0);
    REQUIRE(meet(&server, &client) == 0 && client.result == 0);
    fill_beneath(server.stream);
    int64_t begun = co_now_ns();
    CHECK_INT(co_close(server.stream), 0);
    CHECK_INT((co_now_ns() - begun) / CO_MS, CO_TLS_GRACE_MS);
    co_abort(client.stream);
    co_tls_free(server.tls);
    co_tls_free(client.tls);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handshake_of_more_bytes_than_anybody_needs_is_cut_t07),
        cmocka_unit_test(a_handshake_that_was_given_up_is_not_gone_on_with_t07),
        cmocka_unit_test(records_without_data_are_taken_but_not_without_end_t07),
        cmocka_unit_test(keys_are_changed_often_but_not_without_end_t01),
        cmocka_unit_test(tickets_are_taken_but_not_without_end_t01),
        cmocka_unit_test(an_idle_stream_holds_no_buffers),
        cmocka_unit_test(a_farewell_that_nobody_reads_is_given_up),
    };
    if (!CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free))
        return 1; /* it has begun already */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
