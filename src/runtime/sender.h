/* SPDX-License-Identifier: MIT */
/* The way into a channel for other threads, as the channel's own sees it. */
#ifndef CO_RUNTIME_SENDER_H
#define CO_RUNTIME_SENDER_H

#include "coronet/shard.h"
#include "runtime/rt.h"

struct co_sender {
    pthread_mutex_t lock;       /* over all below but `link`, and the channel's ring and `closed` */
    struct co_rt *rt;           /* the channel's: there as long as the channel is open */
    struct co_channel *channel; /* NULL: freed */
    unsigned holders;
    bool wanted; /* somebody found the channel empty: the next value is told */
    bool is_told;
    struct co_post told;
    struct co_link link; /* among rt->senders while the channel is open; its thread's */
};

/* The channel, closed by now, goes. */
void co_sender_part(struct co_sender *sender);

/* Closes what is still open to other threads: from here on nothing more is posted. */
void co_senders_end(struct co_rt *rt);

#endif
