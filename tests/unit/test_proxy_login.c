/* SPDX-License-Identifier: MIT */
/* Who asks a proxy for a tunnel: by the password once, by proofs of it from then on. */
#include "proxy_rig.h"

#define ASKS(scheme, rest) "HTTP/1.1 407 Who\r\nProxy-Authenticate: " scheme "\r\n" rest "\r\n"
#define DIGEST             "Digest realm=\"r\", nonce=\"n\", qop=\"auth\""
#define OPENS              "HTTP/1.1 200 OK\r\n\r\n220 x"
#define BASIC_OF_ANN       "Proxy-Authorization: Basic YW5uOnNlY3JldA==\r\n"

/* What the first connections say, and how many there come to be. */
static const struct login_row {
    const char *what;
    struct script scripts[3];
    unsigned connections;
    int rc;
    bool shows; /* the last question shows Digest */
} login_rows[] = {
    {"on the same connection",
        {{.says = ASKS(DIGEST, "Content-Length: 5\r\n") "HTTP/", .then = OPENS}}, 1, 0, true},
    {"the stronger of two",
        {{.says = ASKS(
              "Basic realm=x, " DIGEST ", " DIGEST ", algorithm=SHA-256", "Content-Length: 0\r\n"),
            .then = OPENS}},
        1, 0, true},
    {"in two fields",
        {{.says = ASKS("Basic realm=x", "Proxy-Authenticate: " DIGEST "\r\nContent-Length: 0\r\n"),
            .then = OPENS}},
        1, 0, true},
    {"on a new one, as the proxy says",
        {{.says = ASKS(DIGEST, "Connection: close\r\nContent-Length: 2\r\n") "no", .closes = true},
            {.says = OPENS}},
        2, 0, true},
    {"on a new one, though the proxy does not say so",
        {{.says = ASKS(DIGEST, "Content-Length: 0\r\n"), .closes = true}, {.says = OPENS}}, 2, 0,
        true},
    {"on a new one, as nobody knows where that ends",
        {{.says = ASKS(DIGEST, "") "no", .closes = true}, {.says = OPENS}}, 2, 0, true},
    {"on a new one, as that is long",
        {{.says = ASKS(DIGEST, "Content-Length: 100000\r\n")}, {.says = OPENS}}, 2, 0, true},
    {"again, as the nonce was too old",
        {{.says = ASKS(DIGEST, "Content-Length: 0\r\n"),
             .then = ASKS(DIGEST ", stale=true", "Connection: close\r\n"),
             .closes = true},
            {.says = OPENS}},
        2, 0, true},
    {"but not for ever",
        {{.says = ASKS(DIGEST ", stale=true", "Connection: close\r\n"), .closes = true}}, 4,
        CO_EPROXYLOGIN, true},
    {"nor with a password that is wrong",
        {{.says = ASKS(DIGEST, "Content-Length: 0\r\n"), .then = ASKS(DIGEST, "")}}, 1,
        CO_EPROXYLOGIN, true},
    {"nor by what it is not known to be",
        {{.says = ASKS("Digest realm=r, nonce=n, algorithm=X", "")}}, 1, CO_EPROXYLOGIN, false},
    {"nor by the password once more", {{.says = ASKS("Basic realm=r", "")}}, 1, CO_EPROXYLOGIN,
        false},
    {"nor by the password after that",
        {{.says = ASKS(DIGEST, "Content-Length: 0\r\n"), .then = ASKS("Basic realm=r", "")}}, 1,
        CO_EPROXYLOGIN, true},
};

/* The password is told with the first question, and never after it. */
static bool check_shown(const struct login_row *row, struct script *last)
{
    static const char digest[] = "Proxy-Authorization: Digest username=\"ann\", realm=\"r\", "
                                 "nonce=\"n\", uri=\"example.org:443\", response=\"";
    bool anew = row->connections > 1;
    last->heard[last->heard_size] = '\0';
    char *basic = strstr(last->heard, BASIC_OF_ANN), *shown = strstr(last->heard, digest);
    return CHECK((shown != NULL) == row->shows) && CHECK((basic == NULL) == anew) &&
           CHECK(!basic || !strstr(basic + 1, BASIC_OF_ANN)) &&
           CHECK(!basic || !shown || basic < shown);
}

static void check_login(const struct login_row *row)
{
    struct script scripts[CO_LENGTH(row->scripts)];
    struct rig rig;
    co_stream *stream;
    unsigned count = 0;
    memcpy(scripts, row->scripts, sizeof scripts);
    for (; count < CO_LENGTH(scripts) && scripts[count].says; count++)
        scripts[count].size = strlen(scripts[count].says);
    if (!CHECK_INT(rig_start(&rig, scripts, count), 0))
        return;
    int rc = rig_dial(&rig, "http://ann:secret@", "example.org:443", NULL, &stream);
    if (rc == 0)
        CHECK_INT(co_close(stream), 0);
    rig_stop(&rig);
    bool good = CHECK_INT(rc, row->rc);
    good = CHECK_INT(rig.connections, row->connections) && good;
    if (count > 1 || row->connections == 1)
        good &= check_shown(row, &scripts[count - 1]);
    if (!good)
        fprintf(stderr, "  ... %s\n", row->what);
}

FIBER_TEST(digest_is_answered_by_proofs_rfc7616_c11)
{
    for (size_t i = 0; i < CO_LENGTH(login_rows); i++)
        check_login(&login_rows[i]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digest_is_answered_by_proofs_rfc7616_c11),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
