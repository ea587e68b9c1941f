/* SPDX-License-Identifier: MIT */
/* Writing into a served folder: PUT, DELETE, MKCOL, MOVE, forms; what is refused, and when. */
#include "accounts_rig.h"

/* ---- PUT ----------------------------------------------------------------------------------------
 */

static void puts_a_file_and_tells_its_etag_rfc9110_9_3_4(void **state)
{
    (void)state;
    assert_int_equal(ask_with("PUT", "/a%20b.txt", ANN, "hello\n"), 201);
    assert_field("Location", "/a%20b.txt");
    char tag[64];
    snprintf(tag, sizeof tag, "%s", field("ETag"));
    assert_content("a b.txt", "hello\n");
    assert_int_equal(get("/a%20b.txt"), 200);
    assert_field("ETag", tag);
    assert_int_equal(ask_with("PUT", "/a%20b.txt", ANN, ""), 204);
    assert_string_not_equal(field("ETag"), tag);
    assert_no_field("Location");
    assert_content("a b.txt", "");
    assert_int_equal(accounts.left, 2);
}

static void puts_a_chunked_body_of_any_size(void **state)
{
    (void)state;
    static char request[400000];
    size_t at = (size_t)snprintf(request, sizeof request,
        "PUT /big HTTP/1.1\r\nHost: a\r\n" ANN "Transfer-Encoding: chunked\r\n\r\n");
    for (unsigned i = 0; i < 60; i++)
        at += (size_t)snprintf(
            request + at, sizeof request - at, "1388\r\n%.5000s\r\n", plain_bytes(5000));
    snprintf(request + at, sizeof request - at, "0\r\n\r\n");
    talk(request);
    assert_memory_equal(site.got, "HTTP/1.1 201", 12);
    struct stat st;
    assert_int_equal(fstatat(site.fd, "big", &st, 0), 0);
    assert_int_equal(st.st_size, 300000);
}

static void a_body_may_be_larger_than_those_of_other_handlers(void **state)
{
    (void)state;
    static char body[1500000], request[sizeof body + 200];
    memset(body, 'x', sizeof body - 1);
    snprintf(request, sizeof request,
        "PUT /big HTTP/1.1\r\nHost: a\r\n" ANN "Content-Length: %zu\r\n\r\n%s", sizeof body - 1,
        body);
    talk(request);
    assert_memory_equal(site.got, "HTTP/1.1 201", 12);
    assert_int_equal(
        ask("DELETE", "/big", ANN "Content-Length: 9000000\r\n"), 413); /* that one may not */
    assert_true(exists("big"));
}

static void what_is_put_must_have_a_length_and_be_as_it_is(void **state)
{
    (void)state;
    assert_int_equal(ask("PUT", "/a", ANN), 411);
    assert_int_equal(ask_with("PUT", "/a", ANN "Content-Encoding: gzip\r\n", "x"), 415);
    assert_int_equal(ask_with("PUT", "/a", ANN "Content-Encoding: identity\r\n", "x"), 201);
    serve_accounts((struct co_http_files_options){.upload_bytes_max = 3});
    assert_int_equal(ask_with("PUT", "/b", ANN, "four"), 413);
    assert_int_equal(ask_with("PUT", "/b", ANN, "six"), 201);
    talk("PUT /b HTTP/1.1\r\nHost: a\r\n" ANN
         "Transfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n0\r\n\r\n");
    assert_memory_equal(site.got, "HTTP/1.1 413", 12);
    assert_content("b", "six");
}

static void nothing_is_put_where_no_file_can_be(void **state)
{
    (void)state;
    put_folder("sub");
    put_text("file", "x");
    assert_int_equal(ask_with("PUT", "/sub", ANN, "x"), 405);
    assert_non_null(field("Allow"));
    assert_int_equal(ask_with("PUT", "/sub/", ANN, "x"), 405);
    assert_int_equal(ask_with("PUT", "/", ANN, "x"), 405);
    assert_int_equal(ask_with("PUT", "/none/x", ANN, "x"), 409);
    assert_int_equal(ask_with("PUT", "/file/x", ANN, "x"), 409);
    assert_int_equal(ask_with("PUT", "/.hidden", ANN, "x"), 403);
    assert_int_equal(ask_with("PUT", "/../x", ANN, "x"), 400);
}

static void h12_nothing_outside_can_be_written(void **state)
{
    (void)state;
    assert_int_equal(symlinkat("/tmp", site.fd, "out"), 0);
    static const char *const targets[] = {"/out/coronet-escaped", "/%2e%2e/coronet-escaped",
        "/..%2fcoronet-escaped", "/x/../../coronet-escaped"};
    for (size_t i = 0; i < CO_LENGTH(targets); i++) {
        assert_in_range(ask_with("PUT", targets[i], ANN, "x"), 400, 409);
        assert_in_range(ask("MKCOL", targets[i], ANN), 400, 409);
        char destination[128];
        put_text("a", "x");
        snprintf(destination, sizeof destination, ANN "Destination: %s\r\n", targets[i]);
        assert_in_range(ask("MOVE", "/a", destination), 400, 409);
    }
    assert_int_equal(access("/tmp/coronet-escaped", F_OK), -1);
}

static void a_body_is_asked_for_only_when_all_else_is_well_rfc9110_10_1_1(void **state)
{
    (void)state;
    put_text("there", "x");
    put_folder("sub");
    static const struct {
        const char *target, *fields;
        int status;
    } refused[] = {
        {"/a", "Content-Length: 1\r\n", 401},
        {"/a", READER "Content-Length: 1\r\n", 403},
        {"/a", ANN "Content-Length: 1\r\nOrigin: http://evil\r\n", 403},
        {"/none/a", ANN "Content-Length: 1\r\n", 409},
        {"/sub", ANN "Content-Length: 1\r\n", 405},
        {"/there", ANN "Content-Length: 1\r\nIf-None-Match: *\r\n", 412},
        {"/a", ANN "Content-Length: 1\r\nIf-Match: *\r\n", 412},
        {"/a", ANN "Content-Length: 11\r\n", 413},
        {"/a", ANN "Content-Length: 1\r\nContent-Encoding: br\r\n", 415},
        {"/a", ANN "Content-Length: 1\r\nContent-Range: bytes 5-5/6\r\n", 409},
    };
    serve_accounts((struct co_http_files_options){.upload_bytes_max = 10});
    for (size_t i = 0; i < CO_LENGTH(refused); i++) {
        char fields[512];
        snprintf(fields, sizeof fields, "%sExpect: 100-continue\r\n", refused[i].fields);
        assert_int_equal(ask("PUT", refused[i].target, fields), refused[i].status);
        assert_field("Connection", "close");
    }
    assert_int_equal(ask("PUT", "/a", ANN "Content-Length: 1\r\nExpect: 100-continue\r\n"), 100);
}

static void conditions_hold_for_put_and_delete_rfc9110_13(void **state)
{
    (void)state;
    put_text("a", "old");
    set_time("a", 1700000000);
    assert_int_equal(get("/a"), 200);
    char match[128], none_match[128];
    snprintf(match, sizeof match, ANN "If-Match: %s\r\n", field("ETag"));
    snprintf(none_match, sizeof none_match, ANN "If-None-Match: %s\r\n", field("ETag"));
    const char *before = ANN "If-Unmodified-Since: Tue, 14 Nov 2023 22:13:19 GMT\r\n";
    const char *at = ANN "If-Unmodified-Since: Tue, 14 Nov 2023 22:13:20 GMT\r\n";
    assert_int_equal(ask_with("PUT", "/a", before, "new"), 412);
    assert_int_equal(ask_with("PUT", "/a", none_match, "new"), 412);
    assert_int_equal(ask_with("PUT", "/a", ANN "If-Match: \"x\"\r\n", "new"), 412);
    assert_int_equal(ask("DELETE", "/a", before), 412);
    assert_int_equal(ask("DELETE", "/a", none_match), 412);
    assert_content("a", "old");
    assert_int_equal(ask_with("PUT", "/a", at, "one"), 204);
    assert_int_equal(ask("DELETE", "/a", match), 412);
    assert_int_equal(ask_with("PUT", "/a", match, "two"), 412);
    assert_content("a", "one");
    assert_int_equal(ask("DELETE", "/a", ANN "If-Match: *\r\n"), 204);
    assert_int_equal(ask_with("PUT", "/a", ANN "If-None-Match: *\r\n", "new"), 201);
    assert_int_equal(ask_with("PUT", "/a", ANN "If-None-Match: *\r\n", "newer"), 412);
    assert_content("a", "new");
}

/* ---- uploads in parts -------------------------------------------------------------------------
 */

static void an_upload_that_was_cut_off_goes_on_rfc9110_14_5(void **state)
{
    (void)state;
    talk("PUT /a HTTP/1.1\r\nHost: a\r\n" ANN "Content-Length: 10\r\n\r\n01234");
    assert_memory_equal(site.got, "HTTP/1.1 400", 12);
    assert_false(exists("a"));
    assert_int_equal(ask("HEAD", "/a", ANN), 404);
    assert_field("Upload-Offset", "5");
    assert_int_equal(ask("HEAD", "/a", ""), 404);
    assert_no_field("Upload-Offset");
    assert_int_equal(ask("GET", "/", ANN), 200);
    assert_in_body("This folder is empty.");
    assert_int_equal(ask_with("PUT", "/a", ANN "Content-Range: bytes 5-9/10\r\n", "56789"), 201);
    assert_content("a", "0123456789");
    assert_int_equal(ask("HEAD", "/a", ANN), 200);
    assert_no_field("Upload-Offset");
}

static void a_file_comes_in_parts_and_appears_with_the_last(void **state)
{
    (void)state;
    assert_int_equal(ask_with("PUT", "/a", ANN "Content-Range: bytes 0-2/9\r\n", "012"), 202);
    assert_field("Upload-Offset", "3");
    assert_int_equal(ask_with("PUT", "/a", ANN "Content-Range: bytes 3-5/*\r\n", "345"), 202);
    assert_field("Upload-Offset", "6");
    assert_false(exists("a"));
    assert_int_equal(ask_with("PUT", "/a", ANN "Content-Range: bytes 7-8/9\r\n", "78"), 409);
    assert_field("Upload-Offset", "6");
    assert_int_equal(ask_with("PUT", "/a", ANN "Content-Range: bytes 6-8/9\r\n", "678"), 201);
    assert_content("a", "012345678");
    assert_int_equal(ask_with("PUT", "/a", ANN "Content-Range: bytes 9-9/10\r\n", "9"), 204);
    assert_content("a", "0123456789");
}

static void a_part_by_version_goes_on_from_nothing_else_c12(void **state)
{
    (void)state;
#define VERSION(name) ANN "Upload-Version: " name "\r\n"
    const char *first = VERSION("one") "Content-Range: bytes 0-2/6\r\n";
    assert_int_equal(ask_with("PUT", "/a", first, "one"), 202);
    assert_int_equal(ask("HEAD", "/a", VERSION("one")), 404);
    assert_field("Upload-Offset", "3");
    assert_field("Upload-Version", "one");
    assert_int_equal(ask("HEAD", "/a", VERSION("two")), 404);
    assert_no_field("Upload-Offset");
    assert_field("Upload-Version", "two");
    assert_int_equal(ask("HEAD", "/a", ANN), 404);
    assert_no_field("Upload-Offset");
    put_text("a", "whole file");
    const char *rest = VERSION("two") "Content-Range: bytes 3-5/6\r\n";
    assert_int_equal(ask_with("PUT", "/a", rest, "two"), 409);
    assert_field("Upload-Offset", "0");
    assert_content("a", "whole file");
    assert_int_equal(ask_with("PUT", "/b", first, "one"), 202);
    assert_int_equal(
        ask_with("PUT", "/b", VERSION("one") "Content-Range: bytes 3-5/6\r\n", "ONE"), 201);
    assert_content("b", "oneONE");
#undef VERSION
}

static void parts_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const char *const ranges[] = {"bytes 0-2/9", "bytes 0-0/1x", "bytes */9", "lines 0-0/9"};
    for (size_t i = 0; i < CO_LENGTH(ranges); i++) {
        char fields[128];
        snprintf(fields, sizeof fields, ANN "Content-Range: %s\r\n", ranges[i]);
        assert_int_equal(ask_with("PUT", "/a", fields, "x"), 400);
    }
    talk("PUT /a HTTP/1.1\r\nHost: a\r\n" ANN "Content-Range: bytes 0-2/3\r\n"
         "Transfer-Encoding: chunked\r\n\r\n2\r\n01\r\n0\r\n\r\n");
    assert_memory_equal(site.got, "HTTP/1.1 400", 12);
    assert_false(exists("a"));
}

static void partial_uploads_are_their_uploaders_alone(void **state)
{
    (void)state;
    serve_accounts((struct co_http_files_options){.anonymous_rights = CO_MAY_ALL});
    assert_int_equal(ask_with("PUT", "/a", ANN "Content-Range: bytes 0-2/9\r\n", "012"), 202);
    assert_int_equal(ask("HEAD", "/a", ""), 404);
    assert_no_field("Upload-Offset");
    assert_int_equal(ask_with("PUT", "/a", "Content-Range: bytes 3-8/9\r\n", "345678"), 409);
    assert_field("Upload-Offset", "0");
}

static void partial_uploads_of_the_anonymous_are_their_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *peer;
        bool same;
    } others[] = {{"10.0.0.1:2", true}, {"[::ffff:10.0.0.1]:1", true}, {"10.0.0.2:1", false},
        {"[2001:db8::1]:1", false}};
    serve_accounts((struct co_http_files_options){.anonymous_rights = CO_MAY_ALL});
    assert_int_equal(co_address_parse("10.0.0.1:1", -1, &site.peer), 0);
    assert_int_equal(ask_with("PUT", "/a", "Content-Range: bytes 0-2/9\r\n", "012"), 202);
    for (size_t i = 0; i < CO_LENGTH(others); i++) {
        assert_int_equal(co_address_parse(others[i].peer, -1, &site.peer), 0);
        assert_int_equal(ask("HEAD", "/a", ""), 404);
        assert_int_equal(field("Upload-Offset") != NULL, others[i].same);
    }
}

/* ---- failures ---------------------------------------------------------------------------------
 */

static void no_more_than_the_quota_is_kept_and_the_old_file_stays_m04(void **state)
{
    (void)state;
    put_folder("bob");
    assert_int_equal(ask_with("PUT", "/a", BOB, "old"), 201);
    accounts.quota.bytes_max = 10;
    assert_int_equal(ask_with("PUT", "/a", BOB, "more than ten bytes"), 507);
    assert_content("bob/a", "old");
    assert_int_equal(ask_with("PUT", "/b", BOB, "7 bytes"), 201); /* no room is lost to it */
    assert_int_equal(ask("DELETE", "/b", BOB), 204);
    assert_int_equal(ask_with("PUT", "/a", BOB, "less"), 204);
    assert_content("bob/a", "less");
    assert_int_equal(ask("DELETE", "/a", BOB), 204);
    assert_int_equal(accounts.quota.bytes_used, 0);
}

struct upload {
    co_stream *peer;
    char answer[16];
};

static void upload_begin(struct upload *upload, co_group *group, const char *text)
{
    upload->peer = site_connect(group, 65536);
    assert_int_equal(co_write(upload->peer, text, strlen(text)), 0);
    assert_int_equal(co_sleep(20), 0);
}

static void upload_end(struct upload *upload, const char *text)
{
    char rest[512];
    assert_int_equal(co_write(upload->peer, text, strlen(text)), 0);
    assert_int_equal(co_shutdown_write(upload->peer), 0);
    assert_true(co_read(upload->peer, upload->answer, 12) > 0);
    while (co_read(upload->peer, rest, sizeof rest) > 0)
        ;
    assert_int_equal(co_close(upload->peer), 0);
}

static void of_two_uploads_the_last_complete_one_wins_whole_m05(void **state)
{
    (void)state;
    static const char head[] = "PUT /a HTTP/1.1\r\nHost: a\r\n" ANN "Content-Length: 6\r\n\r\n";
    char one_text[256], two_text[256];
    struct upload one = {0}, two = {0};
    co_group group;
    co_group_open(&group, NULL);
    snprintf(one_text, sizeof one_text, "%sone", head);
    snprintf(two_text, sizeof two_text, "%stwo", head);
    upload_begin(&one, &group, one_text);
    upload_begin(&two, &group, two_text);
    assert_false(exists("a"));
    upload_end(&two, "TWO");
    assert_content("a", "twoTWO");
    upload_end(&one, "ONE");
    assert_int_equal(co_group_close(&group), 0);
    assert_content("a", "oneONE");
    assert_memory_equal(two.answer, "HTTP/1.1 201", 12);
    assert_memory_equal(one.answer, "HTTP/1.1 20", 11);
}

/* A byte a second is below the minimum rate. In virtual time only: it takes a quarter of a minute.
 */
static void a_slow_upload_is_cut_h18(void **state)
{
    (void)state;
    char head[256], answer[16] = "";
    struct upload upload;
    co_group group;
    if (strcmp(co_backend_name(), "virtual") != 0)
        return;
    co_group_open(&group, NULL);
    snprintf(head, sizeof head, "PUT /a HTTP/1.1\r\nHost: a\r\n" ANN "Content-Length: 99\r\n\r\n");
    int64_t start = co_now_ns();
    upload_begin(&upload, &group, head);
    while (site.error == 0 && co_write(upload.peer, "x", 1) == 0)
        co_sleep(1000);
    assert_in_range((co_now_ns() - start) / CO_SECOND, 14, 20);
    assert_true(co_read(upload.peer, answer, 12) > 0);
    assert_memory_equal(answer, "HTTP/1.1 408", 12);
    co_abort(upload.peer);
    assert_int_equal(co_group_close(&group), 0);
    assert_false(exists("a"));
}

static void a_malformed_body_leaves_the_old_file(void **state)
{
    (void)state;
    put_text("a", "old");
    talk("PUT /a HTTP/1.1\r\nHost: a\r\n" ANN
         "Transfer-Encoding: chunked\r\n\r\n3\r\nnew\r\nxx\r\n");
    assert_memory_equal(site.got, "HTTP/1.1 400", 12);
    talk("PUT /a HTTP/1.1\r\nHost: a\r\n" ANN "Transfer-Encoding: chunked\r\n\r\n3\r\nnew\r\n");
    assert_memory_equal(site.got, "HTTP/1.1 400", 12);
    assert_content("a", "old");
}

/* ---- other sites ------------------------------------------------------------------------------
 */

static void pages_of_other_sites_change_nothing(void **state)
{
    (void)state;
    put_text("a", "x");
    static const char *const foreign[] = {"Origin: http://evil\r\n", "Origin: null\r\n",
        "Origin: http://a:81\r\n", "Origin: http://a.evil\r\n", "Origin: a\r\n",
        "Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n",
        "Sec-Fetch-Site: cross-site\r\nOrigin: http://a\r\n"};
    static const char *const ours[] = {"", "Origin: http://a\r\n", "Origin: https://A\r\n",
        "Sec-Fetch-Site: same-origin\r\n", "Sec-Fetch-Site: none\r\n"};
    char fields[512];
    for (size_t i = 0; i < CO_LENGTH(foreign); i++) {
        snprintf(fields, sizeof fields, ANN "%s", foreign[i]);
        assert_int_equal(ask("DELETE", "/a", fields), 403);
        assert_int_equal(ask_with("PUT", "/a", fields, "y"), 403);
        assert_int_equal(ask("GET", "/a", fields), 200);
    }
    assert_content("a", "x");
    for (size_t i = 0; i < CO_LENGTH(ours); i++) {
        snprintf(fields, sizeof fields, ANN "%s", ours[i]);
        assert_int_equal(ask_with("PUT", "/a", fields, "y"), 204);
    }
}

/* ---- DELETE, MKCOL, MOVE ----------------------------------------------------------------------
 */

static void deletes_files_and_empty_folders(void **state)
{
    (void)state;
    put_folder("sub");
    put_text("sub/a", "x");
    assert_int_equal(symlinkat("sub", site.fd, "link"), 0);
    assert_int_equal(symlinkat("/tmp", site.fd, "out"), 0);
    assert_int_equal(symlinkat("none", site.fd, "dangling"), 0);
    assert_int_equal(ask("DELETE", "/sub/", ANN), 409);
    assert_int_equal(ask("DELETE", "/sub", ANN), 409);
    assert_int_equal(ask("DELETE", "/sub/a/", ANN), 404);
    assert_int_equal(ask("DELETE", "/sub/none", ANN), 404);
    assert_int_equal(ask("DELETE", "/out", ANN), 404);
    assert_int_equal(ask("DELETE", "/dangling", ANN), 204);
    assert_int_equal(ask("DELETE", "/link", ANN), 204);
    assert_int_equal(ask("DELETE", "/sub/a", ANN), 204);
    assert_int_equal(ask("DELETE", "/sub", ANN), 204);
    assert_int_equal(ask("DELETE", "/", ANN), 403);
    assert_false(exists("sub") || exists("link"));
}

static void makes_folders_rfc4918_9_3(void **state)
{
    (void)state;
    assert_int_equal(ask("MKCOL", "/a%20b", ANN), 201);
    assert_field("Location", "/a%20b/");
    assert_int_equal(ask("MKCOL", "/c/", ANN), 201);
    assert_field("Location", "/c/");
    assert_int_equal(ask("MKCOL", "/c/", ANN), 405);
    assert_int_equal(ask("MKCOL", "/", ANN), 405);
    assert_int_equal(ask("MKCOL", "/none/d/", ANN), 409);
    assert_int_equal(ask_with("MKCOL", "/d/", ANN, "<x/>"), 415);
    assert_int_equal(ask("MKCOL", "/.d/", ANN), 403);
    assert_true(exists("a b") && exists("c") && !exists("d"));
}

/* As it comes: "1\r\nx\r\n0\r\n\r\n". */
static int ask_in_chunks(
    const char *method, const char *target, const char *fields, const char *body)
{
    char request[512];
    snprintf(request, sizeof request,
        "%s %s HTTP/1.1\r\nHost: a\r\n" ANN "%sTransfer-Encoding: chunked\r\n\r\n%s", method,
        target, fields, body);
    talk(request);
    assert_memory_equal(site.got, "HTTP/1.1 ", 9);
    return atoi(site.got + 9);
}

static void a_body_that_would_be_ignored_is_refused_rfc4918_8_4(void **state)
{
    static const char *const methods[] = {"DELETE", "MOVE", "MKCOL"};
    static const char *const targets[] = {"/a", "/b", "/d"};
    (void)state;
    put_text("a", "x");
    put_text("b", "y");
    for (size_t i = 0; i < CO_LENGTH(methods); i++) {
        const char *method = methods[i], *target = targets[i], *to = "Destination: /c\r\n";
        assert_int_equal(ask_with(method, target, ANN "Destination: /c\r\n", "<x/>"), 415);
        assert_int_equal(ask_in_chunks(method, target, to, "1\r\nx\r\n0\r\n\r\n"), 415);
        assert_int_equal(ask_in_chunks(method, target, to, "1\r\n"), 400);
        const char *patient = "Expect: 100-continue\r\nDestination: /c\r\n";
        assert_int_equal(ask_in_chunks(method, target, patient, ""), 415);
    }
    assert_true(exists("a") && exists("b") && !exists("c") && !exists("d"));
    assert_int_equal(ask_in_chunks("DELETE", "/a", "", "0\r\n\r\n"), 204); /* there is none */
    assert_int_equal(ask_in_chunks("MOVE", "/b", "Destination: /c\r\n", "0\r\n\r\n"), 201);
    assert_int_equal(ask_in_chunks("MKCOL", "/d", "", "0\r\n\r\n"), 201);
    assert_true(!exists("a") && !exists("b") && exists("c") && exists("d"));
}

static int move(const char *from, const char *to, const char *fields)
{
    char all[512];
    snprintf(all, sizeof all, ANN "%sDestination: %s\r\n", fields, to);
    return ask("MOVE", from, all);
}

static void moves_within_this_host_rfc4918_9_9(void **state)
{
    (void)state;
    put_text("a", "x");
    put_folder("sub");
    assert_int_equal(move("/a", "/sub/b%20c", ""), 201);
    assert_field("Location", "/sub/b%20c");
    assert_int_equal(move("/sub/b%20c", "http://a/d", ""), 201);
    assert_int_equal(move("/d", "https://a:80/e", ""), 502);
    assert_int_equal(move("/d", "https://A:443/f", ""), 201); /* before us is who speaks TLS */
    assert_int_equal(move("/f", "http://A:80/e", ""), 201);
    assert_int_equal(
        move("/e", "HTTP://a/e?x=/y", ""), 403); /* itself: a query names nothing else */
    assert_int_equal(move("/sub/", "/renamed/", ""), 201);
    assert_true(exists("renamed") && !exists("sub"));
    assert_content("e", "x");
    static const char *const foreign[] = {
        "http://evil/x", "//evil/x", "ftp://a/x", "x", "http://a", "http://a:81/x", "/x#y"};
    for (size_t i = 0; i < CO_LENGTH(foreign); i++)
        assert_in_range(move("/e", foreign[i], ""), 400, 502);
    assert_content("e", "x");
}

static void a_move_replaces_only_if_it_may(void **state)
{
    (void)state;
    put_text("a", "a");
    put_text("b", "b");
    put_folder("sub");
    put_text("sub/x", "x");
    assert_int_equal(move("/a", "/b", "Overwrite: F\r\n"), 412);
    assert_int_equal(move("/a", "/b", "Overwrite: f\r\n"), 412); /* as RFC 2616 2.1 has literals */
    assert_int_equal(move("/a", "/b", "Overwrite: maybe\r\n"), 400);
    assert_int_equal(move("/a", "/sub", ""), 409);
    assert_int_equal(move("/a", "/sub/", ""), 409);
    assert_in_body("A folder is in the way");
    assert_int_equal(move("/sub", "/a", "Overwrite: t\r\n"), 409);
    assert_in_body("A file is in the way");
    assert_int_equal(move("/a", "/a", ""), 403);
    assert_int_equal(move("/none", "/c", ""), 404);
    assert_int_equal(move("/a", "/none/c", ""), 409);
    assert_int_equal(move("/sub", "/sub/below", ""), 409);
    assert_int_equal(move("/", "/c", ""), 403);
    assert_int_equal(move("/a", "/../c", ""), 403);
    assert_int_equal(move("/a", "/.c", ""), 403);
    assert_int_equal(ask("MOVE", "/a", ANN), 400);
    assert_content("b", "b");
    assert_int_equal(move("/a", "/b", ""), 204);
    assert_content("b", "a");
    assert_false(exists("a"));
}

static void a_folder_with_a_place_of_its_own_moves_within_it(void **state)
{
    (void)state;
    put_text("a", "a");
    serve_at("/pub/", &(struct co_http_files_options){.anonymous_rights = CO_MAY_ALL});
    assert_int_equal(ask("MOVE", "/pub/a", "Destination: /other/b\r\n"), 502);
    assert_int_equal(ask("MOVE", "/pub/a", "Destination: /pub/b\r\n"), 201);
    assert_field("Location", "/pub/b");
    assert_content("b", "a");
}

/* ---- forms ------------------------------------------------------------------------------------
 */

static void a_form_stores_its_files_rfc7578(void **state)
{
    (void)state;
    put_folder("sub");
    static const char body[] = PART("a.txt", "one") PART(
        "tree/deep/b", "two") "--XX\r\nContent-Disposition: form-data; name=x\r\n\r\ny\r\n" PART("",
        "") "--XX--\r\n";
    assert_int_equal(ask_with("POST", "/sub/", ANN FORM, body), 303);
    assert_field("Location", "/sub/");
    assert_content("sub/a.txt", "one");
    assert_content("sub/tree/deep/b", "two");
    assert_int_equal(
        ask_with("POST", "/", ANN FORM "Accept: application/json\r\n", PART("\\\"q", "1") "--XX--"),
        201);
    assert_string_equal(site.body, "{\"files\":[\n{\"name\":\"\\\"q\",\"bytes\":1}]}\n");
}

static void h12_names_in_forms_lead_nowhere(void **state)
{
    (void)state;
    static const char body[] =
        PART("../../up", "1") PART("/etc/root", "2") PART("C:\\x\\win", "3") "--XX--";
    put_folder("sub");
    assert_int_equal(ask_with("POST", "/sub/", ANN FORM, body), 303);
    assert_content("sub/up", "1");
    assert_content("sub/root", "2");
    assert_content("sub/win", "3");
    assert_int_equal(ask_with("POST", "/sub/", ANN FORM, PART("..", "x") "--XX--"), 400);
    assert_int_equal(ask_with("POST", "/sub/", ANN FORM, PART(".x", "x") "--XX--"), 403);
    assert_int_equal(ask_with("POST", "/sub/", ANN FORM, PART("a\tb", "x") "--XX--"), 400);
}

static void a_form_that_is_cut_off_leaves_whole_files_only(void **state)
{
    (void)state;
    assert_int_equal(ask_with("POST", "/", ANN FORM, PART("a", "1") PART("b", "2") "--XX"), 400);
    assert_content("a", "1");
    assert_content("b", "2");
    assert_int_equal(ask_with("POST", "/", ANN FORM,
                         "--XX\r\nContent-Disposition: form-data; filename=c\r\n\r\nx"),
        400);
    assert_false(exists("c"));
    assert_int_equal(ask("HEAD", "/c", ANN), 404);
    assert_no_field("Upload-Offset");
}

static void a_form_goes_to_a_folder_and_is_one(void **state)
{
    (void)state;
    put_text("a", "x");
    assert_int_equal(ask_with("POST", "/a", ANN FORM, "--XX--"), 405);
    assert_int_equal(ask_with("POST", "/", ANN "Content-Type: text/plain\r\n", "x"), 415);
    assert_int_equal(ask_with("POST", "/", ANN, "x"), 415);
    assert_int_equal(ask_with("POST", "/", ANN FORM, "no form at all"), 400);
    assert_int_equal(ask_with("POST", "/", FORM, "--XX--"), 401);
    assert_int_equal(ask_with("POST", "/", ANN FORM "Origin: http://evil\r\n", "--XX--"), 403);
    assert_int_equal(ask_with("POST", "/", DROP FORM, PART("a", "y") "--XX--"), 403);
    assert_content("a", "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ACCOUNTS_TEST(puts_a_file_and_tells_its_etag_rfc9110_9_3_4),
        ACCOUNTS_TEST(puts_a_chunked_body_of_any_size),
        ACCOUNTS_TEST(a_body_may_be_larger_than_those_of_other_handlers),
        ACCOUNTS_TEST(what_is_put_must_have_a_length_and_be_as_it_is),
        ACCOUNTS_TEST(nothing_is_put_where_no_file_can_be),
        ACCOUNTS_TEST(h12_nothing_outside_can_be_written),
        ACCOUNTS_TEST(a_body_is_asked_for_only_when_all_else_is_well_rfc9110_10_1_1),
        ACCOUNTS_TEST(conditions_hold_for_put_and_delete_rfc9110_13),
        ACCOUNTS_TEST(an_upload_that_was_cut_off_goes_on_rfc9110_14_5),
        ACCOUNTS_TEST(a_file_comes_in_parts_and_appears_with_the_last),
        ACCOUNTS_TEST(a_part_by_version_goes_on_from_nothing_else_c12),
        ACCOUNTS_TEST(parts_that_make_no_sense_are_refused),
        ACCOUNTS_TEST(partial_uploads_are_their_uploaders_alone),
        ACCOUNTS_TEST(partial_uploads_of_the_anonymous_are_their_addresses),
        ACCOUNTS_TEST(no_more_than_the_quota_is_kept_and_the_old_file_stays_m04),
        ACCOUNTS_TEST(of_two_uploads_the_last_complete_one_wins_whole_m05),
        ACCOUNTS_TEST(a_slow_upload_is_cut_h18),
        ACCOUNTS_TEST(a_malformed_body_leaves_the_old_file),
        ACCOUNTS_TEST(pages_of_other_sites_change_nothing),
        ACCOUNTS_TEST(deletes_files_and_empty_folders),
        ACCOUNTS_TEST(makes_folders_rfc4918_9_3),
        ACCOUNTS_TEST(a_body_that_would_be_ignored_is_refused_rfc4918_8_4),
        ACCOUNTS_TEST(moves_within_this_host_rfc4918_9_9),
        ACCOUNTS_TEST(a_move_replaces_only_if_it_may),
        ACCOUNTS_TEST(a_folder_with_a_place_of_its_own_moves_within_it),
        ACCOUNTS_TEST(a_form_stores_its_files_rfc7578),
        ACCOUNTS_TEST(h12_names_in_forms_lead_nowhere),
        ACCOUNTS_TEST(a_form_that_is_cut_off_leaves_whole_files_only),
        ACCOUNTS_TEST(a_form_goes_to_a_folder_and_is_one),
    };
    return run_within(NULL, tests) || run_within("virtual", tests);
}
