/* SPDX-License-Identifier: MIT */
/*
 * Frames of HTTP/2 by hand: what a client sends, and what it has heard.
 *
 * Fields are written as literals, so that they can be as wrong as a test wants them. What comes is
 * taken apart by nghttp2's inflater, from the beginning each time.
 */
#ifndef CO_TEST_H2_RIG_H
#define CO_TEST_H2_RIG_H

#define OVER_TLS_ALPN "h2"

#include "http_rig.h"

#include <nghttp2/nghttp2.h>

#define H2_PREFACE    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define H2_STREAMS    400
#define END_STREAM    NGHTTP2_FLAG_END_STREAM
#define END_HEADERS   NGHTTP2_FLAG_END_HEADERS
#define H2_NOT_RESET  UINT32_MAX
#define H2_NO_GOAWAY  UINT32_MAX
#define H2_WIRE_BYTES (1 << 21)

/* What is sent. */
struct wire {
    uint8_t bytes[H2_WIRE_BYTES];
    size_t size;
};

/* A header block. */
struct block {
    uint8_t bytes[1 << 19];
    size_t size;
};

struct heard_stream {
    int status;
    unsigned interim; /* 100s before it */
    bool ended;
    uint32_t reset;
    size_t size;
    char data[256];    /* the first bytes of the body */
    char fields[1024]; /* "name: value\n" */
};

struct heard {
    unsigned frames, settings, settings_acks, pings, ping_acks, goaways, windows;
    uint32_t goaway;           /* the last one's code */
    int32_t last;              /* and stream */
    int32_t order[H2_STREAMS]; /* the streams in the order of their ends */
    unsigned order_count;
    unsigned data_frames;
    struct heard_stream streams[H2_STREAMS]; /* number 1 at [1], 3 at [3] */
};

/* ---- sending -------------------------------------------------------------------------------- */

static inline void put(struct wire *wire, const void *bytes, size_t size)
{
    memcpy(wire->bytes + wire->size, bytes, size);
    wire->size += size;
}

static inline void put_frame_head(
    struct wire *wire, size_t length, uint8_t type, uint8_t flags, uint32_t id)
{
    const uint8_t head[9] = {(uint8_t)(length >> 16), (uint8_t)(length >> 8), (uint8_t)length, type,
        flags, (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};
    put(wire, head, sizeof head);
}

static inline void put_payload(
    struct wire *wire, uint8_t type, uint8_t flags, uint32_t id, co_text payload)
{
    put_frame_head(wire, payload.size, type, flags, id);
    if (payload.size > 0)
        put(wire, payload.at, payload.size);
}

#define put_frame(wire, type, flags, id, payload, size)                                            \
 put_payload(wire, type, flags, id, (co_text){(const char *)(payload), size})

/* A frame whose payload is one number. */
static inline void put_number(
    struct wire *wire, uint8_t type, uint8_t flags, uint32_t id, uint32_t number)
{
    const uint8_t payload[4] = {
        (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
    put_frame(wire, type, flags, id, payload, sizeof payload);
}

static inline void put_setting(struct wire *wire, uint16_t name, uint32_t value)
{
    const uint8_t payload[6] = {(uint8_t)(name >> 8), (uint8_t)name, (uint8_t)(value >> 24),
        (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    put_frame(wire, NGHTTP2_SETTINGS, 0, 0, payload, sizeof payload);
}

static inline struct wire *wire_new(void)
{
    static struct wire wire;
    wire.size = 0;
    put(&wire, H2_PREFACE, sizeof H2_PREFACE - 1);
    put_frame(&wire, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    return &wire;
}

static inline void block_length(struct block *block, size_t length)
{
    if (length < 127) {
        block->bytes[block->size++] = (uint8_t)length;
        return;
    }
    block->bytes[block->size++] = 127;
    for (length -= 127; length >= 128; length >>= 7)
        block->bytes[block->size++] = (uint8_t)(length | 128);
    block->bytes[block->size++] = (uint8_t)length;
}

static inline void block_text(struct block *block, const char *text, size_t size)
{
    block_length(block, size);
    memcpy(block->bytes + block->size, text, size);
    block->size += size;
}

static inline void add_sized(struct block *block, const char *name, const char *value, size_t size)
{
    block->bytes[block->size++] = 0; /* a literal that is not kept (RFC 7541 6.2.2) */
    block_text(block, name, strlen(name));
    block_text(block, value, size);
}

static inline void add(struct block *block, const char *name, const char *value)
{
    add_sized(block, name, value, strlen(value));
}

/* Method, scheme, path and authority. */
static inline struct block *request_block(const char *method, const char *path)
{
    static struct block block;
    block.size = 0;
    add(&block, ":method", method);
    add(&block, ":scheme", "http");
    add(&block, ":path", path);
    add(&block, ":authority", "a");
    return &block;
}

static inline struct block *empty_block(void)
{
    static struct block block;
    block.size = 0;
    return &block;
}

static inline void put_headers(
    struct wire *wire, uint32_t id, uint8_t flags, const struct block *block)
{
    put_frame(wire, NGHTTP2_HEADERS, flags, id, block->bytes, block->size);
}

static inline void put_get(struct wire *wire, uint32_t id, const char *path)
{
    put_headers(wire, id, END_HEADERS | END_STREAM, request_block("GET", path));
}

static inline void put_data(
    struct wire *wire, uint32_t id, uint8_t flags, const char *text, size_t size)
{
    put_frame(wire, NGHTTP2_DATA, flags, id, text, size);
}

/* Sends what has gathered; more may follow. */
static inline int wire_send(struct rig *rig, struct wire *wire)
{
    int rc = co_write(rig->peer, wire->bytes, wire->size);
    wire->size = 0;
    return rc;
}

/* ---- hearing -------------------------------------------------------------------------------- */

static inline uint32_t number_at(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void hear_field(struct heard_stream *stream, const nghttp2_nv *field)
{
    size_t used = strlen(stream->fields);
    if (field->namelen == 7 && memcmp(field->name, ":status", 7) == 0) {
        stream->interim += stream->status == 100;
        stream->status = atoi((const char *)field->value);
    }
    snprintf(stream->fields + used, sizeof stream->fields - used, "%.*s: %.*s\n",
        (int)field->namelen, (const char *)field->name, (int)field->valuelen,
        (const char *)field->value);
}

static inline void hear_headers(
    nghttp2_hd_inflater *inflater, struct heard_stream *stream, const uint8_t *at, size_t size)
{
    for (;;) {
        nghttp2_nv field;
        int flags = 0;
        ssize_t n = nghttp2_hd_inflate_hd2(inflater, &field, &flags, at, size, 1);
        if (n < 0)
            return;
        at += n;
        size -= (size_t)n;
        if (flags & NGHTTP2_HD_INFLATE_EMIT)
            hear_field(stream, &field);
        if (flags & NGHTTP2_HD_INFLATE_FINAL)
            break;
    }
    nghttp2_hd_inflate_end_headers(inflater);
}

static inline void hear_data(struct heard_stream *stream, const uint8_t *at, size_t size)
{
    for (size_t i = 0; i < size && stream->size + i < sizeof stream->data - 1; i++)
        stream->data[stream->size + i] = (char)at[i];
    stream->size += size;
}

static inline void hear_end(struct heard *heard, uint32_t id)
{
    if (!heard->streams[id].ended && heard->order_count < H2_STREAMS)
        heard->order[heard->order_count++] = (int32_t)id;
    heard->streams[id].ended = true;
}

static inline void hear_frame(
    struct heard *heard, nghttp2_hd_inflater *inflater, const uint8_t *head, size_t size)
{
    uint8_t type = head[3], flags = head[4];
    uint32_t id = number_at(head + 5) % H2_STREAMS;
    const uint8_t *payload = head + 9;
    struct heard_stream *stream = &heard->streams[id];
    bool ack = flags & NGHTTP2_FLAG_ACK;
    heard->frames++;
    switch (type) {
    case NGHTTP2_DATA:
        heard->data_frames++;
        hear_data(stream, payload, size);
        break;
    case NGHTTP2_HEADERS: hear_headers(inflater, stream, payload, size); break;
    case NGHTTP2_RST_STREAM: stream->reset = number_at(payload); break;
    case NGHTTP2_SETTINGS: ack ? heard->settings_acks++ : heard->settings++; break;
    case NGHTTP2_PING: ack ? heard->ping_acks++ : heard->pings++; break;
    case NGHTTP2_WINDOW_UPDATE: heard->windows++; break;
    case NGHTTP2_GOAWAY:
        heard->goaways++;
        heard->last = (int32_t)number_at(payload);
        heard->goaway = number_at(payload + 4);
        break;
    default: break;
    }
    if ((type == NGHTTP2_DATA || type == NGHTTP2_HEADERS) && flags & END_STREAM)
        hear_end(heard, id);
}

/* What has come so far. */
static inline struct heard *hear(const struct rig *rig)
{
    static struct heard heard;
    const uint8_t *at = (const uint8_t *)rig->got, *end = at + rig->got_size;
    nghttp2_hd_inflater *inflater;
    memset(&heard, 0, sizeof heard);
    heard.goaway = H2_NO_GOAWAY;
    for (size_t i = 0; i < H2_STREAMS; i++)
        heard.streams[i].reset = H2_NOT_RESET;
    if (nghttp2_hd_inflate_new(&inflater) != 0)
        return &heard;
    while (end - at >= 9) {
        size_t size = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
        if ((size_t)(end - at) < 9 + size)
            break;
        hear_frame(&heard, inflater, at, size);
        at += 9 + size;
    }
    nghttp2_hd_inflate_del(inflater);
    return &heard;
}

/* Reads more. 0, CO_EEOF at the end. */
static inline int hear_more(struct rig *rig)
{
    ssize_t n = co_read(rig->peer, rig->got + rig->got_size, RIG_GOT_MAX - 1 - rig->got_size);
    rig->got_size += n > 0 ? (size_t)n : 0;
    return n > 0 ? 0 : n < 0 ? (int)n : CO_EEOF;
}

/* Asks for what the handler makes, and reads until the server is at it. */
static inline int ask_own(struct rig *rig, struct wire *wire)
{
    put_get(wire, 1, "/own");
    int rc = wire_send(rig, wire);
    while (rc == 0 && hear(rig)->settings_acks == 0)
        rc = hear_more(rig);
    return rc;
}

/* Reads until the stream's response is complete, or has been broken off. */
static inline int hear_response(struct rig *rig, uint32_t id)
{
    int rc = 0;
    const struct heard_stream *stream = &hear(rig)->streams[id];
    while (rc == 0 && !stream->ended && stream->reset == H2_NOT_RESET) {
        rc = hear_more(rig);
        stream = &hear(rig)->streams[id];
    }
    return rc;
}

/* ---- whole conversations -------------------------------------------------------------------- */

/* Sends the wire's bytes at once, shuts down, reads to the end. */
static inline struct heard *converse(struct rig *rig, struct wire *wire)
{
    rig->send = (const char *)wire->bytes;
    rig->send_size = wire->size;
    assert_int_equal(rig_run(rig), 0);
    return hear(rig);
}

/* The client is one of the test's own. */
static inline struct heard *converse_by(struct rig *rig, co_task *client)
{
    rig->client = client;
    assert_int_equal(rig_run(rig), 0);
    return hear(rig);
}

static inline void assert_answer(
    const struct heard *heard, uint32_t id, int status, const char *body)
{
    const struct heard_stream *stream = &heard->streams[id];
    assert_int_equal(stream->status, status);
    assert_true(stream->ended);
    if (body)
        assert_string_equal(stream->data, body);
}

static inline void assert_reset(const struct heard *heard, uint32_t id, uint32_t code)
{
    assert_int_equal(heard->streams[id].reset, code);
}

#endif
