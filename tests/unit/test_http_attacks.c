/* SPDX-License-Identifier: MIT */
/* What is tried against HTTP/1 servers: each test is named after its line in the list of attacks.
 */
#include "http/message.h"
#include "http_rig.h"

#define HOST "Host: a\r\n"

/* A smuggled second request would be answered, which rig_expect does not let pass. */
static void refuse(const char *head, int status)
{
    static char request[1 << 17];
    struct rig *rig = fresh();
    snprintf(request, sizeof request, "%s%s", head, GET_HELLO);
    rig_expect(rig, request, status);
    assert_got(rig, "Connection: close\r\n");
}

#define POST_WITH(fields) "POST /echo HTTP/1.1\r\n" HOST fields "\r\n"

static void h01_refuses_a_length_beside_a_coding(void **state)
{
    (void)state;
    refuse(POST_WITH("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") "0\r\n\r\n", 400);
    refuse(POST_WITH("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") "0\r\n\r\n", 400);
}

static void h02_refuses_unusual_lengths(void **state)
{
    (void)state;
    refuse(POST_WITH("Content-Length: \r\n"), 400);
    refuse(POST_WITH("Content-Length: +4\r\n") "body", 400);
    refuse(POST_WITH("Content-Length: 4,4\r\n") "body", 400);
    refuse(POST_WITH("Content-Length: 0x4\r\n") "body", 400);
    refuse(POST_WITH("Content-Length: -4\r\n") "body", 400);
    refuse(POST_WITH("Content-Length: 4\r\nContent-Length: 4\r\n") "body", 400);
    refuse(POST_WITH("Content-Length: \xd9\xa4\r\n") "body", 400);
}

static void h03_refuses_other_transfer_codings(void **state)
{
    (void)state;
    refuse(POST_WITH("Transfer-Encoding: xchunked\r\n") "0\r\n\r\n", 400);
    refuse(POST_WITH("Transfer-Encoding: gzip, chunked\r\n") "0\r\n\r\n", 501);
    refuse(POST_WITH("Transfer-Encoding: chunked, chunked\r\n") "0\r\n\r\n", 400);
    refuse("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
}

static void h04_refuses_odd_field_names(void **state)
{
    (void)state;
    refuse(POST_WITH(": empty\r\n"), 400);
    refuse(POST_WITH("Content-Length : 4\r\n") "body", 400);
    refuse(POST_WITH("X\x01Y: z\r\n"), 400);
}

/* A GET of exactly `size` bytes. */
static const char *head_of(size_t size)
{
    static char head[1 << 17];
    static const char start[] = "GET /hello HTTP/1.1\r\n" HOST;
    size_t at = sizeof start - 1;
    memcpy(head, start, at);
    while (size - at > 1000 + 9) {
        memcpy(head + at, "X-Fill: ", 8);
        memset(head + at + 8, 'x', 990);
        memcpy(head + at + 998, "\r\n", 2);
        at += 1000;
    }
    memcpy(head + at, "Y-F: ", 5);
    memset(head + at + 5, 'y', size - at - 9);
    memcpy(head + size - 4, "\r\n\r\n", 5);
    return head;
}

static void h05_heads_of_every_buffers_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {4095, 4096, 4097, 8191, 8192, 8193, 32766, 32767, 32768};
    for (size_t i = 0; i < CO_LENGTH(sizes); i++) {
        struct rig *rig = fresh();
        rig_expect(rig, head_of(sizes[i]), 200);
    }
    static const size_t too_large[] = {32769, 65535, 65536, 65537};
    for (size_t i = 0; i < CO_LENGTH(too_large); i++)
        refuse(head_of(too_large[i]), 431);
}

/* The next request begins where the buffer ends, and a byte before and behind. */
static void h05_a_request_behind_a_head_of_every_buffers_size(void **state)
{
    (void)state;
    static char requests[1 << 17];
    static const size_t sizes[] = {4095, 4096, 4097, 8191, 8192, 8193, 32766, 32767, 32768};
    for (size_t i = 0; i < CO_LENGTH(sizes); i++) {
        struct rig *rig = fresh();
        snprintf(requests, sizeof requests, "%s%s", head_of(sizes[i]), GET_HELLO);
        rig->send = requests;
        assert_int_equal(rig_run(rig), 0);
        assert_int_equal(rig->event_count, 2);
        assert_int_equal(rig->events[0].status, 200);
        assert_int_equal(rig->events[1].status, 200);
    }
}

static void h06_refuses_bare_line_ends_and_folding(void **state)
{
    (void)state;
    refuse("GET /hello HTTP/1.1\n" HOST "\r\n", 400);
    refuse("GET /hello HTTP/1.1\r\nHost: a\n\r\n", 400);
    refuse("GET /hello HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", 400);
    refuse("GET /hello HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", 400);
    struct rig *rig = fresh();
    static const char nul[] = "GET /hello HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n" GET_HELLO;
    rig->send_size = sizeof nul - 1;
    rig_expect(rig, nul, 400);
}

#define CHUNKED POST_WITH("Transfer-Encoding: chunked\r\n")

static void h07_refuses_chunk_sizes_that_are_none(void **state)
{
    (void)state;
    refuse(CHUNKED "00000000000000005\r\nabcde\r\n0\r\n\r\n", 400);
    refuse(CHUNKED "-5\r\nabcde\r\n0\r\n\r\n", 400);
    refuse(CHUNKED "0x5\r\nabcde\r\n0\r\n\r\n", 400);
    refuse(CHUNKED "ffffffffffffffff\r\nabcde\r\n0\r\n\r\n", 400);
    refuse(CHUNKED "5\nabcde\r\n0\r\n\r\n", 400);
}

/* By a handler that reads no body, by none at all. */
static void h07_refuses_them_where_nobody_reads_them(void **state)
{
    (void)state;
#define TO(start) start " HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
    refuse(TO("GET /hello") "0x5\r\nabcde\r\n0\r\n\r\n" GET_HELLO, 400);
    refuse(TO("GET /hello") "4\r\nabcde\r\n0\r\n\r\n" GET_HELLO, 400);
    refuse(TO("POST /hello") "5 \r\nabcde\r\n0\r\n\r\n" GET_HELLO, 400);
    refuse(TO("GET /nobody") "0\r\nX : y\r\n\r\n" GET_HELLO, 400);
#undef TO
}

static void h08_limits_chunk_extensions(void **state)
{
    (void)state;
    static char request[8192];
    int at = snprintf(request, sizeof request, "%s5;", CHUNKED);
    memset(request + at, 'x', 4200);
    strcpy(request + at + 4200, "\r\nabcde\r\n0\r\n\r\n");
    refuse(request, 400);
}

static int reply_with_field(co_http_request *request, struct rig *rig)
{
    char body[64];
    (void)rig;
    while (co_http_read(request, body, sizeof body) > 0)
        ;
    co_text field = co_http_header(request, "X-Trailer");
    return co_http_reply(request, 200, NULL, field.at ? "merged" : "dropped", 6);
}

static void h09_trailers_are_dropped_and_counted(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->handler = reply_with_field;
    rig_expect(rig,
        "POST /own HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
        "0\r\nX-Trailer: v\r\n\r\n",
        200);
    assert_got(rig, "\r\n\r\ndroppe");
    static char request[4096];
    int at = snprintf(request, sizeof request, "%s0\r\n", CHUNKED);
    for (int i = 0; i < 33; i++)
        at += snprintf(request + at, sizeof request - (size_t)at, "T: v\r\n");
    strcpy(request + at, "\r\n");
    refuse(request, 400);
}

static void h10_lengths_beyond_all_bounds(void **state)
{
    (void)state;
    refuse(POST_WITH("Content-Length: 9223372036854775808\r\n"), 400);
    refuse(POST_WITH("Content-Length: 18446744073709551617\r\n"), 400);
    refuse(POST_WITH("Content-Length: 9223372036854775807\r\n"), 413);
}

static void h11_refuses_malformed_targets(void **state)
{
    (void)state;
    refuse("GET /hello#x HTTP/1.1\r\n" HOST "\r\n", 400);
    refuse("GET /hel lo HTTP/1.1\r\n" HOST "\r\n", 400);
    refuse("GET /hel\x01lo HTTP/1.1\r\n" HOST "\r\n", 400);
    refuse("GET /hel\\lo HTTP/1.1\r\n" HOST "\r\n", 400);
    refuse("GET hello HTTP/1.1\r\n" HOST "\r\n", 400);
}

static void h12_paths_never_rise_above_the_root(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int status;
        const char *seen;
    } cases[] = {
        {"/../hello", 400, NULL},
        {"/tree/../../hello", 400, NULL},
        {"/tree/%2e%2e/%2E%2e/etc/passwd", 400, NULL},
        {"/tree/a%2fb", 400, NULL},
        {"/tree/%00", 400, NULL},
        {"/tree/%", 400, NULL},
        {"/tree/%252e%252e/x", 200, "\r\n\r\n/tree/%2e%2e/x"},
        {"//tree//x", 200, "\r\n\r\n/tree/x"},
        {"/tree/;/x", 200, "\r\n\r\n/tree/;/x"},
        {"/tree/%c0%ae%c0%ae/x", 200, "\r\n\r\n/tree/\xc0\xae\xc0\xae/x"},
    };
    for (size_t i = 0; i < CO_LENGTH(cases); i++) {
        char request[256];
        struct rig *rig = fresh();
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n" HOST "\r\n", cases[i].path);
        rig_expect(rig, request, cases[i].status);
        if (cases[i].seen)
            assert_got(rig, cases[i].seen);
    }
}

static void h13_host_exactly_once_and_well_formed(void **state)
{
    (void)state;
    refuse("GET /hello HTTP/1.1\r\n\r\n", 400);
    refuse("GET /hello HTTP/1.1\r\n" HOST HOST "\r\n", 400);
    refuse("GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n", 400);
    refuse("GET /hello HTTP/1.1\r\nHost: a@b\r\n\r\n", 400);
    refuse("GET /hello HTTP/1.1\r\nHost: a\rb\r\n\r\n", 400);
}

static void h15_limits_the_number_of_fields(void **state)
{
    (void)state;
    static char request[4096];
    int at = snprintf(request, sizeof request, "GET /hello HTTP/1.1\r\n" HOST);
    for (int i = 0; i < 99; i++)
        at += snprintf(request + at, sizeof request - (size_t)at, "X: y\r\n");
    strcpy(request + at, "\r\n");
    rig_expect(fresh(), request, 200);
    strcpy(request + at, "X: y\r\n\r\n");
    refuse(request, 431);
}

static void h16_no_100_without_a_body(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig_expect(rig, "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n\r\n", 200);
    refuse(POST_WITH("Expect: more\r\nContent-Length: 1\r\n") "x", 417);
}

/* ---- what we emit -----------------------------------------------------------------------------
 */

static int inject(co_http_request *request, struct rig *rig)
{
    (void)rig;
    int refused = 0;
    refused += co_http_set(request, "X", "a\r\nEvil: 1") == -EINVAL;
    refused += co_http_set(request, "X", "a\nEvil: 1") == -EINVAL;
    refused += co_http_set(request, "X: a\r\nEvil", "1") == -EINVAL;
    refused += co_http_set(request, "", "1") == -EINVAL;
    refused += co_http_set(request, "Content-Length", "1") == -EINVAL;
    refused += co_http_set(request, "Transfer-Encoding", "gzip") == -EINVAL;
    refused += co_http_set_text(request, CO_TEXT("X"), CO_TEXT("a\0b")) == -EINVAL;
    refused += co_http_text(request, 200, "") == -EINVAL; /* the refusal stays with the request */
    return refused == 8 ? -EINVAL : 0;
}

static int inject_type(co_http_request *request, struct rig *rig)
{
    static const char type[] = "text/plain\r\nEvil: 1";
    (void)rig;
    bool refused = co_http_reply(request, 200, type, "", 0) == -EINVAL &&
                   co_http_begin(request, 200, type) == -EINVAL;
    return refused ? -EINVAL : 0;
}

static void h20_nothing_breaks_out_of_a_field(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->handler = inject;
    rig_expect(rig, "GET /own HTTP/1.1\r\n" HOST "\r\n", 500);
    assert_int_equal(rig->events[0].error, -EINVAL);
    assert_not_got(rig, "Evil");
    rig = fresh();
    rig->handler = inject_type;
    rig_expect(rig, "GET /own HTTP/1.1\r\n" HOST "\r\n", 500);
    assert_int_equal(rig->events[0].error, -EINVAL);
    assert_not_got(rig, "Evil");
    static const char *const fields[] = {"X: a\r\nEvil: 1", NULL};
    const struct co_http_options options = {.headers = fields};
    co_http_server *server;
    assert_int_equal(co_http_server_new(&server, &options), 0);
    assert_int_equal(co_http_serve(server, "localhost:0", NULL), -EINVAL);
    co_http_server_free(server);
}

static int redirect_by_path(co_http_request *request, struct rig *rig)
{
    (void)rig;
    return co_http_redirect(request, 301, CO_TEXT("//evil.example/\r\nX: y"));
}

static void h21_redirections_stay_on_this_host(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->handler = redirect_by_path;
    rig_expect(rig, "GET /own HTTP/1.1\r\n" HOST "\r\n", 301);
    assert_got(rig, "\r\nLocation: /evil.example/%0D%0AX%3A%20y\r\n");
    rig_expect(rig, "GET //tree HTTP/1.1\r\n" HOST "\r\n", 308);
    assert_got(rig, "\r\nLocation: /tree/\r\n");
}

static void h22_does_not_upgrade(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig_expect(rig,
        "GET /hello HTTP/1.1\r\n" HOST "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
        200);
    assert_not_got(rig, "Upgrade");
    refuse("PRI * HTTP/2.0\r\n" HOST "\r\n", 505); /* no preface */
}

static void h23_error_pages_repeat_nothing_of_the_request(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig_expect(rig, "GET /%3Cscript%3E<script> HTTP/1.1\r\nHost: evil\r\n\r\n", 404);
    assert_not_got(rig, "script");
    assert_not_got(rig, "evil");
}

static int ask_for_the_last(co_http_request *request, struct rig *rig)
{
    char value[8];
    (void)rig;
    bool found = co_http_query(request, "last", value, sizeof value) == 0 &&
                 co_text_equal(co_http_header(request, "Last"), CO_TEXT("field"));
    return co_http_text(request, found ? 200 : 404, "");
}

/* Fields and parameters are looked for one after the other, so no names are worse than others; how
 * many there may be is what bounds the work. */
static void h24_fields_and_parameters_are_bounded_whatever_their_names(void **state)
{
    (void)state;
    static char request[1 << 15];
    for (size_t more = 0; more < 2; more++) {
        struct rig *rig = fresh();
        rig->handler = ask_for_the_last;
        size_t at = (size_t)sprintf(request, "GET /own?");
        while (at < strlen("GET ") + 8192 + more - strlen("last"))
            at += (size_t)sprintf(request + at, "%s", at % 2 ? "&" : "a");
        at += (size_t)sprintf(request + at, "last HTTP/1.1\r\n" HOST);
        for (int i = 0; i < 98; i++)
            at += (size_t)sprintf(request + at, "Lasu: y\r\n");
        sprintf(request + at, "Last: field\r\n\r\n");
        rig_expect(rig, request, more ? 414 : 200);
    }
}

static void h25_a_body_where_none_belongs_keeps_its_bounds(void **state)
{
    (void)state;
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS"};
    for (size_t i = 0; i < CO_LENGTH(methods); i++) {
        char requests[512];
        struct rig *rig = fresh();
        snprintf(requests, sizeof requests,
            "%s /hello HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n%s%s", methods[i],
            sizeof GET_HELLO - 1, GET_HELLO, GET_HELLO);
        rig->send = requests;
        assert_int_equal(rig_run(rig), 0);
        assert_int_equal(rig->event_count, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(h01_refuses_a_length_beside_a_coding),
        cmocka_unit_test(h02_refuses_unusual_lengths),
        cmocka_unit_test(h03_refuses_other_transfer_codings),
        cmocka_unit_test(h04_refuses_odd_field_names),
        cmocka_unit_test(h05_heads_of_every_buffers_size),
        cmocka_unit_test(h05_a_request_behind_a_head_of_every_buffers_size),
        cmocka_unit_test(h06_refuses_bare_line_ends_and_folding),
        cmocka_unit_test(h07_refuses_chunk_sizes_that_are_none),
        cmocka_unit_test(h07_refuses_them_where_nobody_reads_them),
        cmocka_unit_test(h08_limits_chunk_extensions),
        cmocka_unit_test(h09_trailers_are_dropped_and_counted),
        cmocka_unit_test(h10_lengths_beyond_all_bounds),
        cmocka_unit_test(h11_refuses_malformed_targets),
        cmocka_unit_test(h12_paths_never_rise_above_the_root),
        cmocka_unit_test(h13_host_exactly_once_and_well_formed),
        cmocka_unit_test(h15_limits_the_number_of_fields),
        cmocka_unit_test(h16_no_100_without_a_body),
        cmocka_unit_test(h20_nothing_breaks_out_of_a_field),
        cmocka_unit_test(h21_redirections_stay_on_this_host),
        cmocka_unit_test(h22_does_not_upgrade),
        cmocka_unit_test(h23_error_pages_repeat_nothing_of_the_request),
        cmocka_unit_test(h24_fields_and_parameters_are_bounded_whatever_their_names),
        cmocka_unit_test(h25_a_body_where_none_belongs_keeps_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
