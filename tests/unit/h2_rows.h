/* SPDX-License-Identifier: MIT */
/*
 * What RFC 9113 and RFC 7541 make of frames: each row says some, and whether they are fine, break
 * their stream (5.4.2) or the connection (5.4.1), and by which code. Around them goes a connection
 * like any other, with a last request that is answered as long as the connection is not broken.
 */
#ifndef CO_TEST_H2_ROWS_H
#define CO_TEST_H2_ROWS_H

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

static inline const struct block *block_of(const char *fields)
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

static inline void put_one(struct wire *wire, const struct frame *frame)
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

static inline int say(void *arg)
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

static inline int answer_slowly(co_http_request *request, struct rig *rig)
{
    (void)rig;
    co_sleep(1000);
    return co_http_text(request, 200, "slow\n");
}

static inline void expect_row(const struct row *row)
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

#endif
