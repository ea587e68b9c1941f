/* SPDX-License-Identifier: MIT */
/* What the attacks on HTTP/2 have in common. */
#ifndef CO_TEST_H2_ATTACKS_RIG_H
#define CO_TEST_H2_ATTACKS_RIG_H

#include "h2_rig.h"

/* Sends without a look at what comes of it, and reads what there was to say. */
static inline int flood(void *arg)
{
    struct rig *rig = arg;
    co_write(rig->peer, rig->send, rig->send_size);
    co_shutdown_write(rig->peer);
    rig_read_all(rig);
    return 0;
}

static inline struct heard *flooded(struct rig *rig, struct wire *wire)
{
    rig->room = 1 << 20;
    rig->send = (const char *)wire->bytes;
    rig->send_size = wire->size;
    return converse_by(rig, flood);
}

/* The handler of "/own": late. */
static inline int lag(co_http_request *request, struct rig *rig)
{
    rig->note++;
    co_sleep(10000);
    return co_http_text(request, 200, "late");
}

static inline void put_goaway(struct wire *wire)
{
    put_frame(wire, NGHTTP2_GOAWAY, 0, 0, "\0\0\0\0\0\0\0\0", 8);
}

#endif
