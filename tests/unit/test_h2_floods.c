/* SPDX-License-Identifier: MIT */
/* Floods against HTTP/2 servers: each test is named after its line in the list of attacks. */
#include "h2_attacks_rig.h"

#define MILLION 1000000

/* `count` frames of a kind, then a request. Is that one answered? */
static struct heard *after(unsigned count, void (*put_one)(struct wire *wire, unsigned i))
{
    struct wire *wire = wire_new();
    for (unsigned i = 0; i < count; i++)
        put_one(wire, i);
    put_get(wire, 399, "/hello");
    return flooded(fresh(), wire);
}

static void assert_budget(void (*put_one)(struct wire *wire, unsigned i))
{
    assert_answer(after(60, put_one), 399, 200, "hello\n");
    struct heard *heard = after(150, put_one);
    assert_int_equal(heard->streams[399].status, 0);
    assert_int_equal(heard->goaway, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void put_and_reset_on(struct wire *wire, unsigned i, const char *path)
{
    uint32_t id = 1 + 2 * i;
    put_get(wire, id, path);
    put_number(wire, NGHTTP2_RST_STREAM, 0, id, NGHTTP2_CANCEL);
}

static void put_and_reset(struct wire *wire, unsigned i)
{
    put_and_reset_on(wire, i, "/hello");
}

static void b01_rapid_resets_use_up_a_budget(void **state)
{
    (void)state;
    assert_budget(put_and_reset);
}

/* A million of them, of which only what is on its way when the connection ends is taken at all. */
static int reset_a_million(void *arg)
{
    struct rig *rig = arg;
    struct wire *wire = wire_new();
    uint32_t id = 1;
    int rc = 0;
    for (; rc == 0 && id < 2 * MILLION; id += 2) {
        put_get(wire, id, "/own");
        put_number(wire, NGHTTP2_RST_STREAM, 0, id, NGHTTP2_CANCEL);
        if (wire->size > 16384)
            rc = wire_send(rig, wire);
    }
    rig->note = id / 2;
    rig_read_all(rig);
    return 0;
}

static void b01_a_million_resets_are_cut_at_once(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    const struct heard *heard = converse_by(rig, reset_a_million);
    assert_int_equal(heard->goaway, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_in_range(rig->note, 0, MILLION / 10);
}

/* 100 at once, and `more` each second. */
static int reset_each_second(void *arg)
{
    struct rig *rig = arg;
    struct wire *wire = wire_new();
    uint32_t id = 0;
    for (unsigned second = 0; second < 30; second++) {
        for (long i = 0; i < (second ? rig->note : 95); i++)
            put_and_reset(wire, id++);
        if (wire_send(rig, wire) < 0)
            break;
        co_sleep(1000);
    }
    co_shutdown_write(rig->peer);
    rig_read_all(rig);
    return 0;
}

static void b01_the_budget_comes_back_by_ten_each_second(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct rig *rig = fresh();
        rig->note = i == 0 ? 9 : 15;
        const struct heard *heard = converse_by(rig, reset_each_second);
        assert_int_equal(heard->goaway, i == 0 ? NGHTTP2_NO_ERROR : NGHTTP2_ENHANCE_YOUR_CALM);
    }
}

/* 60 requests are at work: they are reset, and as many as there is room for come behind them. */
static struct wire *fill_by_resets(struct rig *rig)
{
    struct wire *wire = wire_new();
    for (uint32_t id = 1; id < 2 * 60; id += 2)
        put_get(wire, id, "/own");
    put_frame(wire, NGHTTP2_PING, 0, 0, "at work?", 8);
    wire_send(rig, wire);
    while (hear(rig)->ping_acks == 0 && hear_more(rig) == 0)
        ;
    for (uint32_t id = 1; id < 2 * 60; id += 2)
        put_number(wire, NGHTTP2_RST_STREAM, 0, id, NGHTTP2_CANCEL);
    for (uint32_t id = 2 * 60 + 1; id < 2 * 128; id += 2)
        put_get(wire, id, "/own");
    return wire;
}

static void send_last(struct rig *rig, struct wire *wire)
{
    wire_send(rig, wire);
    co_shutdown_write(rig->peer);
    rig_read_all(rig);
}

static int reset_at_work(void *arg)
{
    struct rig *rig = arg;
    struct wire *wire = fill_by_resets(rig);
    for (uint32_t id = 2 * 128 + 1; id < 2 * 140; id += 2)
        put_get(wire, id, "/own");
    send_last(rig, wire);
    return 0;
}

static void b01_a_stream_that_was_reset_keeps_its_place_until_its_handler_ends(void **state)
{
    struct rig *rig = fresh();
    (void)state;
    rig->handler = lag;
    const struct heard *heard = converse_by(rig, reset_at_work);
    assert_int_equal(rig->note, 128);
    assert_reset(heard, 277, NGHTTP2_REFUSED_STREAM);
}

/* A field of 3,000 bytes is put into the table once and referred to by one byte each time. It comes
 * by itself, so that its stream is refused only when all of it is there. */
static int bomb_without_a_place(void *arg)
{
    static char value[3000];
    struct rig *rig = arg;
    struct wire *wire = fill_by_resets(rig);
    struct block *block = request_block("GET", "/own");
    wire_send(rig, wire);
    co_sleep(1);
    block->bytes[block->size++] = 0x40; /* kept (RFC 7541 6.2.1) */
    block_text(block, "x", 1);
    block_text(block, memset(value, 'x', sizeof value), sizeof value);
    for (unsigned i = 0; i < 60; i++)
        block->bytes[block->size++] = 0x80 | 62;
    put_headers(wire, 2 * 128 + 1, END_HEADERS | END_STREAM, block);
    send_last(rig, wire);
    return 0;
}

static void b06_heads_that_are_refused_are_counted_too(void **state)
{
    struct rig *rig = fresh();
    (void)state;
    rig->handler = lag;
    const struct heard *heard = converse_by(rig, bomb_without_a_place);
    assert_int_equal(rig->note, 128);
    assert_int_equal(heard->goaway, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void b01_a_stream_that_is_reset_before_its_handler_begins_never_runs_it(void **state)
{
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    (void)state;
    rig->handler = lag;
    for (uint32_t id = 1; id < 2 * 70; id += 2) {
        put_get(wire, id, "/own");
        if (id % 4 == 1)
            put_number(wire, NGHTTP2_RST_STREAM, 0, id, NGHTTP2_CANCEL);
    }
    const struct heard *heard = flooded(rig, wire);
    assert_int_equal(rig->note, 35);
    assert_answer(heard, 3, 200, "late");
    assert_answer(heard, 139, 200, "late");
}

static void b01_requests_that_are_all_reset_at_once_leave_nothing_behind(void **state)
{
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    (void)state;
    rig->handler = lag;
    for (unsigned i = 0; i < 60; i++)
        put_and_reset_on(wire, i, "/own");
    const struct heard *heard = flooded(rig, wire);
    assert_int_equal(rig->note, 0);
    assert_int_equal(heard->goaway, NGHTTP2_NO_ERROR);
}

static void put_overflow(struct wire *wire, unsigned i)
{
    uint32_t id = 1 + 2 * i;
    put_headers(wire, id, END_HEADERS, request_block("POST", "/echo"));
    put_number(wire, NGHTTP2_WINDOW_UPDATE, 0, id, 0x7fffffff);
}

static void b02_resets_of_our_own_are_counted_too(void **state)
{
    (void)state;
    assert_budget(put_overflow);
}

static void put_ping(struct wire *wire, unsigned i)
{
    (void)i;
    put_frame(wire, NGHTTP2_PING, 0, 0, "12345678", 8);
}

static void put_settings(struct wire *wire, unsigned i)
{
    (void)i;
    put_frame(wire, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
}

static void put_priority(struct wire *wire, unsigned i)
{
    put_frame(wire, NGHTTP2_PRIORITY, 0, 1 + 2 * i, "\0\0\0\0\20", 5);
}

static void put_unknown(struct wire *wire, unsigned i)
{
    put_frame(wire, (uint8_t)(0x80 + i % 16), 0, 0, "?", 1);
}

static void put_empty_data(struct wire *wire, unsigned i)
{
    if (i == 0)
        put_headers(wire, 1, END_HEADERS, request_block("POST", "/echo"));
    put_data(wire, 1, 0, NULL, 0);
}

static void put_padding(struct wire *wire, unsigned i)
{
    if (i == 0)
        put_headers(wire, 1, END_HEADERS, request_block("POST", "/echo"));
    put_frame(wire, NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, "\2\0\0", 3);
}

static void put_empty_headers(struct wire *wire, unsigned i)
{
    put_headers(wire, 1 + 2 * i, END_HEADERS | END_STREAM, empty_block());
}

static void put_priority_update(struct wire *wire, unsigned i)
{
    (void)i;
    put_frame(wire, NGHTTP2_PRIORITY_UPDATE, 0, 0, "\0\0\0\1u=1", 7);
}

static void put_small_window(struct wire *wire, unsigned i)
{
    (void)i;
    put_number(wire, NGHTTP2_WINDOW_UPDATE, 0, 0, 1);
}

/* Nobody has sent a PING. */
static void put_ping_ack(struct wire *wire, unsigned i)
{
    (void)i;
    put_frame(wire, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "12345678", 8);
}

/* Of a stream that has ended, without a byte of a response. */
static void put_late_window(struct wire *wire, unsigned i)
{
    if (i == 0)
        put_and_reset(wire, 0);
    put_number(wire, NGHTTP2_WINDOW_UPDATE, 0, 1, 65536);
}

static void b04_small_talk_uses_up_the_budget(void **state)
{
    (void)state;
    assert_budget(put_ping);
    assert_budget(put_settings);
    assert_budget(put_priority);
    assert_budget(put_unknown);
    assert_budget(put_empty_data);
    assert_budget(put_padding);
    assert_budget(put_empty_headers);
    assert_budget(put_priority_update);
    assert_budget(put_small_window);
    assert_budget(put_ping_ack);
    assert_budget(put_late_window);
}

/* A response of 300 KiB, for which the windows suffice. */
static int answer_at_length(co_http_request *request, struct rig *rig)
{
    static char bytes[300 << 10];
    (void)rig;
    return co_http_reply(request, 200, "text/plain", bytes, sizeof bytes);
}

/* It is taken KiB by KiB, and ends before anything is said of that. */
static int open_windows_late(void *arg)
{
    struct rig *rig = arg;
    struct wire *wire = wire_new();
    put_setting(wire, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20);
    put_number(wire, NGHTTP2_WINDOW_UPDATE, 0, 0, 1 << 20);
    put_get(wire, 1, "/own");
    wire_send(rig, wire);
    hear_response(rig, 1);
    for (unsigned i = 0; i < 300; i++)
        put_number(wire, NGHTTP2_WINDOW_UPDATE, 0, 1, 1024);
    put_get(wire, 399, "/hello");
    send_last(rig, wire);
    return 0;
}

static void windows_that_open_when_all_is_sent_are_nobodys_fault(void **state)
{
    struct rig *rig = fresh();
    (void)state;
    rig->handler = answer_at_length;
    assert_answer(converse_by(rig, open_windows_late), 399, 200, "hello\n");
}

static void b05_settings_with_many_entries(void **state)
{
    static uint8_t entries[6 * 2000];
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    (void)state;
    for (size_t i = 0; i < sizeof entries; i += 6)
        entries[i + 1] = NGHTTP2_SETTINGS_MAX_FRAME_SIZE + 100;
    put_frame(wire, NGHTTP2_SETTINGS, 0, 0, entries, sizeof entries);
    put_get(wire, 1, "/hello");
    struct heard *heard = flooded(rig, wire);
    assert_int_equal(heard->goaway, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_int_equal(heard->streams[1].status, 0);
}

static void put_goaway_again(struct wire *wire, unsigned i)
{
    (void)i;
    put_goaway(wire);
}

static void b14_goaways_without_end(void **state)
{
    (void)state;
    assert_int_equal(after(150, put_goaway_again)->goaway, NGHTTP2_ENHANCE_YOUR_CALM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(b01_rapid_resets_use_up_a_budget),
        cmocka_unit_test(b01_a_million_resets_are_cut_at_once),
        cmocka_unit_test(b01_the_budget_comes_back_by_ten_each_second),
        cmocka_unit_test(b01_a_stream_that_was_reset_keeps_its_place_until_its_handler_ends),
        cmocka_unit_test(b01_a_stream_that_is_reset_before_its_handler_begins_never_runs_it),
        cmocka_unit_test(b01_requests_that_are_all_reset_at_once_leave_nothing_behind),
        cmocka_unit_test(b02_resets_of_our_own_are_counted_too),
        cmocka_unit_test(b06_heads_that_are_refused_are_counted_too),
        cmocka_unit_test(b04_small_talk_uses_up_the_budget),
        cmocka_unit_test(windows_that_open_when_all_is_sent_are_nobodys_fault),
        cmocka_unit_test(b05_settings_with_many_entries),
        cmocka_unit_test(b14_goaways_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
