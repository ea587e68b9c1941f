/* SPDX-License-Identifier: MIT */
/* A URL into a file, in one call: whole or not at all, and from where the last call broke off. */
#include "fibers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    char folder[64], path[80], url[CO_ADDRESS_TEXT_MAX + 16];
    const char *whole, *part; /* the response, and that to who asks for a part; then all ends */
    char request[4096];       /* the last one's head */
    int requests;
    bool stays; /* nothing ends before the client goes */
    co_listener *listener;
    co_group serving;
    co_http_client *client;
} site;

static int answer(co_stream *stream, void *arg)
{
    const uint8_t *bytes;
    (void)arg;
    ssize_t n = co_peek_until(stream, "\r\n\r\n", sizeof site.request - 1, &bytes);
    if (n < 0)
        return (int)n;
    snprintf(site.request, sizeof site.request, "%.*s", (int)n, (const char *)bytes);
    co_consume(stream, (size_t)n);
    site.requests++;
    const char *said = strstr(site.request, "\r\nRange: bytes=5-\r\n") ? site.part : site.whole;
    int rc = co_write(stream, said, strlen(said));
    return rc == 0 && site.stays ? (int)co_peek(stream, 1, &bytes) : rc;
}

static int serve(void *arg)
{
    (void)arg;
    return co_serve_listener(site.listener, answer, NULL, NULL);
}

static int site_open(void)
{
    char address[CO_ADDRESS_TEXT_MAX];
    memset(&site, 0, sizeof site);
    strcpy(site.folder, "/tmp/coronet-download-XXXXXX");
    REQUIRE(mkdtemp(site.folder));
    REQUIRE(co_listen(&site.listener, "127.0.0.1:0", NULL) == 0);
    REQUIRE(co_http_client_new(&site.client, NULL) == 0);
    co_address_text(co_listener_address(site.listener), address);
    snprintf(site.url, sizeof site.url, "http://%s/file", address);
    snprintf(site.path, sizeof site.path, "%s/mine", site.folder);
    co_group_open(&site.serving, NULL);
    co_go(&site.serving, serve, NULL);
    return 0;
}

/* Nothing else may lie in the folder. */
static int site_close(void)
{
    co_group_drain(&site.serving);
    CHECK_INT(co_group_close(&site.serving), 0);
    co_listener_close(site.listener);
    co_http_client_free(site.client);
    unlink(site.path);
    CHECK_INT(rmdir(site.folder), 0);
    return 0;
}

static int64_t download(const char *whole)
{
    site.whole = whole;
    return co_http_download(site.client, site.url, site.path);
}

/* Does the file hold the text? NULL: is there none? */
static bool holds(const char *text)
{
    char bytes[64] = "";
    FILE *file = fopen(site.path, "rb");
    size_t n = file ? fread(bytes, 1, sizeof bytes - 1, file) : 0;
    if (file)
        fclose(file);
    return text ? file && n == strlen(text) && memcmp(bytes, text, n) == 0 : !file;
}

FIBER_TEST(a_file_is_whole_and_takes_the_others_place)
{
    REQUIRE(site_open() == 0);
    CHECK_INT(download("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), 5);
    CHECK(holds("hello"));
    CHECK_INT(download("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew"), 3);
    CHECK(holds("new"));
    CHECK_INT(download("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), 0);
    CHECK(holds(""));
    return site_close();
}

FIBER_TEST(who_refuses_leaves_the_file_as_it_was)
{
    const char *no = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone";
    REQUIRE(site_open() == 0);
    CHECK_INT(download(no), CO_ESTATUS);
    CHECK_STRING(co_explain(CO_ESTATUS), "the server answered 404 Not Found");
    CHECK(holds(NULL));
    CHECK_INT(download("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), 5);
    CHECK_INT(download(no), CO_ESTATUS);
    CHECK(holds("hello"));
    return site_close();
}

/* With that type and body the sentence is that. */
static void check_told(const char *type, const char *body, const char *sentence)
{
    char no[1024];
    snprintf(no, sizeof no,
        "HTTP/1.1 403 Forbidden\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s", type,
        strlen(body), body);
    CHECK_INT(download(no), CO_ESTATUS);
    CHECK_STRING(co_explain(CO_ESTATUS), sentence);
}

FIBER_TEST(who_refuses_says_why)
{
    const char *text = "text/plain; charset=utf-8", *plain = "the server answered 403 Forbidden";
    REQUIRE(site_open() == 0);
    check_told(text, "The disk is read-only.\nAnd more.\n",
        "the server answered 403 Forbidden: The disk is read-only");
    check_told("TEXT/PLAIN", "  Caf\xc3\xa9 closed \r\n",
        "the server answered 403 Forbidden: Caf\xc3\xa9 closed");
    check_told("text/html", "<h1>Why</h1>", plain);
    check_told(text, "403 forbidden\n", plain);
    check_told(text, "\nWhy", plain);
    check_told(text, "", plain);
    return site_close();
}

FIBER_TEST(c08_what_a_server_says_why_is_escaped_and_short)
{
    char body[401], sentence[256];
    REQUIRE(site_open() == 0);
    check_told("text/plain", "\x1b[2Jno", "the server answered 403 Forbidden: \\x1B[2Jno");
    memset(body, 'a', sizeof body - 1);
    memcpy(body + 119, "\xc3\xa9", 2);
    body[sizeof body - 1] = '\0';
    snprintf(sentence, sizeof sentence, "the server answered 403 Forbidden: %.119s...", body);
    check_told("text/plain", body, sentence);
    return site_close();
}

VIRTUAL_TEST(who_says_why_too_late_is_not_waited_for)
{
    int64_t start = co_now_ns();
    REQUIRE(site_open() == 0);
    site.stays = true;
    CHECK_INT(download("HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\n"
                       "Content-Length: 99\r\n\r\nWhy"),
        CO_ESTATUS);
    CHECK_STRING(co_explain(CO_ESTATUS), "the server answered 403 Forbidden");
    CHECK(co_now_ns() - start < 10 * CO_SECOND);
    return site_close();
}

FIBER_TEST(what_broke_off_is_gone_on_with)
{
    const char *broken = "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Length: 10\r\n\r\nhello";
    REQUIRE(site_open() == 0);
    CHECK_INT(download(broken), CO_EEOF);
    CHECK(holds(NULL));
    site.part = "HTTP/1.1 206 Partial Content\r\nETag: \"a\"\r\nContent-Length: 5\r\n"
                "Content-Range: bytes 5-9/10\r\n\r\nworld";
    CHECK_INT(download(broken), 10);
    CHECK(holds("helloworld"));
    return site_close();
}

FIBER_TEST(nobody_is_asked_for_what_has_no_place)
{
    char *end;
    REQUIRE(site_open() == 0);
    end = site.path + strlen(site.path);
    strcpy(end, "/file");
    CHECK_INT(download(""), -ENOENT);
    CHECK(strstr(co_explain(-ENOENT), "cannot write /tmp/coronet-download-"));
    strcpy(end, "/");
    CHECK_INT(download(""), -EISDIR);
    *end = '\0';
    CHECK_INT(site.requests, 0);
    return site_close();
}

FIBER_TEST(what_is_malformed_is_told_without_its_secrets)
{
    static const char *const urls[] = {
        "", "example.org/x", "ftp://u:secret@h/", "http://", "http://u:secret@h:99999/"};
    co_http_response *response;
    struct co_http_fetch what = {.url = "http://h/", .method = "G T"};
    REQUIRE(site_open() == 0);
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        CHECK_INT(co_http_fetch(&response, site.client, &(struct co_http_fetch){.url = urls[i]}),
            CO_EINVALID);
        CHECK_STRING(co_explain(CO_EINVALID),
            "what is to be fetched is no URL of http or https (http://HOST/PATH)");
    }
    CHECK_INT(co_http_fetch(&response, site.client, &what), CO_EINVALID);
    CHECK_STRING(co_explain(CO_EINVALID), "the method of the request is malformed, or CONNECT");
    return site_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_whole_and_takes_the_others_place),
        cmocka_unit_test(who_refuses_leaves_the_file_as_it_was),
        cmocka_unit_test(who_refuses_says_why),
        cmocka_unit_test(c08_what_a_server_says_why_is_escaped_and_short),
        cmocka_unit_test(who_says_why_too_late_is_not_waited_for),
        cmocka_unit_test(what_broke_off_is_gone_on_with),
        cmocka_unit_test(nobody_is_asked_for_what_has_no_place),
        cmocka_unit_test(what_is_malformed_is_told_without_its_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
