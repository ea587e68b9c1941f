/* SPDX-License-Identifier: MIT */
/* Challenges: schemes and parameters told apart where both stand between commas. */
#include "test.h"

#include "codec/challenge.h"

#include <stdio.h>

#define SHOWN_MAX 4096

/* "Basic[realm=a b] Digest[...] Negotiate(token)", or with "!" where it was malformed. */
static void show(const char *field, struct co_buf *out)
{
    struct co_challenge challenge;
    co_text rest = co_text_of(field);
    int rc;
    while ((rc = co_challenge_next(&rest, &challenge)) == 1) {
        co_buf_addf(out, "%s%.*s", out->size ? " " : "", CO_TEXT_PRINT(challenge.scheme));
        if (challenge.token68.size)
            co_buf_addf(out, "(%.*s)", CO_TEXT_PRINT(challenge.token68));
        for (unsigned i = 0; i < challenge.count; i++) {
            co_buf_addf(out, "%s%.*s=", i ? "," : "[", CO_TEXT_PRINT(challenge.params[i].name));
            assert_int_equal(co_challenge_value(&challenge.params[i], out), 0);
        }
        if (challenge.count)
            co_buf_add_char(out, ']');
    }
    co_buf_add_string(out, rc < 0 ? "!" : "");
    co_buf_add_char(out, '\0');
}

static void schemes_and_parameters_are_told_apart(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"Basic realm=\"a b\"", "Basic[realm=a b]"},
        {"Basic realm=x", "Basic[realm=x]"},
        {"basic Realm = \"x\"", "basic[Realm=x]"},
        {"Negotiate", "Negotiate"},
        {"Negotiate abc+/-._~==", "Negotiate(abc+/-._~==)"},
        {"NTLM, Negotiate", "NTLM Negotiate"},
        {"Negotiate a=", "Negotiate(a=)"},
        {"Digest a=b", "Digest[a=b]"},
        {"Digest a=b, c=\"d\",e=f", "Digest[a=b,c=d,e=f]"},
        {"Digest a=b, Basic realm=\"x\"", "Digest[a=b] Basic[realm=x]"},
        {"Digest a=b,, , c=d, ,Basic realm=x, Negotiate abc, New", "Digest[a=b,c=d] "
                                                                   "Basic[realm=x] "
                                                                   "Negotiate(abc) New"},
        {"Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\"",
            "Newauth[realm=apps,type=1,title=Login to \"apps\"] Basic[realm=simple]"},
        {"Basic realm=\"a, Digest b=c\"", "Basic[realm=a, Digest b=c]"},
        {"Basic realm=\"\"", "Basic[realm=]"},
        {"Basic realm=\"\\\\\"", "Basic[realm=\\]"},
        {" , Basic realm=x , ", "Basic[realm=x]"},
        {"", ""},
        {" , ,", ""},
        {"Basic ", "Basic"},
        /* a list of parameters may begin with nothing (RFC 9110 5.6.1.2) */
        {"Basic , realm=\"x\"", "Basic[realm=x]"},
        {"Digest ,, a=b, ,c=d", "Digest[a=b,c=d]"},
        {"Negotiate , Basic realm=x", "Negotiate Basic[realm=x]"},
        {"NTLM , ", "NTLM"},
        {"Basic, realm=\"x\"", "Basic!"},
        {"Basic realm=\"x", "!"},
        {"Basic realm=\"x\\\"", "!"},
        {"Basic realm=\"x\"y", "!"},
        {"Basic realm=\"x\" y", "!"},
        {"Basic realm=", "Basic(realm=)"},
        {"Basic realm=, a=b", "Basic(realm=)!"},
        {"Digest a=b, A=c", "!"},
        {"Digest a=b c=d", "!"},
        {"Digest a b", "!"},
        {"Digest\ta=b", "!"},
        {"\"x\"", "!"},
        {"=", "!"},
        {"Digest a=b, =c", "Digest[a=b]!"},
        {"Digest a=\"\x01\"", "!"},
        {"Digest \xc3\xa4=b", "!"},
    };
    for (size_t i = 0; i < CO_LENGTH(rows); i++) {
        struct co_buf out = CO_BUF(SHOWN_MAX);
        show(rows[i][0], &out);
        assert_string_equal(out.at, rows[i][1]);
        co_buf_free(&out);
    }
}

static void parameters_are_bounded(void **state)
{
    (void)state;
    struct co_buf field = CO_BUF(SHOWN_MAX);
    struct co_challenge challenge;
    co_buf_add_string(&field, "Digest x=y");
    for (unsigned i = 1; i < CO_CHALLENGE_PARAMS_MAX; i++)
        co_buf_addf(&field, ",x%u=y", i);
    co_text rest = co_buf_text(&field);
    assert_int_equal(co_challenge_next(&rest, &challenge), 1);
    assert_int_equal(challenge.count, CO_CHALLENGE_PARAMS_MAX);
    co_buf_add_string(&field, ",z=y");
    rest = co_buf_text(&field);
    assert_int_equal(co_challenge_next(&rest, &challenge), CO_ETOOBIG);
    co_buf_free(&field);
}

static void parameters_stand_alone_too(void **state)
{
    (void)state;
    struct co_challenge info;
    struct co_buf value = CO_BUF(64);
    assert_int_equal(co_challenge_params(CO_TEXT("nextnonce=\"a\\\"b\", qop=auth"), &info), 0);
    assert_int_equal(co_challenge_value(co_challenge_find(&info, CO_TEXT("NextNonce")), &value), 0);
    assert_text(co_buf_text(&value), "a\"b");
    assert_null(co_challenge_find(&info, CO_TEXT("nonce")));
    assert_int_equal(co_challenge_params(CO_TEXT(""), &info), 0);
    assert_int_equal(co_challenge_params(CO_TEXT("a=b c"), &info), CO_EINVALID);
    assert_int_equal(co_challenge_params(CO_TEXT("Digest"), &info), CO_EINVALID);
    co_buf_free(&value);
}

static void no_quoted_string_breaks_its_line(void **state)
{
    (void)state;
    struct co_buf out = CO_BUF(64);
    assert_int_equal(co_quoted_write(CO_TEXT("a\"b\\c\xc3\xa4"), &out), 0);
    assert_text(co_buf_text(&out), "\"a\\\"b\\\\c\xc3\xa4\"");
    assert_int_equal(co_quoted_write(CO_TEXT("a\r\nX: y"), &out), CO_EINVALID);
    assert_int_equal(co_quoted_write(CO_TEXT("a\0b"), &out), CO_EINVALID);
    co_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schemes_and_parameters_are_told_apart),
        cmocka_unit_test(parameters_are_bounded),
        cmocka_unit_test(parameters_stand_alone_too),
        cmocka_unit_test(no_quoted_string_breaks_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
