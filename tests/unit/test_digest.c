/* SPDX-License-Identifier: MIT */
#include "coding/digest.h"
#include "test.h"

/* Of "", "abc" (FIPS 180, RFC 1321 A.5) and "123456789" (the check value of CRC-32). */
static const struct {
    enum co_digest_kind kind;
    const char *bytes, *digest;
} known[] = {
    {CO_DIGEST_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {CO_DIGEST_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {CO_DIGEST_SHA512, "abc",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    {CO_DIGEST_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {CO_DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e"},
    {CO_DIGEST_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72"},
    {CO_DIGEST_CRC32, "", "00000000"},
    {CO_DIGEST_CRC32, "123456789", "cbf43926"},
};

static void expect(enum co_digest_kind kind, co_text bytes, size_t split, const char *should)
{
    struct co_digest *digest;
    struct co_buf out = CO_BUF(200);
    assert_int_equal(co_digest_new(&digest, kind), 0);
    assert_int_equal(co_digest_step(digest, (co_text){bytes.at, split}), 0);
    assert_int_equal(co_digest_step(digest, co_text_after(bytes, split)), 0);
    assert_int_equal(co_digest_end(digest, &out), 0);
    assert_text(co_buf_text(&out), should);
    co_buf_free(&out);
    co_digest_free(digest);
}

static void gives_the_published_values_at_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(known); i++)
        for (size_t split = 0; split <= strlen(known[i].bytes); split++)
            expect(known[i].kind, co_text_of(known[i].bytes), split, known[i].digest);
}

static void says_when_there_is_no_room(void **state)
{
    (void)state;
    struct co_digest *digest;
    struct co_buf out = CO_BUF(8);
    assert_int_equal(co_digest_new(&digest, CO_DIGEST_MD5), 0);
    assert_int_equal(co_digest_end(digest, &out), CO_ETOOBIG);
    co_buf_free(&out);
    co_digest_free(digest);
    co_digest_free(NULL);
}

static void finds_each_by_its_name(void **state)
{
    (void)state;
    enum co_digest_kind found;
    for (enum co_digest_kind kind = 0; kind < CO_DIGEST_COUNT; kind++) {
        assert_int_equal(co_digest_find(co_text_of(co_digest_name(kind)), &found), 0);
        assert_int_equal(found, kind);
    }
    assert_int_equal(co_digest_find(CO_TEXT("sha-1"), &found), 0);
    assert_int_equal(found, CO_DIGEST_SHA1);
    assert_int_equal(co_digest_find(CO_TEXT("SHA-25"), &found), CO_EINVALID);
    assert_int_equal(co_digest_find(CO_TEXT(""), &found), CO_EINVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_published_values_at_every_split),
        cmocka_unit_test(says_when_there_is_no_room),
        cmocka_unit_test(finds_each_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
