/* SPDX-License-Identifier: MIT */
/* What servers of HTTP/2 may do to a client: malformed responses, floods, windows (attacks B). */
#include "h2_client_rig.h"

#include "http/h2_client.h"

#define FLOOD 20000 /* frames */

/* ---- malformed responses ----------------------------------------------------------------------
 */

/* A response's fields, "name", "value", ..., NULL; and what follows the head. */
struct response {
    const char *fields[12];
    const char *data;  /* NULL: the head ends the stream */
    const char *value; /* of the last field, with `value_size` bytes: what a string cannot hold */
    size_t value_size;
};

static const struct response *wanted;

static struct block *block_of(const struct response *response)
{
    struct block *block = empty_block();
    for (unsigned i = 0; response->fields[i]; i += 2)
        if (response->value && !response->fields[i + 2])
            add_sized(block, response->fields[i], response->value, response->value_size);
        else
            add(block, response->fields[i], response->fields[i + 1]);
    return block;
}

/* Answers the first request as the table says, all others well. */
static int answer_as_wanted(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    uint8_t end = wanted->data ? 0 : END_STREAM;
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS | end, block_of(wanted));
    if (wanted->data)
        put_data(&forge->wire, (uint32_t)id, END_STREAM, wanted->data, strlen(wanted->data));
    forge_send(forge);
    return rc < 0 ? 0 : forge_answer_all(forge);
}

static int get_two_by_two(struct site *site)
{
    site_fetch(site, &(struct co_http_fetch){.method = site->note ? "HEAD" : NULL}, "/", 0);
    return site_get(site, "/", 1);
}

/* The exchange fails, the connection goes on. */
static void expect_response(const struct response *response, bool head)
{
    wanted = response;
    struct site *site = site_new(answer_as_wanted, get_two_by_two);
    site->note = head;
    site_run(site);
    if (site->results[0].rc != 0 ? site->results[0].rc != CO_EHTTP
                                 : site->results[0].read != CO_EHTTP)
        fail_msg("%s %s: %d, %d", response->fields[0], response->fields[1], site->results[0].rc,
            site->results[0].read);
    assert_got_body(site, 1, "ok");
    assert_int_equal(site->connections, 1);
}

#define EXPECT_BAD(...) expect_response(&(const struct response){.fields = {__VA_ARGS__}}, false)

static void a_status_is_there_once_first_and_a_number_b09(void **state)
{
    (void)state;
    EXPECT_BAD("server", "x");
    EXPECT_BAD(":status", "200", ":status", "200");
    EXPECT_BAD("server", "x", ":status", "200");
    EXPECT_BAD(":status", "");
    EXPECT_BAD(":status", "20");
    EXPECT_BAD(":status", "2000");
    EXPECT_BAD(":status", "2x0");
    EXPECT_BAD(":status", "-20");
    EXPECT_BAD(":status", "101");
    EXPECT_BAD(":status", "200", ":path", "/");
    EXPECT_BAD(":status", "200", ":other", "x");
}

static void fields_of_the_connection_are_malformed_b09(void **state)
{
    (void)state;
    EXPECT_BAD(":status", "200", "connection", "close");
    EXPECT_BAD(":status", "200", "keep-alive", "5");
    EXPECT_BAD(":status", "200", "proxy-connection", "x");
    EXPECT_BAD(":status", "200", "transfer-encoding", "chunked");
    EXPECT_BAD(":status", "200", "upgrade", "h2c");
}

static void names_are_lower_case_tokens_b09(void **state)
{
    (void)state;
    EXPECT_BAD(":status", "200", "Server", "x");
    EXPECT_BAD(":status", "200", "a b", "x");
    EXPECT_BAD(":status", "200", "a:b", "x");
    EXPECT_BAD(":status", "200", "", "x");
    EXPECT_BAD(":status", "200", "a\r\nb", "x");
}

static void values_have_no_line_ends_and_nul_b09(void **state)
{
    static const char *const values[] = {"a\r\nb: c", "a\nb", "a\rb", "a\x7f"};
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(values); i++)
        EXPECT_BAD(":status", "200", "x-field", values[i]);
    expect_response(
        &(const struct response){
            .fields = {":status", "200", "x-field", "x"}, .value = "a\0b", .value_size = 3},
        false);
}

static void lengths_must_agree_with_the_data_b10(void **state)
{
    (void)state;
    EXPECT_BAD(":status", "200", "content-length", "3");
    EXPECT_BAD(":status", "200", "content-length", "3", "content-length", "4");
    EXPECT_BAD(":status", "200", "content-length", "x");
    EXPECT_BAD(":status", "200", "content-length", "-1");
    EXPECT_BAD(":status", "200", "content-length", "9223372036854775808");
    expect_response(&(const struct response){.fields = {":status", "200", "content-length", "3"},
                        .data = "four"},
        false);
    expect_response(&(const struct response){.fields = {":status", "200", "content-length", "5"},
                        .data = "four"},
        false);
    expect_response(&(const struct response){.fields = {":status", "200"}, .data = "body"}, true);
    expect_response(&(const struct response){.fields = {":status", "204"}, .data = "body"}, false);
}

/* ---- too much ---------------------------------------------------------------------------------
 */

/* A head in as many frames as it takes, and a body. */
static void put_large_head(struct forge *forge, int id, const struct block *block)
{
    const size_t step = 16384;
    for (size_t at = 0; at < block->size; at += step) {
        size_t left = block->size - at;
        put_frame(&forge->wire, at ? NGHTTP2_CONTINUATION : NGHTTP2_HEADERS,
            left <= step ? END_HEADERS : 0, (uint32_t)id, block->bytes + at,
            left < step ? left : step);
        forge_send(forge);
    }
    put_data(&forge->wire, (uint32_t)id, END_STREAM, "ok", 2);
    forge_send(forge);
}

static int answer_with_large_head(struct forge *forge)
{
    static char value[30000];
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    struct block *block = answer_block("200");
    memset(value, 'v', sizeof value);
    for (unsigned i = 0; i < 10 + (unsigned)forge->site->note; i++)
        add_sized(block, "x", value, i < 10 ? sizeof value : 7150);
    put_large_head(forge, id, block);
    return forge_read_all(forge);
}

static void a_head_of_300_kib_is_taken_and_no_more_b06(void **state)
{
    (void)state;
    struct site *site = meet_forge(answer_with_large_head, get_one);
    assert_got_body(site, 0, "ok");
    site = site_new(answer_with_large_head, get_one);
    site->note = 1;
    site_run(site);
    assert_int_equal(site->results[0].rc, CO_ETOOBIG);
}

static int answer_with_many_fields(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    struct block *block = answer_block("200");
    for (long i = 0; i < forge->site->note; i++)
        add(block, "x", "");
    put_large_head(forge, id, block);
    return forge_read_all(forge);
}

static void fields_are_counted_b06(void **state)
{
    static const int expected[][2] = {{5000, 0}, {5001, CO_ETOOBIG}, {11000, CO_EHTTP}};
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(expected); i++) {
        struct site *site = site_new(answer_with_many_fields, get_one);
        site->note = expected[i][0];
        site_run(site);
        assert_int_equal(site->results[0].rc, expected[i][1]);
    }
    assert_int_equal(site_new(NULL, NULL)->connections, 0);
}

/* A field of 4,000 bytes that is kept, and single bytes that refer to it. */
static int answer_with_bomb(struct forge *forge)
{
    static char value[4000];
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    struct block *block = answer_block("200");
    block->bytes[block->size++] = 0x40; /* a literal that is kept (RFC 7541 6.2.1) */
    block_text(block, "x", 1);
    block_text(block, memset(value, 'v', sizeof value), sizeof value);
    memset(block->bytes + block->size, 0x80 | 62, 10000);
    block->size += 10000;
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS | END_STREAM, block);
    forge_send(forge);
    return forge_read_all(forge);
}

static void a_small_block_does_not_become_a_large_head_b06(void **state)
{
    (void)state;
    struct site *site = meet_forge(answer_with_bomb, get_one);
    assert_int_equal(site->results[0].rc, CO_ETOOBIG);
    assert_int_equal(site->forges[0]->goaway_code, NGHTTP2_ENHANCE_YOUR_CALM);
}

static int answer_in_pieces(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    struct block *block = answer_block("200");
    put_headers(&forge->wire, (uint32_t)id, 0, block);
    for (unsigned i = 0; i < 100; i++)
        put_frame(&forge->wire, NGHTTP2_CONTINUATION, 0, (uint32_t)id, NULL, 0);
    forge_send(forge);
    return forge_read_all(forge);
}

static void continuations_do_not_go_on_and_on_b03(void **state)
{
    (void)state;
    struct site *site = meet_forge(answer_in_pieces, get_one);
    assert_int_equal(site->results[0].rc, CO_EHTTP);
    assert_int_equal(site->forges[0]->goaway_code, NGHTTP2_ENHANCE_YOUR_CALM);
}

static int answer_interim(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    for (long i = 0; i < forge->site->note; i++)
        put_headers(&forge->wire, (uint32_t)id, END_HEADERS, answer_block("103"));
    put_answer(forge, id, "ok");
    forge_send(forge);
    return forge_read_all(forge);
}

static void interim_responses_do_not_go_on_and_on_h16(void **state)
{
    (void)state;
    struct site *site = site_new(answer_interim, get_one);
    site->note = 32;
    site_run(site);
    assert_got_body(site, 0, "ok");
    site = site_new(answer_interim, get_one);
    site->note = 33;
    site_run(site);
    assert_int_equal(site->results[0].rc, CO_EHTTP);
    assert_int_equal(site->forges[0]->resets, 1);
}

/* ---- floods -----------------------------------------------------------------------------------
 */

/* A frame, by its site's note, again and again instead of an answer; -1: one to no PING. */
static void put_flood(struct forge *forge, int id)
{
    static const uint8_t zeros[8];
    struct wire *wire = &forge->wire;
    switch (forge->site->note) {
    case NGHTTP2_PING: put_frame(wire, NGHTTP2_PING, 0, 0, zeros, 8); break;
    case -1: put_frame(wire, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, zeros, 8); break;
    case NGHTTP2_SETTINGS: put_frame(wire, NGHTTP2_SETTINGS, 0, 0, NULL, 0); break;
    case NGHTTP2_DATA: put_frame(wire, NGHTTP2_DATA, 0, (uint32_t)id, NULL, 0); break;
    case NGHTTP2_WINDOW_UPDATE: put_number(wire, NGHTTP2_WINDOW_UPDATE, 0, 0, 1); break;
    case NGHTTP2_PRIORITY: put_frame(wire, NGHTTP2_PRIORITY, 0, 1, zeros, 5); break;
    case NGHTTP2_RST_STREAM: put_number(wire, NGHTTP2_RST_STREAM, 0, (uint32_t)id, 8); break;
    case NGHTTP2_GOAWAY: put_goaway(forge, INT32_MAX, 0); break;
    default: put_frame(wire, 0x60, 0, 0, NULL, 0); break;
    }
}

static int flood(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS, answer_block("200"));
    for (unsigned i = 0; i < FLOOD; i++)
        put_flood(forge, id);
    forge_send(forge);
    return forge_read_all(forge);
}

static void floods_end_the_connection_b04(void **state)
{
    static const int kinds[] = {-1, NGHTTP2_PING, NGHTTP2_SETTINGS, NGHTTP2_DATA,
        NGHTTP2_WINDOW_UPDATE, NGHTTP2_PRIORITY, NGHTTP2_RST_STREAM, NGHTTP2_GOAWAY, 0x60};
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(kinds); i++) {
        struct site *site = site_new(flood, get_one);
        site->note = kinds[i];
        site_run(site);
        if (site->results[0].rc == 0 && site->results[0].read >= 0)
            fail_msg("a flood of frames of type %d", kinds[i]);
        assert_int_equal(site->forges[0]->goaway_code, NGHTTP2_ENHANCE_YOUR_CALM);
        assert_true(site->forges[0]->pings + site->forges[0]->acks < 200);
    }
}

/* Windows of a stream that has ended. */
static int flood_late(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    rc = id < 0 || forge_answer(forge, id, "ok") < 0 ? -EIO : forge_request(forge);
    for (unsigned i = 0; rc >= 0 && i < FLOOD; i++)
        put_number(&forge->wire, NGHTTP2_WINDOW_UPDATE, 0, (uint32_t)id, 65536);
    forge_send(forge);
    return forge_read_all(forge);
}

static void windows_that_open_late_end_the_connection_b04(void **state)
{
    (void)state;
    struct site *site = meet_forge(flood_late, get_two);
    assert_got_body(site, 0, "ok");
    assert_int_equal(site->results[1].rc, CO_EHTTP);
    assert_int_equal(site->forges[0]->goaway_code, NGHTTP2_ENHANCE_YOUR_CALM);
}

static int settle_for_long(struct forge *forge)
{
    static uint8_t entries[6 * 2000];
    int rc = forge_fill(forge, sizeof H2_PREFACE - 1);
    put_frame(&forge->wire, NGHTTP2_SETTINGS, 0, 0, entries, sizeof entries);
    forge_send(forge);
    return rc < 0 ? rc : forge_read_all(forge);
}

static void settings_with_many_entries_b05(void **state)
{
    (void)state;
    struct site *site = meet_forge(settle_for_long, get_one);
    assert_int_equal(site->results[0].rc, CO_EHTTP);
}

/* ---- frames out of place ----------------------------------------------------------------------
 */

enum deed {
    PUSH,
    PUSH_AFTER_SETTINGS,
    OVERFLOW_LINK,
    OVERFLOW_STREAM,
    NO_INCREMENT,
    UNKNOWN_STREAM,
    IDLE_DATA,
    TOO_LARGE,
    BAD_BLOCK,
    SETTINGS_SIZE,
    WINDOW_SETTING,
    LONE_CONTINUATION,
    DEEDS,
};

static void put_deed(struct forge *forge, int deed, uint32_t id)
{
    static const uint8_t bytes[20000];
    struct wire *wire = &forge->wire;
    struct block *block = request_block("GET", "/pushed");
    memmove(block->bytes + 4, block->bytes, block->size);
    memcpy(block->bytes, (const uint8_t[]){0, 0, 0, 2}, 4);
    block->size += 4;
    switch (deed) {
    case PUSH:
    case PUSH_AFTER_SETTINGS:
        put_frame(wire, NGHTTP2_PUSH_PROMISE, END_HEADERS, id, block->bytes, block->size);
        break;
    case OVERFLOW_LINK: put_number(wire, NGHTTP2_WINDOW_UPDATE, 0, 0, INT32_MAX); break;
    case OVERFLOW_STREAM: put_number(wire, NGHTTP2_WINDOW_UPDATE, 0, id, INT32_MAX); break;
    case NO_INCREMENT: put_number(wire, NGHTTP2_WINDOW_UPDATE, 0, id, 0); break;
    case UNKNOWN_STREAM:
        put_headers(wire, id + 1, END_HEADERS | END_STREAM, answer_block("200"));
        break;
    case IDLE_DATA: put_data(wire, id + 2, END_STREAM, "x", 1); break;
    case TOO_LARGE: put_frame(wire, NGHTTP2_DATA, 0, id, bytes, sizeof bytes); break;
    case BAD_BLOCK:
        put_frame(wire, NGHTTP2_HEADERS, END_HEADERS | END_STREAM, id, "\x80", 1);
        break;
    case SETTINGS_SIZE: put_frame(wire, NGHTTP2_SETTINGS, 0, 0, bytes, 5); break;
    case WINDOW_SETTING: put_setting(wire, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, UINT32_MAX); break;
    default: put_frame(wire, NGHTTP2_CONTINUATION, END_HEADERS, id, NULL, 0); break;
    }
}

static int misbehave(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    if (id >= 0 && forge->site->note != PUSH)
        while (rc == 0 && forge->acks == 0)
            rc = forge_next(forge);
    put_deed(forge, (int)forge->site->note, (uint32_t)id);
    put_answer(forge, id, "ok");
    forge_send(forge);
    return forge_read_all(forge);
}

static void frames_out_of_place_fail_b08_b11_b15(void **state)
{
    (void)state;
    for (int deed = OVERFLOW_LINK; deed < DEEDS; deed++) {
        struct site *site = site_new(misbehave, get_one);
        site->note = deed;
        site_run(site);
        if (site->results[0].rc != CO_EHTTP)
            fail_msg("deed %d: %d", deed, site->results[0].rc);
        if (deed != OVERFLOW_STREAM && site->forges[0]->goaways == 0)
            fail_msg("deed %d: no GOAWAY", deed);
    }
}

static void a_push_is_an_error_of_the_connection_b13(void **state)
{
    (void)state;
    for (int deed = PUSH; deed <= PUSH_AFTER_SETTINGS; deed++) {
        struct site *site = site_new(misbehave, get_one);
        site->note = deed;
        site_run(site);
        assert_int_equal(site->results[0].rc, CO_EHTTP);
        assert_int_equal(site->forges[0]->goaways, 1);
        assert_int_equal(site->forges[0]->goaway_code, NGHTTP2_PROTOCOL_ERROR);
    }
}

/* Sends more than the window of one stream. */
static int overrun(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS, answer_block("200"));
    for (unsigned i = 0; i < 5; i++)
        put_data(&forge->wire, (uint32_t)id, 0, forge->site->content, 16384);
    forge_send(forge);
    return forge_read_all(forge);
}

/* Another request waits meanwhile, so that what comes is looked at. */
static int leave_unread_and_wait(struct site *site)
{
    co_http_response *response;
    int rc = site_open(site, &(struct co_http_fetch){0}, "/", &response);
    if (rc < 0)
        return rc;
    site_get(site, "/", 1);
    take_body(response, &site->results[0]);
    co_http_response_close(response);
    return 0;
}

static void who_sends_more_than_the_window_is_reset_b11(void **state)
{
    (void)state;
    struct site *site = site_new(overrun, leave_unread_and_wait);
    site->options.head_ms = 1000;
    site_run(site);
    assert_int_equal(site->results[0].read, CO_EHTTP);
    assert_in_range(site->results[0].bytes, 1, CO_H2_CALL_BYTES + 16384); /* that frame ends */
    assert_int_equal(site->results[1].rc, CO_EDEADLINE);
    assert_int_equal(site->forges[0]->goaways, 0);
}

/* DATA, trailers and resets for what the client has called off long ago. */
static int go_on_after_the_reset(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS, answer_block("200"));
    forge_send(forge);
    rc = id < 0 ? id : forge_await(forge, NGHTTP2_RST_STREAM, (uint32_t)id);
    put_data(&forge->wire, (uint32_t)id, 0, "late", 4);
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS | END_STREAM, empty_block());
    put_number(&forge->wire, NGHTTP2_RST_STREAM, 0, (uint32_t)id, NGHTTP2_CANCEL);
    put_number(&forge->wire, NGHTTP2_WINDOW_UPDATE, 0, (uint32_t)id, 5000);
    forge_send(forge);
    return rc < 0 ? 0 : forge_answer_all(forge);
}

static int close_and_get(struct site *site)
{
    co_http_response *response;
    int rc = site_open(site, &(struct co_http_fetch){0}, "/", &response);
    if (rc < 0)
        return rc;
    co_http_response_close(response);
    co_sleep(50);
    return site_get(site, "/", 0);
}

static void what_comes_after_a_reset_harms_nobody_b14(void **state)
{
    (void)state;
    struct site *site = meet_forge(go_on_after_the_reset, close_and_get);
    assert_got_body(site, 0, "ok");
    assert_int_equal(site->connections, 1);
}

/* An answer, and frames behind a GOAWAY. */
static int go_on_after_goaway(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    put_goaway(forge, (uint32_t)id, NGHTTP2_NO_ERROR);
    put_frame(&forge->wire, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    put_number(&forge->wire, NGHTTP2_WINDOW_UPDATE, 0, 0, 5000);
    put_answer(forge, id, "ok");
    put_goaway(forge, (uint32_t)id, NGHTTP2_NO_ERROR);
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS | END_STREAM, answer_block("200"));
    put_frame(&forge->wire, NGHTTP2_PRIORITY, 0, 7, "\0\0\0\0\0", 5);
    forge_send(forge);
    return forge_read_all(forge);
}

static void frames_behind_a_goaway_harm_nobody_b14(void **state)
{
    (void)state;
    struct site *site = meet_forge(go_on_after_goaway, get_two);
    assert_got_body(site, 0, "ok");
    assert_got_body(site, 1, "ok");
    assert_int_equal(site->connections, 2);
}

/* Everything a byte at a time. */
static int dribble(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    put_answer(forge, id, "dribbled");
    for (size_t i = 0; rc >= 0 && i < forge->wire.size; i++) {
        rc = co_write(forge->stream, forge->wire.bytes + i, 1);
        co_sleep(1);
    }
    return forge_read_all(forge);
}

static void takes_frames_a_byte_at_a_time_b15(void **state)
{
    (void)state;
    struct site *site = meet_forge(dribble, get_one);
    assert_got_body(site, 0, "dribbled");
}

/* A malformed response beside good ones. */
static int answer_one_badly(struct forge *forge)
{
    int ids[3] = {0}, rc = forge_greet(forge);
    for (unsigned i = 0; rc >= 0 && i < 3; i++)
        rc = ids[i] = forge_request(forge);
    struct block *block = answer_block("200");
    add(block, "Upper", "x");
    put_headers(&forge->wire, (uint32_t)ids[1], END_HEADERS, block);
    put_answer(forge, ids[0], "ok");
    put_answer(forge, ids[2], "ok");
    forge_send(forge);
    return forge_read_all(forge);
}

static void a_malformed_response_harms_no_other(void **state)
{
    (void)state;
    struct site *site = meet_forge(answer_one_badly, get_three_at_once);
    assert_got_body(site, 0, "ok");
    assert_int_equal(site->results[1].rc, CO_EHTTP);
    assert_got_body(site, 2, "ok");
    assert_int_equal(site->connections, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_is_there_once_first_and_a_number_b09),
        cmocka_unit_test(fields_of_the_connection_are_malformed_b09),
        cmocka_unit_test(names_are_lower_case_tokens_b09),
        cmocka_unit_test(values_have_no_line_ends_and_nul_b09),
        cmocka_unit_test(lengths_must_agree_with_the_data_b10),
        cmocka_unit_test(a_head_of_300_kib_is_taken_and_no_more_b06),
        cmocka_unit_test(fields_are_counted_b06),
        cmocka_unit_test(a_small_block_does_not_become_a_large_head_b06),
        cmocka_unit_test(continuations_do_not_go_on_and_on_b03),
        cmocka_unit_test(interim_responses_do_not_go_on_and_on_h16),
        cmocka_unit_test(floods_end_the_connection_b04),
        cmocka_unit_test(windows_that_open_late_end_the_connection_b04),
        cmocka_unit_test(settings_with_many_entries_b05),
        cmocka_unit_test(frames_out_of_place_fail_b08_b11_b15),
        cmocka_unit_test(a_push_is_an_error_of_the_connection_b13),
        cmocka_unit_test(who_sends_more_than_the_window_is_reset_b11),
        cmocka_unit_test(what_comes_after_a_reset_harms_nobody_b14),
        cmocka_unit_test(frames_behind_a_goaway_harm_nobody_b14),
        cmocka_unit_test(takes_frames_a_byte_at_a_time_b15),
        cmocka_unit_test(a_malformed_response_harms_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
