/* SPDX-License-Identifier: MIT */
/* What a client shows of a user, and when: by scheme and host, and by what the server asked for. */
#include "fibers.h"
#include "over_tls.h"

#include "http/client.h"
#include "http/client_login.h"

#define LINES_MAX 4096
#define STEPS_MAX 5
#define CHALLENGE "Digest realm=r, nonce=n, qop=auth"

/* ---- one request after the other ------------------------------------------------------------ */

/* An errand: what each request shows, and with what the server answers it ("" is a 200). The last
 * answer is final. */
struct row {
    const char *url, *user;
    bool digest_only;
    struct {
        const char *shown, *challenge;
    } steps[STEPS_MAX];
};

static const struct row rows[] = {
    /* where nobody listens, at once */
    {"https://h.example/", "a:b", false, {{"Basic", ""}}},
    {"http://localhost/", "a:b", false, {{"Basic", ""}}},
    {"http://[::1]:8000/", "a:b", false, {{"Basic", ""}}},
    {"https://a:b@h.example/", NULL, false, {{"Basic", ""}}},
    {"https://h.example/", NULL, false, {{"", "Basic realm=r"}}},
    {"https://h.example/", "a:b", false, {{"Basic", "Basic realm=r"}}},
    {"https://h.example/", "a:b", false, {{"Basic", CHALLENGE}, {"Digest", ""}}},
    {"https://h.example/", "a:b", false, {{"Basic", CHALLENGE}, {"Digest", CHALLENGE}}},
    {"https://h.example/", "a:b", false, {{"Basic", CHALLENGE}, {"Digest", "Basic realm=r"}}},
    /* where somebody could, once asked */
    {"http://h.example/", "a:b", false, {{"", ""}}},
    {"http://127.0.0.1.example/", "a:b", false, {{"", ""}}},
    {"http://a:b@h.example/", NULL, false, {{"", ""}}},
    {"http://h.example/", "a:b", false, {{"", "Basic realm=r"}, {"Basic", ""}}},
    {"http://h.example/", "a:b", false, {{"", "Basic realm=r"}, {"Basic", "Basic realm=r"}}},
    {"http://h.example/", "a:b", false, {{"", "Basic realm=r, " CHALLENGE}, {"Digest", ""}}},
    {"http://h.example/", "a:b", false,
        {{"", CHALLENGE ", Basic realm=r"}, {"Digest", "Basic realm=r"}}},
    {"http://h.example/", "a:b", false,
        {{"", CHALLENGE}, {"Digest", CHALLENGE ", stale=true"}, {"Digest", ""}}},
    {"http://h.example/", "a:b", false,
        {{"", "Basic realm=r"}, {"Basic", CHALLENGE}, {"Digest", ""}}},
    {"http://h.example/", "a:b", false, {{"", "Negotiate"}}},
    /* a realm that lacks its quotes asks for Basic, unless something stronger could stand there */
    {"http://h.example/", "a:b", false, {{"", "Basic realm=the printer"}, {"Basic", ""}}},
    {"http://h.example/", "a:b", false, {{"", "NTLM, Basic realm=\"r\";x"}, {"Basic", ""}}},
    {"http://h.example/", "a:b", false, {{"", "Basic realm=the printer, " CHALLENGE}}},
    {"http://h.example/", "a:b", false,
        {{"", CHALLENGE ", Basic realm=the printer"}, {"Digest", ""}}},
    {"http://h.example/", "a:b", false, {{"", "Digest realm=the printer"}}},
    {"http://h.example/", "a:b", true, {{"", "Basic realm=the printer"}}},
    {"http://h.example/", "a:b", false, {{"", "Digest realm=r, nonce=n, algorithm=X, qop=auth"}}},
    {"http://h.example/", "a:b", false,
        {{"", CHALLENGE ", stale=true"}, {"Digest", CHALLENGE ", stale=true"},
            {"Digest", CHALLENGE ", stale=true"}, {"Digest", CHALLENGE ", stale=true"}}},
    /* never the password itself */
    {"https://h.example/", "a:b", true, {{"", CHALLENGE}, {"Digest", ""}}},
    {"https://h.example/", "a:b", true, {{"", "Basic realm=r"}}},
};

static void read_response(const char *challenge, struct co_buf *text, struct co_http1_response *ret)
{
    co_buf_clear(text);
    co_buf_addf(text, "HTTP/1.1 %s x\r\n%s%s%sContent-Length: 0\r\n\r\n",
        *challenge ? "401" : "200", *challenge ? "WWW-Authenticate: " : "", challenge,
        *challenge ? "\r\n" : "");
    CHECK_INT(co_http1_response_parse(text, CO_HTTP_GET, ret), 0);
}

static bool shows(struct co_http_errand *errand, const char *scheme)
{
    struct co_buf lines = CO_BUF(LINES_MAX);
    CHECK_INT(co_http_login_add(errand, &lines), 0);
    const char *at = lines.size ? strstr((co_buf_add_char(&lines, '\0'), lines.at), ": ") : NULL;
    bool right = at ? *scheme && strncmp(at + 2, scheme, strlen(scheme)) == 0 : !*scheme;
    co_buf_free(&lines);
    return right;
}

static int go_through(const struct row *row)
{
    struct co_http1_response response;
    struct co_buf text = CO_BUF(LINES_MAX);
    struct co_http_logins logins;
    struct co_http_errand errand;
    const struct co_http_client_options options = {.user_agent = "test"};
    const struct co_http_fetch what = {
        .url = row->url, .user = row->user, .digest_only = row->digest_only};
    co_http_logins_start(&logins);
    CHECK_INT(co_http_errand_start(&errand, &what, &options), 0);
    errand.login.logins = &logins;
    for (size_t i = 0; i < STEPS_MAX && row->steps[i].shown; i++) {
        bool last = i + 1 == STEPS_MAX || !row->steps[i + 1].shown;
        read_response(row->steps[i].challenge, &text, &response);
        if (!CHECK(shows(&errand, row->steps[i].shown)) ||
            !CHECK_INT(co_http_login_answer(&errand, &response), !last))
            fprintf(stderr, "row %zu, step %zu\n", (size_t)(row - rows), i);
    }
    co_http_errand_end(&errand);
    co_http_logins_end(&logins);
    co_buf_free(&text);
    return 0;
}

VIRTUAL_TEST(shows_the_strongest_and_the_password_only_where_nobody_listens)
{
    for (size_t i = 0; i < CO_LENGTH(rows); i++)
        go_through(&rows[i]);
    return 0;
}

/* ---- a body --------------------------------------------------------------------------------- */

#define BODY "all of it, once more"

struct server {
    co_listener *listener;
    unsigned asked, whole; /* requests, and those that came with the whole body */
};

/* Answers the first request of a connection 401 and the others 200. */
static int serve(void *arg)
{
    struct server *server = arg;
    co_stream *stream;
    const uint8_t *bytes;
    char body[sizeof BODY] = {0};
    REQUIRE(co_accept(&stream, server->listener) == 0);
    REQUIRE(!is_over_tls() || co_tls_accept(stream, over_tls.server) == 0);
    for (;;) {
        ssize_t n = co_peek_until(stream, "\r\n\r\n", 8192, &bytes);
        if (n <= 0)
            break;
        bool shown = memmem(bytes, (size_t)n, "Authorization: Digest ", 22) != NULL;
        co_consume(stream, (size_t)n);
        CHECK_INT(co_read_full(stream, body, sizeof BODY - 1), sizeof BODY - 1);
        server->asked++;
        server->whole += strcmp(body, BODY) == 0;
        const char *answer = shown ? "HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n"
                                   : "HTTP/1.1 401 x\r\nWWW-Authenticate: " CHALLENGE
                                     "\r\nContent-Length: 3\r\n\r\nabc";
        CHECK_INT(co_write(stream, answer, strlen(answer)), 0);
    }
    return co_close(stream);
}

FIBER_TEST(a_body_is_sent_again_whole_c12)
{
    struct server server = {0};
    char url[64];
    co_group group;
    co_http_client *client;
    co_http_response *response = NULL;
    REQUIRE(co_listen(&server.listener, "127.0.0.1:0", NULL) == 0);
    has_foreign_draws |= is_over_tls();
    snprintf(url, sizeof url, "http%s://127.0.0.1:%u/", is_over_tls() ? "s" : "",
        co_address_port(co_listener_address(server.listener)));
    /* Who waits for a body that does not come is not waited for. */
    REQUIRE(co_http_client_new(&client,
                &(struct co_http_client_options){.tls = over_tls.client, .head_ms = 2000}) == 0);
    co_group_open(&group, NULL);
    co_go(&group, serve, &server);
    CHECK_INT(co_http_fetch(&response, client,
                  &(struct co_http_fetch){.url = url,
                      .user = "a:b",
                      .digest_only = true,
                      .body = BODY,
                      .body_bytes = sizeof BODY - 1}),
        0);
    CHECK_INT(response ? co_http_response_status(response) : 0, 200);
    co_http_response_close(response);
    co_http_client_free(client);
    CHECK_INT(co_group_close(&group), 0);
    co_listener_close(server.listener);
    CHECK_INT(server.asked, 2);
    CHECK_INT(server.whole, 2);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_the_strongest_and_the_password_only_where_nobody_listens),
        cmocka_unit_test(a_body_is_sent_again_whole_c12),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
