/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "transfer/ftp_place.h"

struct expected {
    const char *url, *given; /* given: --user's; NULL: nothing */
    enum co_ftp_security security;
    unsigned port;
    bool ascii;
    const char *host, *path, *user, *password; /* NULL: anonymous */
};

static const struct expected places[] = {
    {"ftp://h", NULL, CO_FTP_CLEAR, 21, false, "h", "", NULL, NULL},
    {"ftp://h/", NULL, CO_FTP_CLEAR, 21, false, "h", "", NULL, NULL},
    {"FTP://h:2121/a/b", NULL, CO_FTP_CLEAR, 2121, false, "h", "a/b", NULL, NULL},
    {"ftps://h/a", NULL, CO_FTP_IMPLICIT, 990, false, "h", "a", NULL, NULL},
    {"ftpes://h/a", NULL, CO_FTP_EXPLICIT, 21, false, "h", "a", NULL, NULL},
    {"ftp://[::1]:5/a", NULL, CO_FTP_CLEAR, 5, false, "::1", "a", NULL, NULL},
    {"ftp://h/%2Fetc/motd", NULL, CO_FTP_CLEAR, 21, false, "h", "/etc/motd", NULL, NULL},
    {"ftp://h/a/b/", NULL, CO_FTP_CLEAR, 21, false, "h", "a/b", NULL, NULL},
    {"ftp://h/a%20b%3Bc", NULL, CO_FTP_CLEAR, 21, false, "h", "a b;c", NULL, NULL},
    {"ftp://h/a;type=a", NULL, CO_FTP_CLEAR, 21, true, "h", "a", NULL, NULL},
    {"ftp://h/a;TYPE=I", NULL, CO_FTP_CLEAR, 21, false, "h", "a", NULL, NULL},
    {"ftp://h/a;type=d", NULL, CO_FTP_CLEAR, 21, false, "h", "a;type=d", NULL, NULL},
    {"ftp://h/what?.txt", NULL, CO_FTP_CLEAR, 21, false, "h", "what?.txt", NULL, NULL},
    {"ftpes://h/a?b/c?d/?;type=i", NULL, CO_FTP_EXPLICIT, 21, false, "h", "a?b/c?d/?", NULL, NULL},
    {"ftp://ann@h/", NULL, CO_FTP_CLEAR, 21, false, "h", "", "ann", ""},
    {"ftp://a%40n:p%3Aw%2F@h/", NULL, CO_FTP_CLEAR, 21, false, "h", "", "a@n", "p:w/"},
    {"ftp://ann:x@h/", "bob:y:z", CO_FTP_CLEAR, 21, false, "h", "", "bob", "y:z"},
    {"ftp://ann:x@h/", "bob", CO_FTP_CLEAR, 21, false, "h", "", "bob", ""},
};

static void assert_part(const struct co_buf *part, const char *should)
{
    if (!should) {
        assert_int_equal(part->room, 0);
        return;
    }
    assert_string_equal(part->at, should);
    assert_int_equal(part->size, strlen(should));
}

static void a_url_is_taken_apart(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < CO_LENGTH(places); i++) {
        const struct expected *should = &places[i];
        struct co_ftp_place place;
        assert_int_equal(co_ftp_place_parse(&place, should->url, should->given), 0);
        assert_int_equal(place.security, should->security);
        assert_int_equal(place.port, should->port);
        assert_int_equal(place.ascii, should->ascii);
        assert_part(&place.host, should->host);
        assert_part(&place.path, should->path);
        assert_part(&place.user, should->user);
        assert_part(&place.password, should->password);
        co_ftp_place_free(&place);
    }
}

static void only_its_schemes_are_ftps(void **unused)
{
    (void)unused;
    assert_true(co_ftp_is_url("ftp://h"));
    assert_true(co_ftp_is_url("FtpS://h"));
    assert_true(co_ftp_is_url("ftpes://"));
    assert_false(co_ftp_is_url("ftp:/h"));
    assert_false(co_ftp_is_url("sftp://h"));
    assert_false(co_ftp_is_url("ftp"));
    assert_false(co_ftp_is_url(""));
}

/* Before anything is sent. */
static void what_no_command_can_hold_is_refused_f15(void **unused)
{
    static const char *const urls[] = {"ftp://h/a%0Ab", "ftp://h/a%0db", "ftp://h/%00",
        "ftp://h/%FF", "ftp://a%0a@h/", "ftp://a:%0d%0aDELE@h/", "ftp://h:70000/", "ftp://"};
    static const char *const users[] = {"a\nb:x", "a:x\r", "a\377:x"};
    struct co_ftp_place place;
    (void)unused;
    for (size_t i = 0; i < CO_LENGTH(urls); i++) {
        assert_true(co_ftp_place_parse(&place, urls[i], NULL) < 0);
        co_ftp_place_free(&place);
    }
    for (size_t i = 0; i < CO_LENGTH(users); i++) {
        assert_int_equal(co_ftp_place_parse(&place, "ftp://h/", users[i]), CO_EINVALID);
        co_ftp_place_free(&place);
    }
}

struct asked {
    const char *url, *netrc, *user, *password;
    int result;
    const char *account;
};

static const struct asked questions[] = {
    {"ftp://h/", "machine h login ann password x", "ann", "x", 0, NULL},
    {"ftp://ann@h/", "machine h login bob password y\nmachine h login ann password x", "ann", "x",
        0, NULL},
    {"ftp://bob@h/", "machine h login ann password x", "bob", "", 0, NULL},
    {"ftp://ann:y@h/", "machine h login ann password x", "ann", "y", 0, NULL},
    {"ftp://ann@h/", "machine h password x", "ann", "x", 0, NULL},
    {"ftp://h/", "machine h password x", NULL, NULL, 0, NULL},
    {"ftp://other/", "machine h login ann password x", NULL, NULL, 0, NULL},
    {"ftp://h/", "", NULL, NULL, 0, NULL},
    {"ftp://h/", "machine h login ann account z password x", "ann", "x", 0, "z"},
    {"ftp://h/", "machine h login ann account \"x\\ny\"", NULL, NULL, CO_EINVALID, NULL},
    {"ftp://h/", "machine h login ann password \"x\\ny\"", NULL, NULL, CO_EINVALID, NULL},
};

static void a_netrc_file_says_the_password_that_is_missing(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < CO_LENGTH(questions); i++) {
        const struct asked *asked = &questions[i];
        struct co_ftp_place place;
        assert_int_equal(co_ftp_place_parse(&place, asked->url, NULL), 0);
        assert_int_equal(co_ftp_place_look_up(&place, co_text_of(asked->netrc)), asked->result);
        if (asked->result == 0) {
            assert_part(&place.user, asked->user);
            assert_part(&place.password, asked->password);
            assert_part(&place.account, asked->account);
        }
        co_ftp_place_free(&place);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_taken_apart),
        cmocka_unit_test(only_its_schemes_are_ftps),
        cmocka_unit_test(what_no_command_can_hold_is_refused_f15),
        cmocka_unit_test(a_netrc_file_says_the_password_that_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
