/* SPDX-License-Identifier: MIT */
/*
 * What HTTP/2 is made of on both sides, the server's (h2.h) and the client's (h2_client.h).
 *
 *     h2_meter.c  what a peer may ask for
 *     h2_bytes.c  bodies that wait to be read
 *     h2_line.c   lines of HTTP/1 that become fields
 */
#ifndef CO_HTTP_H2_COMMON_H
#define CO_HTTP_H2_COMMON_H

#include "base/buf.h"
#include "coronet/fiber.h"

#include <nghttp2/nghttp2.h>

#define CO_H2_FRAME_HEAD   9   /* bytes (RFC 9113 4.1) */
#define CO_H2_FIELD_MORE   32  /* bytes that a field counts beyond its own (RFC 9113 6.5.2) */
#define CO_H2_SETTINGS_MAX 32  /* entries of a frame (attacks B05) */
#define CO_H2_ACKS_MAX     256 /* of PING and SETTINGS, unsent: more than the budget allows */

struct co_rt;

/* ---- h2_meter.c */

/* What nghttp2 itself is to hold either peer to; NULL when memory is out. */
nghttp2_option *co_h2_options_new(unsigned continuations_max);

/* A budget for what costs us more than the peer (attacks B01, B02, B04). */
struct co_h2_budget {
    int64_t left;     /* points, in ns of what they are worth */
    int64_t since_ns; /* when it was last filled up */
};

/* A header block that is arriving: more frames follow the one that is, or it is the last. */
enum co_h2_block { CO_H2_BLOCK_NONE, CO_H2_BLOCK_GOES_ON, CO_H2_BLOCK_ENDS };

/* What one connection's peer has asked for so far. Zeros, and the limits, at the beginning. */
struct co_h2_meter {
    unsigned continuations_max; /* of a header block (attacks B03) */
    size_t block_bytes_max;     /* of it, compressed */
    int64_t block_ms;           /* for it to be whole; 0: whoever waits for it has a deadline */
    size_t frame_left;          /* bytes of a frame's payload, or of the preface, to come */
    bool stops_at_data;         /* counts no further than to behind the head of a DATA frame ... */
    int32_t data_on;            /* ... whose stream this is; 0: there was none */

    bool excess; /* too much was asked for: nothing more is decoded */
    struct co_h2_budget budget;
    uint8_t head[CO_H2_FRAME_HEAD]; /* of the frame that is arriving ... */
    size_t head_size;               /* ... so far */
    enum co_h2_block block;
    unsigned continuations; /* of the header block that is arriving */
    size_t block_bytes;     /* its size so far */
    int64_t block_due;      /* ns: when it must be whole; 0: there is none */
    unsigned updates_free;  /* PRIORITY_UPDATEs that requests have earned */
    unsigned windows_free;  /* small WINDOW_UPDATEs that our DATA has earned */
    size_t late_free;       /* WINDOW_UPDATEs of ended streams, earned likewise */
    unsigned pings;         /* of ours that are not answered yet */
    unsigned resets_free;   /* RST_STREAMs, each of a frame that was on its way */
};

/* Takes from the budget; marks the connection as excessive when there is nothing left. */
void co_h2_charge(struct co_h2_meter *meter);

/* Looks at the frames in what has arrived, before it is fed to nghttp2. How much of it was counted.
 */
size_t co_h2_count(struct co_h2_meter *meter, const uint8_t *bytes, size_t size);

/* A DATA frame has come whole. */
void co_h2_count_data(struct co_h2_meter *meter, const nghttp2_frame *frame);

/* A WINDOW_UPDATE has come. */
void co_h2_count_window(struct co_h2_meter *meter, int32_t increment);

/* A frame has begun. nghttp2 says nothing of a WINDOW_UPDATE for a stream that has ended, of which
 * there is one for each KiB that was sent, in the end. */
void co_h2_count_late(
    struct co_h2_meter *meter, nghttp2_session *session, const nghttp2_frame_hd *frame);

/* `size` bytes of DATA are sent; `all`: more was not to be sent, whatever the windows allow. */
void co_h2_earn_windows(struct co_h2_meter *meter, size_t size, bool all);

/* ---- h2_bytes.c */

struct co_h2_chunk;

/* Bytes that have come and nobody has read yet, in the runtime's buffers. All zeros: none. */
struct co_h2_bytes {
    struct co_h2_chunk *first, *last;
};

/* Adds to them. large: much more is to be expected. 0 or -ENOMEM. */
int co_h2_bytes_add(
    struct co_rt *rt, struct co_h2_bytes *bytes, const void *at, size_t size, bool large);

/* Those that lie together at the front; size 0: there are none. */
co_text co_h2_bytes_front(const struct co_h2_bytes *bytes);

/* Takes that many off the front, no more than that shows. */
void co_h2_bytes_take(struct co_rt *rt, struct co_h2_bytes *bytes, size_t size);

/* ---- h2_line.c */

/* Takes the next line, "Name: value" and CRLF. False at the end. */
bool co_h2_line_next(co_text *lines, co_text *name, co_text *value);

nghttp2_nv co_h2_field(co_text name, co_text value, uint8_t flags);

/* The bytes of nghttp2's buffer. */
co_text co_h2_text(const nghttp2_rcbuf *bytes);

#endif
