/* SPDX-License-Identifier: MIT */
/* What else is tried against HTTP/2 servers: each test is named after its line in the list of
 * attacks. Floods: test_h2_floods.c. */
#include "h2_attacks_rig.h"

/* ---- header blocks -------------------------------------------------------------------------- */

static void put_block_in(struct wire *wire, const struct block *block, size_t size, unsigned frames)
{
    for (unsigned i = 0; i < frames; i++) {
        size_t at = i * size, take = i + 1 == frames ? block->size - at : size;
        put_frame(wire, i ? NGHTTP2_CONTINUATION : NGHTTP2_HEADERS,
            (uint8_t)((i ? 0 : END_STREAM) | (i + 1 == frames ? END_HEADERS : 0)), 1,
            block->bytes + at, take);
    }
}

static void b03_a_head_has_eight_continuations_at_most(void **state)
{
    (void)state;
    for (unsigned frames = 9; frames <= 10; frames++) {
        struct rig *rig = fresh();
        struct wire *wire = wire_new();
        struct block *block = request_block("GET", "/hello");
        put_block_in(wire, block, block->size / frames, frames);
        struct heard *heard = flooded(rig, wire);
        if (frames == 9)
            assert_answer(heard, 1, 200, "hello\n");
        else
            assert_int_equal(heard->goaway, NGHTTP2_ENHANCE_YOUR_CALM);
    }
}

static void b03_a_block_that_is_too_long_is_not_decoded(void **state)
{
    static char value[16000];
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    struct block *block = request_block("GET", "/hello");
    (void)state;
    for (int i = 0; i < 3; i++)
        add_sized(block, "x", memset(value, 'x', sizeof value), sizeof value);
    put_block_in(wire, block, 16384, 3);
    struct heard *heard = flooded(rig, wire);
    assert_int_equal(heard->goaway, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_int_equal(rig->event_count, 0);
}

static int begin_head(void *arg)
{
    struct rig *rig = arg;
    struct wire *wire = wire_new();
    put_headers(wire, 1, END_STREAM, request_block("GET", "/hello"));
    int rc = wire_send(rig, wire);
    return rc < 0 ? rc : rig_read_all(rig);
}

/* The frame says that it is all of the head, and does not come to its end; it dribbles. */
static int begin_head_frame(void *arg)
{
    struct rig *rig = arg;
    struct wire *wire = wire_new();
    put_get(wire, 1, "/hello");
    size_t size = wire->size;
    int rc = 0;
    for (size_t at = wire->size = size - 3; rc == 0 && at < size; at++) {
        rc = wire_send(rig, wire);
        co_sleep(12000);
        wire->bytes[0] = wire->bytes[at];
        wire->size = 1;
    }
    return rc < 0 ? rc : rig_read_all(rig);
}

static void b03_a_head_must_be_whole_in_time(void **state)
{
    int (*const ways[])(void *) = {begin_head, begin_head_frame};
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(ways); i++) {
        struct rig *rig = fresh();
        struct heard *heard = converse_by(rig, ways[i]);
        assert_int_equal(heard->goaway, NGHTTP2_ENHANCE_YOUR_CALM);
        assert_in_range(rig->took_ms, 29000, 37000);
    }
}

static struct heard *asked_with(unsigned count, const char *name)
{
    struct wire *wire = wire_new();
    struct block *block = request_block("GET", "/hello");
    for (unsigned i = 0; i < count; i++)
        add(block, name, "");
    put_headers(wire, 1, END_HEADERS | END_STREAM, block);
    put_get(wire, 3, "/hello");
    return flooded(fresh(), wire);
}

static void b06_fields_are_counted_crumbs_too(void **state)
{
    (void)state;
    assert_answer(asked_with(90, "x"), 1, 200, "hello\n");
    assert_answer(asked_with(200, "x"), 1, 431, NULL);
    assert_answer(asked_with(200, "cookie"), 1, 431, NULL);
    assert_answer(asked_with(120, "cookie"), 1, 200, "hello\n");
    assert_int_equal(asked_with(300, "x")->goaway, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_int_equal(asked_with(300, "cookie")->goaway, NGHTTP2_ENHANCE_YOUR_CALM);
}

/* A field of 4,000 bytes is put into the table once and referred to by one byte each time. */
static void b06_a_small_block_does_not_become_a_large_head(void **state)
{
    static char value[3900];
    (void)state;
    for (unsigned times = 1; times <= 60; times += 59) {
        struct rig *rig = fresh();
        struct wire *wire = wire_new();
        struct block *block = request_block("GET", "/hello");
        block->bytes[block->size++] = 0x40; /* kept (RFC 7541 6.2.1) */
        block_text(block, "x", 1);
        block_text(block, memset(value, 'x', sizeof value), sizeof value);
        for (unsigned i = 0; i < times; i++)
            block->bytes[block->size++] = 0x80 | 62;
        put_headers(wire, 1, END_HEADERS | END_STREAM, block);
        struct heard *heard = flooded(rig, wire);
        if (times == 1)
            assert_answer(heard, 1, 200, "hello\n");
        else
            assert_int_equal(heard->goaway, NGHTTP2_ENHANCE_YOUR_CALM);
    }
}

static void assert_head(struct block *block, uint32_t goaway)
{
    struct wire *wire = wire_new();
    put_headers(wire, 1, END_HEADERS | END_STREAM, block);
    assert_int_equal(flooded(fresh(), wire)->goaway, goaway);
}

static struct block *request_and(const char *bytes, size_t size)
{
    struct block *block = request_block("GET", "/hello");
    memcpy(block->bytes + block->size, bytes, size);
    block->size += size;
    return block;
}

static void b08_blocks_that_cannot_be_decoded_end_the_connection(void **state)
{
    (void)state;
    assert_head(request_and("\x80", 1), NGHTTP2_COMPRESSION_ERROR);             /* index 0 */
    assert_head(request_and("\xff\x80\x80\x80", 4), NGHTTP2_COMPRESSION_ERROR); /* cut off */
    assert_head(request_and("\x3f\xff\xff\xff\xff\xff\xff\x0f", 8), NGHTTP2_COMPRESSION_ERROR);
    assert_head(request_and("\x20", 1), NGHTTP2_COMPRESSION_ERROR); /* resized in the midst */
    assert_head(request_and("\xfe", 1), NGHTTP2_COMPRESSION_ERROR); /* beyond the table */
    /* Huffman: padding of zeros, and of more than seven bits. */
    assert_head(request_and("\x00\x01x\x81\x18", 5), NGHTTP2_COMPRESSION_ERROR);
    assert_head(request_and("\x00\x01x\x82\x1f\xff", 6), NGHTTP2_COMPRESSION_ERROR);
}

/* ---- malformed requests ---------------------------------------------------------------------- */

/* The stream is refused, by a reset or by 400, and the next one answered. */
static void assert_malformed(struct block *block)
{
    struct wire *wire = wire_new();
    struct rig *rig = fresh();
    put_headers(wire, 1, END_HEADERS | END_STREAM, block);
    put_get(wire, 3, "/hello");
    struct heard *heard = converse(rig, wire);
    if (heard->streams[1].status != 400)
        assert_reset(heard, 1, NGHTTP2_PROTOCOL_ERROR);
    assert_answer(heard, 3, 200, "hello\n");
}

static struct block *block_of(const char *const *fields)
{
    struct block *block = empty_block();
    for (; fields[0]; fields += 2)
        add(block, fields[0], fields[1]);
    return block;
}

#define BLOCK(...) block_of((const char *const[]){__VA_ARGS__, NULL})
#define GET        ":method", "GET"
#define HTTP       ":scheme", "http"
#define PATH       ":path", "/hello"
#define HOST       ":authority", "a"

static void b09_pseudo_fields_must_be_there_once_first_and_clean(void **state)
{
    (void)state;
    assert_malformed(BLOCK(HTTP, PATH, HOST));
    assert_malformed(BLOCK(GET, PATH, HOST));
    assert_malformed(BLOCK(GET, HTTP, HOST));
    assert_malformed(BLOCK(GET, HTTP, PATH));
    assert_malformed(BLOCK(GET, GET, HTTP, PATH, HOST));
    assert_malformed(BLOCK(GET, HTTP, PATH, PATH, HOST));
    assert_malformed(BLOCK(GET, HTTP, PATH, "x", "y", HOST));
    assert_malformed(BLOCK(GET, HTTP, PATH, HOST, ":status", "200"));
    assert_malformed(BLOCK(GET, HTTP, PATH, HOST, ":unknown", "x"));
    assert_malformed(BLOCK(GET, HTTP, ":path", "", HOST));
    assert_malformed(BLOCK(GET, HTTP, ":path", "hello", HOST));
    assert_malformed(BLOCK(GET, HTTP, ":path", "/a b", HOST));
    assert_malformed(BLOCK(GET, HTTP, ":path", "/a\r\nX: y", HOST));
    assert_malformed(BLOCK(GET, HTTP, ":path", "/a#b", HOST));
    assert_malformed(BLOCK(":method", "GE T", HTTP, PATH, HOST));
    assert_malformed(BLOCK(":method", "GET / HTTP/1.1\r\nX:", HTTP, PATH, HOST));
    assert_malformed(BLOCK(GET, HTTP, PATH, ":authority", "a b"));
    assert_malformed(BLOCK(GET, HTTP, PATH, ":authority", "a\nb"));
    assert_malformed(BLOCK(GET, ":scheme", "ht tp", PATH, HOST));
    assert_malformed(BLOCK(GET, HTTP, PATH, HOST, "host", "b"));
}

static void b09_fields_of_the_connection_and_upper_case_are_malformed(void **state)
{
    (void)state;
    assert_malformed(BLOCK(GET, HTTP, PATH, HOST, "connection", "close"));
    assert_malformed(BLOCK(GET, HTTP, PATH, HOST, "keep-alive", "x"));
    assert_malformed(BLOCK(GET, HTTP, PATH, HOST, "proxy-connection", "x"));
    assert_malformed(BLOCK(GET, HTTP, PATH, HOST, "transfer-encoding", "chunked"));
    assert_malformed(BLOCK(GET, HTTP, PATH, HOST, "upgrade", "h2c"));
    assert_malformed(BLOCK(GET, HTTP, PATH, HOST, "te", "gzip"));
    assert_malformed(BLOCK(GET, HTTP, PATH, HOST, "X-Upper", "x"));
    assert_malformed(BLOCK(GET, HTTP, PATH, HOST, "x", "a\r\nb: c"));
    assert_malformed(BLOCK(GET, HTTP, PATH, HOST, "x y", "z"));
    assert_malformed(BLOCK(GET, HTTP, PATH, HOST, "", "z"));
}

static void b10_lengths_must_agree_with_the_data(void **state)
{
    (void)state;
    for (int extra = -1; extra <= 1; extra++) {
        struct rig *rig = fresh();
        struct wire *wire = wire_new();
        struct block *block = request_block("POST", "/echo");
        add(block, "content-length", "4");
        put_headers(wire, 1, END_HEADERS, block);
        put_data(wire, 1, END_STREAM, "12345", (size_t)(4 + extra));
        struct heard *heard = flooded(rig, wire);
        if (extra == 0)
            assert_answer(heard, 1, 200, "1234");
        else
            assert_reset(heard, 1, NGHTTP2_PROTOCOL_ERROR);
    }
}

static void b10_lengths_are_read_as_strictly_as_over_http1(void **state)
{
    (void)state;
    assert_malformed(BLOCK(GET, HTTP, PATH, HOST, "content-length", "+0"));
    assert_malformed(BLOCK(GET, HTTP, PATH, HOST, "content-length", ""));
    assert_malformed(BLOCK(GET, HTTP, PATH, HOST, "content-length", "5"));
    assert_malformed(BLOCK(GET, HTTP, PATH, HOST, "content-length", "0", "content-length", "0"));
}

static void b10_data_after_the_end_is_refused(void **state)
{
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    (void)state;
    rig->handler = lag;
    put_get(wire, 1, "/own");
    put_data(wire, 1, 0, "more", 4);
    struct heard *heard = flooded(rig, wire);
    if (heard->goaway != NGHTTP2_STREAM_CLOSED && heard->goaway != NGHTTP2_PROTOCOL_ERROR)
        assert_reset(heard, 1, NGHTTP2_STREAM_CLOSED);
}

/* ---- windows -------------------------------------------------------------------------------- */

static void b11_a_window_cannot_overflow(void **state)
{
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    (void)state;
    rig->handler = lag;
    put_get(wire, 1, "/own");
    put_number(wire, NGHTTP2_WINDOW_UPDATE, 0, 1, 0x7fffffff);
    assert_reset(flooded(rig, wire), 1, NGHTTP2_FLOW_CONTROL_ERROR);

    rig = fresh();
    wire = wire_new();
    put_number(wire, NGHTTP2_WINDOW_UPDATE, 0, 0, 0x7fffffff);
    assert_int_equal(flooded(rig, wire)->goaway, NGHTTP2_FLOW_CONTROL_ERROR);

    rig = fresh();
    wire = wire_new();
    put_setting(wire, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x80000000);
    assert_int_equal(flooded(rig, wire)->goaway, NGHTTP2_FLOW_CONTROL_ERROR);
}

static void b11_a_window_opens_by_more_than_nothing(void **state)
{
    struct wire *wire = wire_new();
    (void)state;
    put_number(wire, NGHTTP2_WINDOW_UPDATE, 0, 0, 0);
    assert_int_equal(flooded(fresh(), wire)->goaway, NGHTTP2_PROTOCOL_ERROR);
}

static int shrink_and_open(void *arg)
{
    struct rig *rig = arg;
    struct wire *wire = wire_new();
    put_get(wire, 1, "/own");
    int rc = wire_send(rig, wire);
    while (rc == 0 && hear(rig)->streams[1].size < 65535)
        rc = hear_more(rig);
    put_setting(wire, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0); /* the window is -65,535 now */
    put_number(wire, NGHTTP2_WINDOW_UPDATE, 0, 0, 1 << 20);
    put_number(wire, NGHTTP2_WINDOW_UPDATE, 0, 1, 65535 + 10000);
    if (rc == 0)
        rc = wire_send(rig, wire);
    while (rc == 0 && hear(rig)->streams[1].size < 75535)
        rc = hear_more(rig);
    put_number(wire, NGHTTP2_WINDOW_UPDATE, 0, 1, 1 << 20);
    if (rc == 0)
        rc = wire_send(rig, wire);
    return rc < 0 ? rc : hear_response(rig, 1);
}

static int large(co_http_request *request, struct rig *rig)
{
    static char body[100000];
    int rc = co_http_reply(request, 200, NULL, body, sizeof body);
    rig->note = rc;
    return rc;
}

static void b11_a_window_may_shrink_below_nothing(void **state)
{
    struct rig *rig = fresh();
    (void)state;
    rig->handler = large;
    struct heard *heard = converse_by(rig, shrink_and_open);
    assert_answer(heard, 1, 200, NULL);
    assert_int_equal(heard->streams[1].size, 100000);
}

/* A byte each two seconds, less than the budget counts and than the minimum rate. */
static int open_by_bytes(void *arg)
{
    struct rig *rig = arg;
    struct wire *wire = wire_new();
    put_setting(wire, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0);
    put_get(wire, 1, "/own");
    int rc = wire_send(rig, wire);
    for (int i = 0; i < 60 && rig->event_count == 0; i++) {
        co_sleep(2000);
        put_number(wire, NGHTTP2_WINDOW_UPDATE, 0, 1, 1);
        rc = wire_send(rig, wire);
    }
    return rc;
}

static void b07_a_stream_whose_window_dribbles_dies_at_its_deadline(void **state)
{
    struct rig *rig = fresh();
    (void)state;
    rig->handler = large;
    converse_by(rig, open_by_bytes);
    assert_int_equal(rig->event_count, 1);
    assert_int_equal(rig->events[0].error, CO_ETOOSLOW);
    assert_in_range(rig->took_ms, 15000, 20000);
}

static int wait_for_second(void *arg)
{
    struct rig *rig = arg;
    struct wire *wire = wire_new();
    put_get(wire, 1, "/own"); /* uses up the connection's window, and waits for its own */
    int rc = wire_send(rig, wire);
    return rc < 0 ? rc : rig_read_all(rig);
}

static void b07_a_window_that_never_opens_ends_the_stream(void **state)
{
    struct rig *rig = fresh();
    (void)state;
    rig->handler = large;
    struct heard *heard = converse_by(rig, wait_for_second);
    assert_int_equal(heard->streams[1].size, 65535);
    assert_int_equal(heard->streams[1].reset, NGHTTP2_INTERNAL_ERROR);
    assert_int_equal(rig->note, CO_ETOOSLOW);
}

/* The stream's window is wide, the connection's is used up and never opens. */
static int open_streams_alone(void *arg)
{
    struct rig *rig = arg;
    struct wire *wire = wire_new();
    put_setting(wire, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20);
    put_get(wire, 1, "/own");
    int rc = wire_send(rig, wire);
    for (int i = 0; i < 60 && rig->event_count == 0; i++) {
        co_sleep(2000);
        put_number(wire, NGHTTP2_WINDOW_UPDATE, 0, 1, 1024);
        rc = wire_send(rig, wire);
    }
    return rc;
}

static void b07_a_connection_that_never_opens_ends_the_stream_with_a_limit_too(void **state)
{
    (void)state;
    for (uint64_t limit_rate = 0; limit_rate <= 100000; limit_rate += 100000) {
        struct rig *rig = fresh();
        rig->handler = large;
        rig->room = 1 << 20;
        rig->options.limit_rate = limit_rate;
        converse_by(rig, open_streams_alone);
        assert_int_equal(rig->event_count, 1);
        assert_int_equal(rig->events[0].error, CO_ETOOSLOW);
        assert_in_range(rig->took_ms, 15000, 35000);
    }
}

/* 64 KiB at 1,000 bytes a second: nobody else's fault. */
static int read_two_slowly(void *arg)
{
    struct rig *rig = arg;
    struct wire *wire = wire_new();
    put_setting(wire, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20);
    put_get(wire, 1, "/own");
    put_get(wire, 3, "/own");
    int rc = wire_send(rig, wire);
    for (size_t known = 0; rc == 0 && hear(rig)->order_count < 2;) {
        rc = hear_more(rig);
        const struct heard *heard = hear(rig);
        size_t size = heard->streams[1].size + heard->streams[3].size;
        if (size > known)
            put_number(wire, NGHTTP2_WINDOW_UPDATE, 0, 0, (uint32_t)(size - known));
        known = size;
        if (rc == 0 && wire->size > 0)
            rc = wire_send(rig, wire);
    }
    return rc;
}

static void a_limit_of_ours_is_no_fault_of_the_peers(void **state)
{
    struct rig *rig = fresh();
    (void)state;
    rig->handler = large;
    rig->options.limit_rate = 1000;
    struct heard *heard = converse_by(rig, read_two_slowly);
    assert_answer(heard, 1, 200, NULL);
    assert_answer(heard, 3, 200, NULL);
    assert_int_equal(heard->streams[1].size + heard->streams[3].size, 200000);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void b12_dependencies_are_ignored(void **state)
{
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    (void)state;
    put_frame(wire, NGHTTP2_PRIORITY, 0, 1, "\0\0\0\3\20", 5);
    put_frame(wire, NGHTTP2_PRIORITY, 0, 3, "\0\0\0\5\20", 5);
    put_frame(wire, NGHTTP2_PRIORITY, 0, 5, "\200\0\0\1\20", 5);
    for (uint32_t id = 1; id <= 5; id += 2)
        put_get(wire, id, "/hello");
    struct heard *heard = converse(rig, wire);
    for (uint32_t id = 1; id <= 5; id += 2)
        assert_answer(heard, id, 200, "hello\n");
    assert_non_null(memmem(rig->got, rig->got_size, "\0\11\0\0\0\1", 6)); /* RFC 9218 2.1 */
}

static void b14_frames_after_goaway(void **state)
{
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    (void)state;
    put_headers(wire, 1, END_HEADERS, request_block("POST", "/echo"));
    put_goaway(wire);
    put_data(wire, 1, END_STREAM, "body", 4);
    put_frame(wire, NGHTTP2_PING, 0, 0, "12345678", 8);
    put_goaway(wire);
    put_number(wire, NGHTTP2_WINDOW_UPDATE, 0, 1, 100);
    struct heard *heard = flooded(rig, wire);
    assert_answer(heard, 1, 200, "body");
}

/* A drain has been heard of, and its last GOAWAY turns away what comes behind it. */
static int begin_behind_goaway(void *arg)
{
    struct rig *rig = arg;
    struct wire *wire = wire_new();
    int rc = ask_own(rig, wire);
    co_group_drain(rig->group);
    put_frame(wire, NGHTTP2_PING, 0, 0, "awake?  ", 8);
    wire_send(rig, wire);
    while (rc == 0 && hear(rig)->pings == 0)
        rc = hear_more(rig);
    put_frame(wire, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "\0\0\0\0\0\0\0\0", 8);
    wire_send(rig, wire);
    while (rc == 0 && hear(rig)->goaways < 2)
        rc = hear_more(rig);
    put_headers(wire, 3, END_HEADERS, request_block("POST", "/echo"));
    put_data(wire, 3, 0, "be", 2);
    put_data(wire, 3, END_STREAM, "hind", 4);
    put_number(wire, NGHTTP2_RST_STREAM, 0, 3, NGHTTP2_CANCEL);
    put_frame(wire, NGHTTP2_PING, 0, 0, "12345678", 8);
    wire_send(rig, wire);
    return rc < 0 ? rc : rig_read_all(rig);
}

static void b14_requests_behind_our_goaway(void **state)
{
    struct rig *rig = fresh();
    (void)state;
    rig->handler = lag;
    const struct heard *heard = converse_by(rig, begin_behind_goaway);
    assert_answer(heard, 1, 200, "late");
    assert_int_equal(heard->streams[3].status, 0);
    assert_int_equal(heard->ping_acks, 2);
    assert_int_equal(heard->goaway, NGHTTP2_NO_ERROR);
}

static void b15_a_frame_that_claims_more_than_arrives(void **state)
{
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    (void)state;
    put_get(wire, 1, "/hello");
    put_frame_head(wire, 16384, NGHTTP2_HEADERS, END_HEADERS, 3);
    put(wire, "\x82\x84", 2);
    struct heard *heard = converse(rig, wire);
    assert_answer(heard, 1, 200, "hello\n");
    assert_int_equal(rig->event_count, 1);
}

static void b15_a_frame_that_is_too_large(void **state)
{
    struct wire *wire = wire_new();
    (void)state;
    put_frame_head(wire, 16385, NGHTTP2_DATA, 0, 1);
    assert_int_equal(flooded(fresh(), wire)->goaway, NGHTTP2_FRAME_SIZE_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(b03_a_head_has_eight_continuations_at_most),
        cmocka_unit_test(b03_a_block_that_is_too_long_is_not_decoded),
        cmocka_unit_test(b03_a_head_must_be_whole_in_time),
        cmocka_unit_test(b06_fields_are_counted_crumbs_too),
        cmocka_unit_test(b06_a_small_block_does_not_become_a_large_head),
        cmocka_unit_test(b07_a_stream_whose_window_dribbles_dies_at_its_deadline),
        cmocka_unit_test(b07_a_window_that_never_opens_ends_the_stream),
        cmocka_unit_test(b07_a_connection_that_never_opens_ends_the_stream_with_a_limit_too),
        cmocka_unit_test(a_limit_of_ours_is_no_fault_of_the_peers),
        cmocka_unit_test(b08_blocks_that_cannot_be_decoded_end_the_connection),
        cmocka_unit_test(b09_pseudo_fields_must_be_there_once_first_and_clean),
        cmocka_unit_test(b09_fields_of_the_connection_and_upper_case_are_malformed),
        cmocka_unit_test(b10_lengths_must_agree_with_the_data),
        cmocka_unit_test(b10_lengths_are_read_as_strictly_as_over_http1),
        cmocka_unit_test(b10_data_after_the_end_is_refused),
        cmocka_unit_test(b11_a_window_cannot_overflow),
        cmocka_unit_test(b11_a_window_opens_by_more_than_nothing),
        cmocka_unit_test(b11_a_window_may_shrink_below_nothing),
        cmocka_unit_test(b12_dependencies_are_ignored),
        cmocka_unit_test(b14_frames_after_goaway),
        cmocka_unit_test(b14_requests_behind_our_goaway),
        cmocka_unit_test(b15_a_frame_that_claims_more_than_arrives),
        cmocka_unit_test(b15_a_frame_that_is_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
