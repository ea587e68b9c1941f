/* SPDX-License-Identifier: MIT */
#include "app/log.h"
#include "test.h"

#include <errno.h>

#define LINE_MAX 8192

static const struct co_http_event plain = {
    .peer = "192.0.2.1:4711",
    .scheme = "https",
    .method = {"GET", 3},
    .target = {"/a?b", 4},
    .host = {"example.org", 11},
    .major = 1,
    .minor = 1,
    .status = 200,
    .body_bytes = 5,
    .start_seconds = 1795316575,
    .duration_ns = 1500,
};

static void expect(enum co_log_format format, const struct co_http_event *event, const char *line)
{
    struct co_buf out = CO_BUF(LINE_MAX);
    co_log_request(&out, format, event);
    assert_int_equal(out.error, 0);
    co_buf_add_char(&out, '\0');
    assert_string_equal(out.at, line);
    co_buf_free(&out);
}

static void combined_line_is_that_of_other_servers(void **state)
{
    (void)state;
    expect(CO_LOG_COMBINED, &plain,
        "192.0.2.1 - - [22/Nov/2026:03:02:55 +0000] \"GET /a?b HTTP/1.1\" 200 5 \"-\" \"-\"\n");
}

static void combined_names_the_peer_without_port(void **state)
{
    static const char *const peers[][2] = {
        {"[2001:db8::1]:80", "2001:db8::1"}, {"unix:/run/a:b", "-"}, {"unix:", "-"}};
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(peers); i++) {
        struct co_http_event event = plain;
        struct co_buf out = CO_BUF(LINE_MAX);
        event.peer = peers[i][0];
        co_log_request(&out, CO_LOG_COMBINED, &event);
        size_t size = strlen(peers[i][1]);
        assert_memory_equal(out.at, peers[i][1], size);
        assert_memory_equal(out.at + size, " - - [", 6);
        co_buf_free(&out);
    }
}

static void combined_keeps_to_one_line_and_its_fields_m10(void **state)
{
    struct co_http_event event = plain;
    (void)state;
    event.target = CO_TEXT("/\" 200 1 \"x\n\x1b[2J\x7f\\");
    event.referer = CO_TEXT("\r\n127.0.0.1 - -");
    event.user_agent = CO_TEXT("\xff\xc3\xa9");
    event.user = CO_TEXT("ann [\"\n");
    expect(CO_LOG_COMBINED, &event,
        "192.0.2.1 - ann\\x20[\\x22\\x0A [22/Nov/2026:03:02:55 +0000] "
        "\"GET /\\x22 200 1 \\x22x\\x0A\\x1B[2J\\x7F\\x5C HTTP/1.1\" 200 5 "
        "\"\\x0D\\x0A127.0.0.1 - -\" \"\\xFF\\xC3\\xA9\"\n");
}

static void combined_has_a_dash_for_what_was_no_request(void **state)
{
    struct co_http_event event = plain;
    (void)state;
    event.target = (co_text){NULL, 0};
    expect(CO_LOG_COMBINED, &event,
        "192.0.2.1 - - [22/Nov/2026:03:02:55 +0000] \"GET\" 200 5 \"-\" \"-\"\n");
    event.method = event.target;
    event.status = 0;
    expect(CO_LOG_COMBINED, &event,
        "192.0.2.1 - - [22/Nov/2026:03:02:55 +0000] \"-\" 000 5 \"-\" \"-\"\n");
}

static void json_is_one_object_on_one_line_m10(void **state)
{
    struct co_http_event event = plain;
    (void)state;
    event.user_agent = CO_TEXT("\"\n\xff");
    event.error = CO_EDEADLINE;
    event.user = CO_TEXT("\"ann\n");
    expect(CO_LOG_JSON, &event,
        "{\"event\":\"request\",\"time\":\"2026-11-22T03:02:55Z\",\"peer\":\"192.0.2.1:4711\","
        "\"method\":\"GET\",\"target\":\"/"
        "a?b\",\"scheme\":\"https\",\"host\":\"example.org\",\"user\":\"\\\"ann\\n\","
        "\"version\":\"HTTP/1.1\","
        "\"status\":200,\"body_bytes\":5,\"duration_us\":1,\"referer\":\"\","
        "\"user_agent\":\"\\\"\\n\xef\xbf\xbd\",\"error\":\"CO_EDEADLINE\"}\n");
}

static void a_full_buffer_is_an_error_and_no_half_line(void **state)
{
    struct co_buf out = CO_BUF(64);
    (void)state;
    co_log_request(&out, CO_LOG_COMBINED, &plain);
    assert_int_equal(out.error, CO_ETOOBIG);
    co_buf_free(&out);
}

static void event_has_a_name_and_a_value(void **state)
{
    struct co_buf out = CO_BUF(LINE_MAX);
    (void)state;
    co_log_event(&out, "listening", "url", "http://\"/");
    co_log_event(&out, "ready", NULL, NULL);
    co_buf_add_char(&out, '\0');
    assert_string_equal(
        out.at, "{\"event\":\"listening\",\"url\":\"http://\\\"/\"}\n{\"event\":\"ready\"}\n");
    co_buf_free(&out);
}

static void expect_ftp_in(
    enum co_log_format format, const struct co_ftp_event *event, const char *line)
{
    struct co_buf out = CO_BUF(LINE_MAX);
    co_log_ftp(&out, format, event);
    assert_int_equal(out.error, 0);
    assert_text(co_buf_text(&out), line);
    co_buf_free(&out);
}

static void expect_ftp(const struct co_ftp_event *event, const char *line)
{
    expect_ftp_in(CO_LOG_XFERLOG, event, line);
}

static void a_refused_transfer_has_a_line(void **state)
{
    (void)state;
    struct co_ftp_event event = {
        .kind = CO_FTP_UPLOADED,
        .peer = "192.0.2.1:4711",
        .scheme = "ftp",
        .user = CO_TEXT("ann"),
        .command = CO_TEXT("STOR"),
        .path = CO_TEXT("/a b"),
        .reply = 553,
        .refused = true,
        .start_seconds = 1795316575,
        .error = -EISDIR,
    };
    expect_ftp_in(CO_LOG_COMBINED, &event,
        "192.0.2.1 - ann [22/Nov/2026:03:02:55 +0000] \"STOR /a\\x20b FTP\" 553 0 \"-\" \"-\"\n");
    expect_ftp_in(CO_LOG_JSON, &event,
        "{\"event\":\"upload\",\"time\":\"2026-11-22T03:02:55Z\",\"peer\":\"192.0.2.1:4711\","
        "\"scheme\":\"ftp\",\"user\":\"ann\",\"command\":\"STOR\",\"path\":\"/a b\","
        "\"version\":\"FTP\",\"status\":553,\"body_bytes\":0,\"duration_us\":0,"
        "\"error\":\"EISDIR\"}\n");
}

static void xferlog_has_each_file_and_nothing_else(void **state)
{
    (void)state;
    struct co_ftp_event event = {
        .kind = CO_FTP_DOWNLOADED,
        .peer = "192.0.2.1:4711",
        .user = CO_TEXT("ann"),
        .command = CO_TEXT("RETR"),
        .path = CO_TEXT("/a.txt"),
        .bytes = 512,
        .start_seconds = 1795316575,
        .duration_ns = 2500000000,
    };
    expect_ftp(&event, "Sun Nov 22 03:02:57 2026 3 192.0.2.1 512 /a.txt b _ o r ann ftp 0 * c\n");
    event.user = CO_TEXT("ftp");
    event.ascii = true;
    event.duration_ns = 0;
    event.error = -1;
    expect_ftp(
        &event, "Sun Nov 22 03:02:55 2026 1 192.0.2.1 512 /a.txt a _ o a anonymous ftp 0 * i\n");
    event.kind = CO_FTP_UPLOADED;
    event.peer = "[2001:db8::1]:80";
    event.user = CO_TEXT("a b");
    event.path = CO_TEXT("/a b\n\tc");
    expect_ftp(
        &event, "Sun Nov 22 03:02:55 2026 1 2001:db8::1 512 /a_b__c a _ i r a_b ftp 0 * i\n");
    event.refused = true; /* nothing went */
    expect_ftp(&event, "");
    event.refused = false;
    event.kind = CO_FTP_LISTED;
    expect_ftp(&event, "");
    event.kind = CO_FTP_LOGGED_IN;
    expect_ftp(&event, "");
    expect(CO_LOG_XFERLOG, &plain, "");
}

static void expect_transfer(const struct co_http_transfer *transfer, const char *line)
{
    struct co_buf out = CO_BUF(LINE_MAX);
    co_log_transfer(&out, transfer);
    assert_int_equal(out.error, 0);
    assert_text(co_buf_text(&out), line);
    co_buf_free(&out);
}

static void xferlog_has_the_files_of_http_too(void **state)
{
    (void)state;
    struct co_http_transfer transfer = {
        .peer = "192.0.2.1:4711",
        .path = CO_TEXT("/a b.txt"),
        .bytes = 512,
        .start_seconds = 1795316575,
        .duration_ns = 2500000000,
    };
    expect_transfer(&transfer,
        "Sun Nov 22 03:02:57 2026 3 192.0.2.1 512 /a_b.txt b _ o a anonymous http 0 * c\n");
    transfer.is_upload = true;
    transfer.user = CO_TEXT("ann");
    transfer.error = CO_EEOF;
    expect_transfer(
        &transfer, "Sun Nov 22 03:02:57 2026 3 192.0.2.1 512 /a_b.txt b _ i r ann http 0 * i\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(combined_line_is_that_of_other_servers),
        cmocka_unit_test(combined_names_the_peer_without_port),
        cmocka_unit_test(combined_keeps_to_one_line_and_its_fields_m10),
        cmocka_unit_test(combined_has_a_dash_for_what_was_no_request),
        cmocka_unit_test(json_is_one_object_on_one_line_m10),
        cmocka_unit_test(a_full_buffer_is_an_error_and_no_half_line),
        cmocka_unit_test(a_refused_transfer_has_a_line),
        cmocka_unit_test(xferlog_has_each_file_and_nothing_else),
        cmocka_unit_test(xferlog_has_the_files_of_http_too),
        cmocka_unit_test(event_has_a_name_and_a_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
