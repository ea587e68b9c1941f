/* SPDX-License-Identifier: MIT */
/*
 * What RFC 9113 and RFC 7541 make of frames: each row says some, and whether they are fine, break
 * their stream (5.4.2) or the connection (5.4.1), and by which code. Around them goes a connection
 * like any other, with a last request that is answered as long as the connection is not broken.
 */
#include "h2_rig.h"

#define LAST_ID    399 /* of the last request */
#define FRAMES_MAX 6

/* Text as a payload. */
#define RAW(text) .bytes = (text), .size = sizeof(text) - 1

#define START  ":method: GET\n:scheme: http\n:authority: a\n"
#define GET    START ":path: /hello\n"
#define SLOW   START ":path: /own\n" /* answered in a while */
#define POST   ":method: POST\n:scheme: http\n:authority: a\n:path: /echo\n"
#define UPLOAD ":method: POST\n:scheme: http\n:authority: a\n:path: /own\n"
#define WHOLE  (END_HEADERS | END_STREAM)
#define PADDED NGHTTP2_FLAG_PADDED
#define ACK    NGHTTP2_FLAG_ACK

enum kind {
    DATA = NGHTTP2_DATA,
    HEADERS = NGHTTP2_HEADERS,
    PRIORITY = NGHTTP2_PRIORITY,
    RST = NGHTTP2_RST_STREAM,
    SETTINGS = NGHTTP2_SETTINGS,
    PUSH = NGHTTP2_PUSH_PROMISE,
    PING = NGHTTP2_PING,
    GOAWAY = NGHTTP2_GOAWAY,
    WINDOW = NGHTTP2_WINDOW_UPDATE,
    CONTINUATION = NGHTTP2_CONTINUATION,
    UNKNOWN = 0xee,
    PAUSE = 0x1ff, /* no frame: what comes before it is answered */
    END = 0,
};

struct frame {
    int kind;
    uint8_t flags;
    uint32_t id;
    const char *bytes;  /* the payload */
    size_t size;        /* NUL bytes, where there are no bytes */
    const char *fields; /* instead: lines "name: value", each a literal */
    bool is_there;
};

#define F(kind_, flags_, id_, ...)                                                                 \
 {                                                                                                 \
  .kind = (kind_), .flags = (flags_), .id = (id_), .is_there = true, __VA_ARGS__                   \
 }

/* What comes of it. */
enum verdict { FINE, STREAM, CONNECTION };

struct row {
    const char *what;
    struct frame frames[FRAMES_MAX];
    enum verdict verdict;
    uint32_t code;   /* of an error */
    uint32_t id;     /* of the stream that it breaks; 0: 1 */
    int status;      /* FINE: of the answer on stream 1; 0: none is asked for */
    bool no_request; /* the row's frames are the first of all */
};

/* ---- saying it ------------------------------------------------------------------------------- */

static const struct block *block_of(const char *fields)
{
    struct block *block = empty_block();
    while (*fields) {
        const char *colon = strchr(fields + 1, ':'), *end = strchr(fields, '\n');
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)(colon - fields), fields);
        add_sized(block, name, colon + 2, (size_t)(end - colon - 2));
        fields = end + 1;
    }
    return block;
}

static void put_one(struct wire *wire, const struct frame *frame)
{
    static const char zeros[1 << 15];
    uint8_t kind = (uint8_t)frame->kind;
    if (frame->fields)
        put_frame(wire, kind, frame->flags, frame->id, block_of(frame->fields)->bytes,
            block_of(frame->fields)->size);
    else
        put_frame(
            wire, kind, frame->flags, frame->id, frame->bytes ? frame->bytes : zeros, frame->size);
}

static const struct row *now;

static int say(void *arg)
{
    struct rig *rig = arg;
    struct wire *wire = wire_new();
    if (now->no_request)
        wire->size = sizeof H2_PREFACE - 1;
    for (size_t i = 0; i < FRAMES_MAX && now->frames[i].is_there; i++) {
        if (now->frames[i].kind != PAUSE) {
            put_one(wire, &now->frames[i]);
            continue;
        }
        co_write(rig->peer, wire->bytes, wire->size);
        wire->size = 0;
        co_sleep(5000);
    }
    put_get(wire, LAST_ID, "/hello");
    co_write(rig->peer, wire->bytes, wire->size);
    co_shutdown_write(rig->peer);
    rig_read_all(rig);
    return 0;
}

static int answer_slowly(co_http_request *request, struct rig *rig)
{
    (void)rig;
    co_sleep(1000);
    return co_http_text(request, 200, "slow\n");
}

static void expect_row(const struct row *row)
{
    struct rig *rig = fresh();
    rig->room = 1 << 20;
    rig->handler = answer_slowly;
    now = row;
    const struct heard *heard = converse_by(rig, say);
    const struct heard_stream *stream = &heard->streams[row->id ? row->id : 1];
    bool goes_on = heard->streams[LAST_ID].status == 200;
    bool as_said = row->verdict == CONNECTION ? heard->goaway == row->code && !goes_on
                   : row->verdict == STREAM   ? stream->reset == row->code && goes_on
                                              : goes_on && stream->reset == H2_NOT_RESET &&
                                                  (!row->status || stream->status == row->status);
    if (!as_said)
        fail_msg("%s: GOAWAY %d, reset %d, status %d, and the connection %s", row->what,
            (int)heard->goaway, (int)stream->reset, stream->status,
            goes_on ? "goes on" : "does not go on");
}

#define expect_rows(rows)                                                                          \
 do {                                                                                              \
  for (size_t row_ = 0; row_ < CO_LENGTH(rows); row_++)                                            \
   expect_row(&(rows)[row_]);                                                                      \
 } while (0)

#define PROTOCOL     NGHTTP2_PROTOCOL_ERROR
#define FLOW         NGHTTP2_FLOW_CONTROL_ERROR
#define CLOSED       NGHTTP2_STREAM_CLOSED
#define FRAME_SIZE   NGHTTP2_FRAME_SIZE_ERROR
#define COMPRESSION  NGHTTP2_COMPRESSION_ERROR
#define BREAKS(code) CONNECTION, (code), 0, 0, false
#define RESETS(code) STREAM, (code), 0, 0, false
#define IS_FINE      FINE, 0, 0, 0, false
#define ANSWERED     FINE, 0, 0, 200, false

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
        cmocka_unit_test(beginnings_rfc9113_3_4),
        cmocka_unit_test(frames_rfc9113_4),
        cmocka_unit_test(compression_rfc7541),
        cmocka_unit_test(idle_streams_rfc9113_5_1),
        cmocka_unit_test(half_closed_streams_rfc9113_5_1),
        cmocka_unit_test(closed_streams_rfc9113_5_1),
        cmocka_unit_test(numbers_of_streams_rfc9113_5_1_1),
        cmocka_unit_test(data_rfc9113_6_1),
        cmocka_unit_test(headers_rfc9113_6_2),
        cmocka_unit_test(priority_and_reset_rfc9113_6_3_6_4),
        cmocka_unit_test(settings_rfc9113_6_5),
        cmocka_unit_test(push_ping_and_goaway_rfc9113_6_6_to_6_8),
        cmocka_unit_test(windows_rfc9113_6_9),
        cmocka_unit_test(continuations_rfc9113_6_10),
        cmocka_unit_test(messages_rfc9113_8_1),
        cmocka_unit_test(fields_rfc9113_8_2),
        cmocka_unit_test(pseudo_fields_rfc9113_8_3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
