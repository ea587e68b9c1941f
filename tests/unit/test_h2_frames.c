/* SPDX-License-Identifier: MIT */
/* Frames and their compression: RFC 9113, 3, 4 and 6, and RFC 7541. */
#include "h2_rows.h"

/* ---- 3 and 4: the beginning, frames, compression --------------------------------------------- */

static void beginnings_rfc9113_3_4(void **state)
{
    static const struct row rows[] = {
        {"settings come first", {F(SETTINGS, 0, 0)}, FINE, 0, 0, 0, true},
        {"with some in them", {F(SETTINGS, 0, 0, RAW("\0\3\0\0\0\144"))}, FINE, 0, 0, 0, true},
        {"a ping instead", {F(PING, 0, 0, .size = 8)}, CONNECTION, PROTOCOL, 0, 0, true},
        {"a request instead", {F(HEADERS, WHOLE, 1, .fields = GET)}, CONNECTION, PROTOCOL, 0, 0,
            true},
        {"an acknowledgement instead", {F(SETTINGS, ACK, 0)}, CONNECTION, PROTOCOL, 0, 0, true},
        {"settings of a stream", {F(SETTINGS, 0, 1)}, CONNECTION, PROTOCOL, 0, 0, true},
    };
    (void)state;
    expect_rows(rows);
}

static void frames_rfc9113_4(void **state)
{
    static const struct row rows[] = {
        {"4.1 an unknown kind", {F(UNKNOWN, 0, 0, .size = 8)}, IS_FINE},
        {"4.1 an unknown kind, of a stream to come", {F(UNKNOWN, 0xff, 1, .size = 8)}, IS_FINE},
        {"4.1 an unknown kind without a payload", {F(UNKNOWN, 0, 7)}, IS_FINE},
        {"4.1 flags that nobody knows", {F(PING, 0xfe, 0, .size = 8)}, IS_FINE},
        {"4.1 the reserved bit", {F(PING, 0, 0x80000000u, .size = 8)}, IS_FINE},
        {"4.2 data of the largest size",
            {F(HEADERS, END_HEADERS, 1, .fields = POST), F(DATA, END_STREAM, 1, .size = 16384)},
            ANSWERED},
        {"4.2 data of more",
            {F(HEADERS, END_HEADERS, 1, .fields = POST), F(DATA, END_STREAM, 1, .size = 16385)},
            BREAKS(FRAME_SIZE)},
        {"4.2 a head of more", {F(HEADERS, WHOLE, 1, .size = 16385)}, BREAKS(FRAME_SIZE)},
        {"4.2 an unknown kind of more", {F(UNKNOWN, 0, 0, .size = 16385)}, BREAKS(FRAME_SIZE)},
        {"4.3 a head that cannot be read", {F(HEADERS, WHOLE, 1, RAW("\xff\xff\xff\xff\xff\xff"))},
            BREAKS(COMPRESSION)},
        {"4.3 the end of a literal is missing", {F(HEADERS, WHOLE, 1, RAW("\0\12abc"))},
            BREAKS(COMPRESSION)},
        {"4.3 a priority within a head",
            {F(HEADERS, END_STREAM, 1, .fields = GET), F(PRIORITY, 0, 1, .size = 5),
                F(CONTINUATION, END_HEADERS, 1)},
            BREAKS(PROTOCOL)},
        {"4.3 another stream within a head",
            {F(HEADERS, END_STREAM, 1, .fields = GET), F(HEADERS, WHOLE, 3, .fields = GET)},
            BREAKS(PROTOCOL)},
        {"4.3 an unknown kind within a head",
            {F(HEADERS, END_STREAM, 1, .fields = GET), F(UNKNOWN, 0, 1),
                F(CONTINUATION, END_HEADERS, 1)},
            BREAKS(PROTOCOL)},
        {"4.3 a ping within a head",
            {F(HEADERS, END_STREAM, 1, .fields = GET), F(PING, 0, 0, .size = 8),
                F(CONTINUATION, END_HEADERS, 1)},
            BREAKS(PROTOCOL)},
    };
    (void)state;
    expect_rows(rows);
}

/* RFC 7541: by section of its own. */
static void compression_rfc7541(void **state)
{
    static const struct row rows[] = {
        {"2.3.3 the index 0", {F(HEADERS, WHOLE, 1, RAW("\x80"))}, BREAKS(COMPRESSION)},
        {"2.3.3 an index beyond the tables", {F(HEADERS, WHOLE, 1, RAW("\xff\0"))},
            BREAKS(COMPRESSION)},
        {"6.1 fields of the table", {F(HEADERS, WHOLE, 1, RAW("\x82\x84\x86\x41\1a"))}, IS_FINE},
        {"4.2 a smaller table", {F(HEADERS, WHOLE, 1, RAW("\x20\x82\x84\x86\x41\1a"))}, IS_FINE},
        {"4.2 a smaller table behind a field",
            {F(HEADERS, WHOLE, 1, RAW("\x82\x84\x86\x41\1a\x20"))}, BREAKS(COMPRESSION)},
        {"6.3 a table larger than was allowed",
            {F(HEADERS, WHOLE, 1, RAW("\x3f\xe1\xff\x7f\x82\x84\x86\x41\1a"))},
            BREAKS(COMPRESSION)},
        {"5.2 a text with padding of more than seven bits",
            {F(HEADERS, WHOLE, 1, RAW("\x82\x84\x86\x41\x82\x1f\xff"))}, BREAKS(COMPRESSION)},
        {"5.2 a text whose padding is not of ones",
            {F(HEADERS, WHOLE, 1, RAW("\x82\x84\x86\x41\x81\x18"))}, BREAKS(COMPRESSION)},
        {"5.2 a text with its end in it",
            {F(HEADERS, WHOLE, 1, RAW("\x82\x84\x86\x41\x84\xff\xff\xff\xff"))},
            BREAKS(COMPRESSION)},
        {"5.1 a number without end",
            {F(HEADERS, WHOLE, 1, RAW("\xff\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\1"))},
            BREAKS(COMPRESSION)},
    };
    (void)state;
    expect_rows(rows);
}

/* ---- 6: each kind of frame ------------------------------------------------------------------- */

static void data_rfc9113_6_1(void **state)
{
    static const struct row rows[] = {
        {"of the connection", {F(DATA, 0, 0, RAW("x"))}, BREAKS(PROTOCOL)},
        {"padded",
            {F(HEADERS, END_HEADERS, 1, .fields = POST),
                F(DATA, END_STREAM | PADDED, 1, RAW("\2ab\0\0"))},
            ANSWERED},
        {"of padding alone",
            {F(HEADERS, END_HEADERS, 1, .fields = POST),
                F(DATA, END_STREAM | PADDED, 1, RAW("\2\0\0"))},
            ANSWERED},
        {"with padding of all and more",
            {F(HEADERS, END_HEADERS, 1, .fields = POST),
                F(DATA, END_STREAM | PADDED, 1, RAW("\5ab\0\0"))},
            BREAKS(PROTOCOL)},
        {"without even the padding's length",
            {F(HEADERS, END_HEADERS, 1, .fields = POST), F(DATA, END_STREAM | PADDED, 1)},
            BREAKS(PROTOCOL)},
        {"empty", {F(HEADERS, END_HEADERS, 1, .fields = POST), F(DATA, END_STREAM, 1)}, ANSWERED},
    };
    (void)state;
    expect_rows(rows);
}

static void headers_rfc9113_6_2(void **state)
{
    static const struct row rows[] = {
        {"padded", {F(HEADERS, WHOLE | PADDED, 1, RAW("\2\x82\x84\x86\x41\1a\0\0"))}, IS_FINE},
        {"with padding of all and more", {F(HEADERS, WHOLE | PADDED, 1, RAW("\7\x82\x84\x86"))},
            BREAKS(PROTOCOL)},
        {"with a priority",
            {F(HEADERS, WHOLE | NGHTTP2_FLAG_PRIORITY, 1, RAW("\0\0\0\0\17\x82\x84\x86\x41\1a"))},
            IS_FINE},
        {"without room for its priority",
            {F(HEADERS, WHOLE | NGHTTP2_FLAG_PRIORITY, 1, RAW("\0\0"))}, BREAKS(FRAME_SIZE)},
        {"in pieces",
            {F(HEADERS, END_STREAM, 1, RAW("\x82\x84")), F(CONTINUATION, 0, 1, RAW("\x86\x41")),
                F(CONTINUATION, END_HEADERS, 1, RAW("\1a"))},
            IS_FINE},
        {"in pieces of nothing",
            {F(HEADERS, END_STREAM, 1, RAW("\x82\x84\x86\x41\1a")), F(CONTINUATION, 0, 1),
                F(CONTINUATION, END_HEADERS, 1)},
            IS_FINE},
    };
    (void)state;
    expect_rows(rows);
}

static void priority_and_reset_rfc9113_6_3_6_4(void **state)
{
    static const struct row rows[] = {
        {"a priority of the connection", {F(PRIORITY, 0, 0, .size = 5)}, BREAKS(PROTOCOL)},
        {"a priority of four bytes",
            {F(HEADERS, WHOLE, 1, .fields = SLOW), F(PRIORITY, 0, 1, .size = 4)},
            BREAKS(FRAME_SIZE)},
        {"a reset of the connection", {F(RST, 0, 0, .size = 4)}, BREAKS(PROTOCOL)},
        {"a reset of three bytes", {F(HEADERS, WHOLE, 1, .fields = SLOW), F(RST, 0, 1, .size = 3)},
            BREAKS(FRAME_SIZE)},
        {"a reset of five bytes", {F(HEADERS, WHOLE, 1, .fields = SLOW), F(RST, 0, 1, .size = 5)},
            BREAKS(FRAME_SIZE)},
        {"a reset by a code that nobody knows",
            {F(HEADERS, WHOLE, 1, .fields = SLOW), F(RST, 0, 1, RAW("\xff\0\0\1"))}, IS_FINE},
    };
    (void)state;
    expect_rows(rows);
}

static void settings_rfc9113_6_5(void **state)
{
    static const struct row rows[] = {
        {"an acknowledgement", {F(SETTINGS, ACK, 0)}, IS_FINE},
        {"an acknowledgement with more", {F(SETTINGS, ACK, 0, .size = 6)}, BREAKS(FRAME_SIZE)},
        {"of a stream", {F(SETTINGS, 0, 1)}, BREAKS(PROTOCOL)},
        {"of five bytes", {F(SETTINGS, 0, 0, .size = 5)}, BREAKS(FRAME_SIZE)},
        {"of seven bytes", {F(SETTINGS, 0, 0, .size = 7)}, BREAKS(FRAME_SIZE)},
        {"push of 1", {F(SETTINGS, 0, 0, RAW("\0\2\0\0\0\1"))}, IS_FINE},
        {"push of 2", {F(SETTINGS, 0, 0, RAW("\0\2\0\0\0\2"))}, BREAKS(PROTOCOL)},
        {"the largest window", {F(SETTINGS, 0, 0, RAW("\0\4\x7f\xff\xff\xff"))}, IS_FINE},
        {"a larger window", {F(SETTINGS, 0, 0, RAW("\0\4\x80\0\0\0"))}, BREAKS(FLOW)},
        {"frames of 16384 bytes", {F(SETTINGS, 0, 0, RAW("\0\5\0\0\x40\0"))}, IS_FINE},
        {"frames of less", {F(SETTINGS, 0, 0, RAW("\0\5\0\0\x3f\xff"))}, BREAKS(PROTOCOL)},
        {"the largest frames", {F(SETTINGS, 0, 0, RAW("\0\5\0\xff\xff\xff"))}, IS_FINE},
        {"larger frames", {F(SETTINGS, 0, 0, RAW("\0\5\1\0\0\0"))}, BREAKS(PROTOCOL)},
        {"one that nobody knows", {F(SETTINGS, 0, 0, RAW("\xf0\xf0\0\0\0\1"))}, IS_FINE},
        {"the same twice", {F(SETTINGS, 0, 0, RAW("\0\3\0\0\0\1\0\3\0\0\0\2"))}, IS_FINE},
        {"no table", {F(SETTINGS, 0, 0, RAW("\0\1\0\0\0\0"))}, IS_FINE},
    };
    (void)state;
    expect_rows(rows);
}

static void push_ping_and_goaway_rfc9113_6_6_to_6_8(void **state)
{
    static const struct row rows[] = {
        {"a promise", {F(PUSH, END_HEADERS, 1, RAW("\0\0\0\2\x82\x84\x86\x41\1a"))},
            BREAKS(PROTOCOL)},
        {"a promise on an open stream",
            {F(HEADERS, END_HEADERS, 1, .fields = UPLOAD),
                F(PUSH, END_HEADERS, 1, RAW("\0\0\0\2\x82\x84\x86\x41\1a"))},
            BREAKS(PROTOCOL)},
        {"a ping", {F(PING, 0, 0, .size = 8)}, IS_FINE},
        {"an answer to no ping", {F(PING, ACK, 0, .size = 8)}, IS_FINE},
        {"a ping of a stream", {F(PING, 0, 1, .size = 8)}, BREAKS(PROTOCOL)},
        {"a ping of six bytes", {F(PING, 0, 0, .size = 6)}, BREAKS(FRAME_SIZE)},
        {"a ping of nine bytes", {F(PING, 0, 0, .size = 9)}, BREAKS(FRAME_SIZE)},
        {"a farewell of a stream", {F(GOAWAY, 0, 1, .size = 8)}, BREAKS(PROTOCOL)},
        {"a farewell of seven bytes", {F(GOAWAY, 0, 0, .size = 7)}, BREAKS(FRAME_SIZE)},
    };
    (void)state;
    expect_rows(rows);
}

static void windows_rfc9113_6_9(void **state)
{
    static const struct row rows[] = {
        {"of nothing more", {F(WINDOW, 0, 0, .size = 4)}, BREAKS(PROTOCOL)},
        {"of nothing more, a stream's", /* which may end the connection (5.4) */
            {F(HEADERS, WHOLE, 1, .fields = SLOW), F(WINDOW, 0, 1, .size = 4)}, BREAKS(PROTOCOL)},
        {"of three bytes", {F(WINDOW, 0, 0, .size = 3)}, BREAKS(FRAME_SIZE)},
        {"of five bytes, a stream's",
            {F(HEADERS, WHOLE, 1, .fields = SLOW), F(WINDOW, 0, 1, .size = 5)}, BREAKS(FRAME_SIZE)},
        {"beyond 2^31 - 1", {F(WINDOW, 0, 0, RAW("\x7f\xff\xff\xff"))}, BREAKS(FLOW)},
        {"beyond 2^31 - 1, a stream's",
            {F(HEADERS, WHOLE, 1, .fields = SLOW), F(WINDOW, 0, 1, RAW("\x7f\xff\xff\xff"))},
            RESETS(FLOW)},
        {"the reserved bit does not count", {F(WINDOW, 0, 0, RAW("\x80\0\0\1"))}, IS_FINE},
        {"that opens at once for all streams",
            {F(SETTINGS, 0, 0, RAW("\0\4\0\0\0\0")), F(HEADERS, WHOLE, 1, .fields = GET),
                F(SETTINGS, 0, 0, RAW("\0\4\0\0\377\377"))},
            ANSWERED},
        {"that settings make too large", /* nghttp2 spares the connection */
            {F(HEADERS, WHOLE, 1, .fields = SLOW), F(WINDOW, 0, 1, RAW("\0\1\0\0")),
                F(SETTINGS, 0, 0, RAW("\0\4\x7f\xff\xff\xff"))},
            RESETS(FLOW)},
    };
    (void)state;
    expect_rows(rows);
}

static void continuations_rfc9113_6_10(void **state)
{
    static const struct row rows[] = {
        {"of the connection",
            {F(HEADERS, END_STREAM, 1, .fields = GET), F(CONTINUATION, END_HEADERS, 0)},
            BREAKS(PROTOCOL)},
        {"of another stream",
            {F(HEADERS, END_STREAM, 1, .fields = GET), F(CONTINUATION, END_HEADERS, 3)},
            BREAKS(PROTOCOL)},
        {"behind the whole head",
            {F(HEADERS, END_HEADERS, 1, .fields = UPLOAD),
                F(CONTINUATION, END_HEADERS, 1, .fields = GET)},
            BREAKS(PROTOCOL)},
        {"behind one that was the last",
            {F(HEADERS, 0, 1, .fields = UPLOAD), F(CONTINUATION, END_HEADERS, 1),
                F(CONTINUATION, END_HEADERS, 1)},
            BREAKS(PROTOCOL)},
        {"behind data",
            {F(HEADERS, END_HEADERS, 1, .fields = UPLOAD), F(DATA, 0, 1, RAW("x")),
                F(CONTINUATION, END_HEADERS, 1)},
            BREAKS(PROTOCOL)},
    };
    (void)state;
    expect_rows(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beginnings_rfc9113_3_4),
        cmocka_unit_test(frames_rfc9113_4),
        cmocka_unit_test(compression_rfc7541),
        cmocka_unit_test(data_rfc9113_6_1),
        cmocka_unit_test(headers_rfc9113_6_2),
        cmocka_unit_test(priority_and_reset_rfc9113_6_3_6_4),
        cmocka_unit_test(settings_rfc9113_6_5),
        cmocka_unit_test(push_ping_and_goaway_rfc9113_6_6_to_6_8),
        cmocka_unit_test(windows_rfc9113_6_9),
        cmocka_unit_test(continuations_rfc9113_6_10),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
