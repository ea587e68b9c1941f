/* SPDX-License-Identifier: MIT */
/* Answers to Digest's challenges: RFC 7616 3.9.1 and 3.9.2, whose SHA-512-256 is as its errata have
 * it, RFC 2617 3.5, and the other combinations as computed apart. */
#include "test.h"

#include "dial/digest_login.h"

#include <stdio.h>

#define ANSWER_MAX 4096

#define MUFASA                                                                                     \
 "realm=\"http-auth@example.org\", "                                                               \
 "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\""
#define OPAQUE "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""

static const struct co_digest_request mufasa = {
    .name = {"Mufasa", 6},
    .password = {"Circle of Life", 14},
    .method = {"GET", 3},
    .target = {"/dir/index.html", 15},
    .cnonce = {"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", 44},
};

static int read_one(const char *field, struct co_digest_login *ret)
{
    struct co_challenge challenge;
    co_text rest = co_text_of(field);
    assert_int_equal(co_challenge_next(&rest, &challenge), 1);
    return co_digest_login_read(&challenge, ret);
}

static void answer(
    struct co_digest_login *login, const struct co_digest_request *request, struct co_buf *out)
{
    co_buf_clear(out);
    assert_int_equal(co_digest_login_write(login, request, out), 0);
    co_buf_add_char(out, '\0');
}

static void expect(const char *field, const struct co_digest_request *request, const char *part)
{
    struct co_digest_login login;
    struct co_buf out = CO_BUF(ANSWER_MAX);
    assert_int_equal(read_one(field, &login), 0);
    answer(&login, request, &out);
    if (!strstr(out.at, part))
        fail_msg("%s: %s", field, out.at);
    co_buf_free(&out);
    co_digest_login_end(&login);
}

static void answers_as_published(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"Digest " MUFASA ", qop=\"auth, auth-int\", algorithm=MD5",
            "response=\"8ca523f5e9506fed4657c9700eebdbec\""},
        {"Digest " MUFASA ", qop=\"auth, auth-int\", algorithm=SHA-256",
            "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""},
        {"Digest " MUFASA ", qop=auth", "response=\"8ca523f5e9506fed4657c9700eebdbec\""},
        {"Digest " MUFASA ", qop=auth, algorithm=md5-SESS",
            "response=\"e783283f46242139c486a698fec7211d\""},
        {"Digest " MUFASA ", qop=auth, algorithm=SHA-256-sess",
            "response=\"2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7\""},
        {"Digest " MUFASA ", qop=auth, algorithm=SHA-512-256",
            "response=\"430d05014cecc49cab6fbe03176d41a1da86cbfe24a16580e22aaad928d960d0\""},
        {"Digest " MUFASA, "response=\"7b2cc3b30e75b4777ea31027084363fd\""},
    };
    for (size_t i = 0; i < CO_LENGTH(rows); i++)
        expect(rows[i][0], &mufasa, rows[i][1]);
    struct co_digest_request older = mufasa;
    older.password = CO_TEXT("Circle Of Life");
    older.cnonce = CO_TEXT("0a4f113b");
    expect("Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", "
           "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"",
        &older, "response=\"6629fae49393a05397450978507c4ef1\"");
}

static void a_name_is_hidden_where_the_server_can_find_it(void **state)
{
    (void)state;
    const struct co_digest_request request = {
        .name = co_text_of("J\xc3\xa4s\xc3\xb8n Doe"),
        .password = CO_TEXT("Secret, or not?"),
        .method = CO_TEXT("GET"),
        .target = CO_TEXT("/doe.json"),
        .cnonce = CO_TEXT("NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm"),
    };
    static const char field[] = "Digest realm=\"api@example.org\", qop=\"auth\", "
                                "algorithm=SHA-512-256, "
                                "nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", "
                                "opaque=\"x\", charset=UTF-8, userhash=true";
    expect(field, &request,
        "username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\", "
        "userhash=true, realm=\"api@example.org\"");
    expect(field, &request,
        "response=\"7a4e1192babbba02e91182d2895bfdbf7adafc6e48d4e517ca301974843d840c\"");
}

static void says_all_that_the_server_needs(void **state)
{
    (void)state;
    struct co_digest_login login;
    struct co_buf out = CO_BUF(ANSWER_MAX);
    struct co_digest_request request = mufasa;
    request.name = CO_TEXT("a\"b\\c");
    assert_int_equal(read_one("Digest " MUFASA ", qop=auth, algorithm=MD5, " OPAQUE, &login), 0);
    answer(&login, &request, &out);
    assert_non_null(
        strstr(out.at, "Digest username=\"a\\\"b\\\\c\", realm=\"http-auth@example.org\""));
    assert_non_null(strstr(out.at, ", uri=\"/dir/index.html\", "));
    assert_non_null(
        strstr(out.at, ", algorithm=MD5, " OPAQUE ", qop=auth, nc=00000001, cnonce=\"f2/"));
    answer(&login, &request, &out);
    assert_non_null(strstr(out.at, "nc=00000002"));
    co_digest_login_end(&login);
    assert_int_equal(read_one("Digest " MUFASA, &login), 0);
    answer(&login, &request, &out);
    assert_null(strstr(out.at, "qop"));
    assert_null(strstr(out.at, "cnonce"));
    assert_null(strstr(out.at, "algorithm"));
    assert_null(strstr(out.at, "opaque"));
    co_digest_login_end(&login);
    co_buf_free(&out);
}

static void a_new_nonce_counts_from_one(void **state)
{
    (void)state;
    struct co_digest_login login;
    struct co_buf out = CO_BUF(ANSWER_MAX);
    assert_int_equal(read_one("Digest realm=r, nonce=n1, qop=auth", &login), 0);
    static const char *const nonces[] = {"n2", "n", "a longer one", "n2", ""};
    for (size_t i = 0; i < CO_LENGTH(nonces) - 1; i++) {
        char expected[64];
        snprintf(expected, sizeof expected, "nonce=\"%s\", ", nonces[i]);
        answer(&login, &mufasa, &out);
        assert_int_equal(co_digest_login_renew(&login, co_text_of(nonces[i])), 0);
        answer(&login, &mufasa, &out);
        assert_non_null(strstr(out.at, expected));
        assert_non_null(strstr(out.at, "nc=00000001"));
    }
    char huge[CO_DIGEST_LOGIN_BYTES_MAX + 1] = {0};
    assert_int_equal(co_digest_login_renew(&login, (co_text){huge, sizeof huge}), CO_ETOOBIG);
    co_digest_login_end(&login);
    co_buf_free(&out);
}

static void what_cannot_be_answered_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"Digest", "Digest realm=r", "Digest nonce=n",
        "Digest realm=r, nonce=\"\"", "Digest realm=r, nonce=n, algorithm=SHA-1",
        "Digest realm=r, nonce=n, algorithm=MD5-session",
        "Digest realm=r, nonce=n, algorithm=-sess", "Digest realm=r, nonce=n, qop=auth-int",
        "Digest realm=r, nonce=n, qop=\"\"", "Digest realm=r, nonce=n, algorithm=MD5-sess"};
    struct co_digest_login login;
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_int_equal(read_one(bad[i], &login), CO_EINVALID);
    struct co_digest_request request = mufasa;
    struct co_buf out = CO_BUF(ANSWER_MAX);
    request.name = CO_TEXT("a\r\nX: y");
    assert_int_equal(read_one("Digest realm=r, nonce=n", &login), 0);
    assert_int_equal(co_digest_login_write(&login, &request, &out), CO_EINVALID);
    co_digest_login_end(&login);
    co_buf_free(&out);
}

static void the_stronger_one_is_known(void **state)
{
    (void)state;
    static const char *const names[] = {"MD5", "SHA-256", "SHA-512-256"};
    for (size_t i = 0; i < CO_LENGTH(names); i++)
        for (size_t j = 0; j < CO_LENGTH(names); j++) {
            struct co_digest_login one, other;
            char field[64];
            snprintf(field, sizeof field, "Digest realm=r, nonce=n, algorithm=%s", names[i]);
            assert_int_equal(read_one(field, &one), 0);
            snprintf(field, sizeof field, "Digest realm=r, nonce=n, algorithm=%s", names[j]);
            assert_int_equal(read_one(field, &other), 0);
            assert_int_equal(co_digest_login_is_stronger(&one, &other), i > j);
            co_digest_login_end(&one);
            co_digest_login_end(&other);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_as_published),
        cmocka_unit_test(a_name_is_hidden_where_the_server_can_find_it),
        cmocka_unit_test(says_all_that_the_server_needs),
        cmocka_unit_test(a_new_nonce_counts_from_one),
        cmocka_unit_test(what_cannot_be_answered_is_refused),
        cmocka_unit_test(the_stronger_one_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
