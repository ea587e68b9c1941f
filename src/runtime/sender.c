/* SPDX-License-Identifier: MIT */
/*
 * The way into a channel for other threads: the channel's ring under a lock, and a message to its
 * thread when somebody there waits.
 *
 * A value lies in the ring as soon as it is posted, so nothing is lost or overtaken between the
 * threads. Who finds the ring empty leaves `wanted` behind in the same breath; whoever posts next
 * tells, once, and what is told is only to look.
 */
#include "runtime/sender.h"

#include "runtime/channel.h"

#include <errno.h>
#include <stdlib.h>

/* It goes with the last that knows it: the channel, a holder, the message on its way. */
static void sender_unlock(struct co_sender *sender)
{
    bool over = !sender->channel && sender->holders == 0 && !sender->is_told;
    pthread_mutex_unlock(&sender->lock);
    if (!over)
        return;
    pthread_mutex_destroy(&sender->lock);
    free(sender);
}

/* The channel is open, so its runtime is there. */
static void sender_tell(struct co_sender *sender)
{
    sender->wanted = false;
    if (sender->is_told)
        return;
    sender->is_told = true;
    co_rt_post(sender->rt, &sender->told);
}

/* In the channel's thread. */
static void sender_told(struct co_rt *rt, struct co_post *post)
{
    (void)rt;
    struct co_sender *sender = CO_CONTAINER(post, struct co_sender, told);
    pthread_mutex_lock(&sender->lock);
    sender->is_told = false;
    struct co_channel *channel = sender->channel;
    if (channel)
        sender->wanted = co_channel_deliver(channel);
    bool was_last = sender->holders == 0;
    sender_unlock(sender);
    if (channel && was_last)
        co_channel_close(channel);
}

void co_sender_part(struct co_sender *sender)
{
    pthread_mutex_lock(&sender->lock);
    sender->channel = NULL;
    sender_unlock(sender);
}

void co_senders_end(struct co_rt *rt)
{
    while (!co_list_empty(&rt->senders))
        co_channel_close(CO_CONTAINER(rt->senders.next, struct co_sender, link)->channel);
}

static int sender_make(co_channel *channel)
{
    struct co_rt *rt = co_rt_current();
    if (channel->capacity == 0)
        return -EINVAL;
    if (!co_list_empty(&channel->receivers))
        return -EBUSY;
    struct co_sender *sender = calloc(1, sizeof *sender);
    if (!sender)
        return -ENOMEM;
    pthread_mutex_init(&sender->lock, NULL);
    sender->rt = rt;
    sender->channel = channel;
    sender->told.run = sender_told;
    co_list_append(&rt->senders, &sender->link);
    channel->sender = sender;
    return 0;
}

int co_sender_new(co_sender **ret, co_channel *channel)
{
    if (channel->closed)
        return CO_ECLOSED;
    int rc = channel->sender ? 0 : sender_make(channel);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&channel->sender->lock);
    channel->sender->holders++;
    pthread_mutex_unlock(&channel->sender->lock);
    *ret = channel->sender;
    return 0;
}

static int sender_put(struct co_sender *sender, const void *value)
{
    if (!sender->channel || sender->channel->closed)
        return CO_ECLOSED;
    if (sender->rt->backend->is_virtual && sender->rt != co_rt_current())
        return -ENOSYS;
    int rc = co_channel_put(sender->channel, value);
    if (rc == 0 && sender->wanted)
        sender_tell(sender);
    return rc;
}

int co_post(co_sender *sender, const void *value)
{
    pthread_mutex_lock(&sender->lock);
    int rc = sender_put(sender, value);
    pthread_mutex_unlock(&sender->lock);
    return rc;
}

void co_sender_free(co_sender *sender)
{
    if (!sender)
        return;
    pthread_mutex_lock(&sender->lock);
    sender->holders--;
    if (sender->holders == 0 && sender->channel && !sender->channel->closed)
        sender_tell(sender);
    sender_unlock(sender);
}
