/* SPDX-License-Identifier: MIT */
/* A channel as the way into it from other threads (sender.h) sees it. */
#ifndef CO_RUNTIME_CHANNEL_H
#define CO_RUNTIME_CHANNEL_H

#include "base/list.h"
#include "coronet/sync.h"

struct co_channel {
    struct co_sender *sender; /* NULL: none but its own thread puts anything in */
    size_t value_bytes, capacity;
    struct co_link senders, receivers; /* waiters, of its own thread */
    size_t count, first;               /* with `closed` and the values under sender's lock */
    bool closed;
    char values[]; /* a ring */
};

/* Puts a value in behind all others. 0, CO_ECLOSED, -EAGAIN when it is full. */
int co_channel_put(co_channel *channel, const void *value);

/* Hands what is in it to those who wait for it. True: some still wait. */
bool co_channel_deliver(co_channel *channel);

#endif
