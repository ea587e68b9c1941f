/* SPDX-License-Identifier: MIT */
/* Streams and the requests on them: RFC 9113, 5 and 8. */
#include "h2_rows.h"

/* ---- 5: streams ------------------------------------------------------------------------------ */

static void idle_streams_rfc9113_5_1(void **state)
{
    static const struct row rows[] = {
        {"data", {F(DATA, END_STREAM, 1, RAW("x"))}, BREAKS(PROTOCOL)},
        {"a reset", {F(RST, 0, 1, .size = 4)}, BREAKS(PROTOCOL)},
        {"a window", {F(WINDOW, 0, 1, RAW("\0\0\0\1"))}, BREAKS(PROTOCOL)},
        {"a continuation", {F(CONTINUATION, END_HEADERS, 1, .fields = GET)}, BREAKS(PROTOCOL)},
        {"a priority", {F(PRIORITY, 0, 1, RAW("\0\0\0\0\17"))}, IS_FINE},
    };
    (void)state;
    expect_rows(rows);
}

/* The client has said all; the server has not answered yet. */
static void half_closed_streams_rfc9113_5_1(void **state)
{
    static const struct row rows[] = {
        {"data", {F(HEADERS, WHOLE, 1, .fields = SLOW), F(DATA, END_STREAM, 1, RAW("x"))},
            BREAKS(CLOSED)},
        {"a head", {F(HEADERS, WHOLE, 1, .fields = SLOW), F(HEADERS, WHOLE, 1, .fields = SLOW)},
            BREAKS(CLOSED)},
        {"a continuation",
            {F(HEADERS, WHOLE, 1, .fields = SLOW), F(CONTINUATION, END_HEADERS, 1, .fields = GET)},
            BREAKS(PROTOCOL)},
        {"a window", {F(HEADERS, WHOLE, 1, .fields = SLOW), F(WINDOW, 0, 1, RAW("\0\0\0\1"))},
            ANSWERED},
        {"a priority", {F(HEADERS, WHOLE, 1, .fields = SLOW), F(PRIORITY, 0, 1, .size = 5)},
            ANSWERED},
        {"a reset", {F(HEADERS, WHOLE, 1, .fields = SLOW), F(RST, 0, 1, RAW("\0\0\0\10"))},
            IS_FINE},
    };
    (void)state;
    expect_rows(rows);
}

static void closed_streams_rfc9113_5_1(void **state)
{
    static const struct row rows[] = {
        {"data behind a reset",
            {F(HEADERS, END_HEADERS, 1, .fields = UPLOAD), F(RST, 0, 1, RAW("\0\0\0\10")),
                F(DATA, END_STREAM, 1, RAW("x"))},
            BREAKS(CLOSED)},
        {"a window behind a reset",
            {F(HEADERS, WHOLE, 1, .fields = SLOW), F(RST, 0, 1, RAW("\0\0\0\10")),
                F(WINDOW, 0, 1, RAW("\0\0\0\1"))},
            IS_FINE},
        {"a priority behind a reset",
            {F(HEADERS, WHOLE, 1, .fields = SLOW), F(RST, 0, 1, RAW("\0\0\0\10")),
                F(PRIORITY, 0, 1, .size = 5)},
            IS_FINE},
        {"data behind the answer",
            {F(HEADERS, WHOLE, 1, .fields = GET), F(PAUSE, 0, 0), F(DATA, END_STREAM, 1, RAW("x"))},
            BREAKS(CLOSED)},
        {"a head behind the answer",
            {F(HEADERS, WHOLE, 1, .fields = GET), F(PAUSE, 0, 0),
                F(HEADERS, WHOLE, 1, .fields = GET)},
            BREAKS(CLOSED)},
        {"a continuation behind the answer",
            {F(HEADERS, WHOLE, 1, .fields = GET), F(PAUSE, 0, 0),
                F(CONTINUATION, END_HEADERS, 1, .fields = GET)},
            BREAKS(PROTOCOL)},
        {"a window behind the answer",
            {F(HEADERS, WHOLE, 1, .fields = GET), F(PAUSE, 0, 0), F(WINDOW, 0, 1, RAW("\0\0\0\1"))},
            ANSWERED},
        {"a reset behind the answer",
            {F(HEADERS, WHOLE, 1, .fields = GET), F(PAUSE, 0, 0), F(RST, 0, 1, RAW("\0\0\0\10"))},
            ANSWERED},
        {"a priority behind the answer",
            {F(HEADERS, WHOLE, 1, .fields = GET), F(PAUSE, 0, 0), F(PRIORITY, 0, 1, .size = 5)},
            ANSWERED},
    };
    (void)state;
    expect_rows(rows);
}

static void numbers_of_streams_rfc9113_5_1_1(void **state)
{
    static const struct row rows[] = {
        {"an even one", {F(HEADERS, WHOLE, 2, .fields = GET)}, BREAKS(PROTOCOL)},
        {"the connection's own", {F(HEADERS, WHOLE, 0, .fields = GET)}, BREAKS(PROTOCOL)},
        {"one less than before",
            {F(HEADERS, WHOLE, 5, .fields = GET), F(PAUSE, 0, 0),
                F(HEADERS, WHOLE, 3, .fields = GET)},
            BREAKS(PROTOCOL)},
        {"the same again",
            {F(HEADERS, WHOLE, 5, .fields = GET), F(PAUSE, 0, 0),
                F(HEADERS, WHOLE, 5, .fields = GET)},
            BREAKS(CLOSED)},
        {"with gaps", {F(HEADERS, WHOLE, 1, .fields = GET), F(HEADERS, WHOLE, 101, .fields = GET)},
            FINE, 0, 101, 200, false},
    };
    (void)state;
    expect_rows(rows);
}

/* ---- 8: requests ----------------------------------------------------------------------------- */

/* Of a single head. */
static void expect_malformed(const char *what, const char *fields)
{
    const struct row row = {what, {F(HEADERS, WHOLE, 1, .fields = fields)}, RESETS(PROTOCOL)};
    expect_row(&row);
}

static void messages_rfc9113_8_1(void **state)
{
    static const struct row rows[] = {
        {"trailers",
            {F(HEADERS, END_HEADERS, 1, .fields = POST), F(DATA, 0, 1, RAW("x")),
                F(HEADERS, WHOLE, 1, .fields = "x: y\n")},
            ANSWERED},
        {"a second head that is not the end",
            {F(HEADERS, END_HEADERS, 1, .fields = POST), F(DATA, 0, 1, RAW("x")),
                F(HEADERS, END_HEADERS, 1, .fields = "x: y\n")},
            RESETS(PROTOCOL)},
        {"trailers with a pseudo-field",
            {F(HEADERS, END_HEADERS, 1, .fields = POST), F(DATA, 0, 1, RAW("x")),
                F(HEADERS, WHOLE, 1, .fields = ":method: GET\n")},
            RESETS(PROTOCOL)},
        {"a length that is the data's",
            {F(HEADERS, END_HEADERS, 1, .fields = POST "content-length: 2\n"),
                F(DATA, 0, 1, RAW("x")), F(DATA, END_STREAM, 1, RAW("y"))},
            ANSWERED},
        {"a length of more than the data",
            {F(HEADERS, END_HEADERS, 1, .fields = POST "content-length: 2\n"),
                F(DATA, END_STREAM, 1, RAW("x"))},
            RESETS(PROTOCOL)},
        {"a length of less than the data",
            {F(HEADERS, END_HEADERS, 1, .fields = POST "content-length: 1\n"),
                F(DATA, 0, 1, RAW("x")), F(DATA, END_STREAM, 1, RAW("y"))},
            RESETS(PROTOCOL)},
        {"a length without data", {F(HEADERS, WHOLE, 1, .fields = POST "content-length: 1\n")},
            RESETS(PROTOCOL)},
    };
    (void)state;
    expect_rows(rows);
}

static void fields_rfc9113_8_2(void **state)
{
    static const struct row fine = {
        "te: trailers", {F(HEADERS, WHOLE, 1, .fields = GET "te: trailers\n")}, ANSWERED};
    (void)state;
    expect_row(&fine);
    expect_malformed("an upper-case letter", GET "X-Test: a\n");
    expect_malformed("a space in a name", GET "x y: a\n");
    expect_malformed("a control in a name", GET "x\x01: a\n");
    expect_malformed("a byte beyond ASCII in a name", GET "x\xe4: a\n");
    expect_malformed("CR in a value", GET "x: a\rb\n");
    expect_malformed("connection", GET "connection: keep-alive\n");
    expect_malformed("keep-alive", GET "keep-alive: 5\n");
    expect_malformed("proxy-connection", GET "proxy-connection: keep-alive\n");
    expect_malformed("transfer-encoding", GET "transfer-encoding: chunked\n");
    expect_malformed("upgrade", GET "upgrade: h2c\n");
    expect_malformed("te of more than trailers", GET "te: trailers, deflate\n");
}

static void pseudo_fields_rfc9113_8_3(void **state)
{
    (void)state;
    expect_malformed("one that nobody knows", GET ":test: a\n");
    expect_malformed("a response's", GET ":status: 200\n");
    expect_malformed("one behind a field", START "x: y\n:path: /hello\n");
    expect_malformed("no method", ":scheme: http\n:authority: a\n:path: /hello\n");
    expect_malformed("no scheme", ":method: GET\n:authority: a\n:path: /hello\n");
    expect_malformed("no path", START);
    expect_malformed("an empty path", START ":path: \n");
    expect_malformed("a path that is none", START ":path: hello\n");
    expect_malformed("two methods", GET ":method: GET\n");
    expect_malformed("two schemes", GET ":scheme: http\n");
    expect_malformed("two paths", GET ":path: /hello\n");
    expect_malformed("two authorities", GET ":authority: a\n");
    expect_malformed("a method that is none", ":method: G T\n:scheme: http\n:authority: a\n"
                                              ":path: /hello\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_streams_rfc9113_5_1),
        cmocka_unit_test(half_closed_streams_rfc9113_5_1),
        cmocka_unit_test(closed_streams_rfc9113_5_1),
        cmocka_unit_test(numbers_of_streams_rfc9113_5_1_1),
        cmocka_unit_test(messages_rfc9113_8_1),
        cmocka_unit_test(fields_rfc9113_8_2),
        cmocka_unit_test(pseudo_fields_rfc9113_8_3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
