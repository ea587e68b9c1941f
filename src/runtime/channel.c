/* SPDX-License-Identifier: MIT */
/*
 * Channels and select.
 *
 * Every waiter, a plain send or receive too, is a select: it hangs one waiter record per case in
 * the queues of the channels, and whoever meets it does the transfer, notes which case it was,
 * takes all its records out and wakes it. So a value is moved by exactly one side, at the moment of
 * meeting, and a cancelled waiter either has its value or was never met.
 */
#include "runtime/channel.h"

#include "runtime/fiber.h"
#include "runtime/sender.h"

#include <errno.h>
#include <stdlib.h>

#define VALUE_MAX 4096
#define CASES_MAX 16

struct selection;

struct waiter {
    struct co_link link; /* in the channel's senders or receivers */
    struct selection *selection;
    void *value;
    unsigned index;
};

struct selection {
    struct co_fiber *fiber;
    unsigned count, chosen;
    struct waiter *waiters;
};

int co_channel_new(co_channel **ret, size_t value_bytes, size_t capacity)
{
    size_t bytes;
    if (value_bytes == 0 || value_bytes > VALUE_MAX)
        return -EINVAL;
    if (__builtin_mul_overflow(value_bytes, capacity, &bytes) ||
        __builtin_add_overflow(bytes, sizeof(co_channel), &bytes))
        return -ENOMEM;
    co_channel *channel = calloc(1, bytes);
    if (!channel)
        return -ENOMEM;
    channel->value_bytes = value_bytes;
    channel->capacity = capacity;
    co_list_init(&channel->senders);
    co_list_init(&channel->receivers);
    *ret = channel;
    return 0;
}

void co_channel_free(co_channel *channel)
{
    if (!channel)
        return;
    assert(co_list_empty(&channel->senders) && co_list_empty(&channel->receivers));
    if (channel->sender) {
        co_channel_close(channel);
        co_sender_part(channel->sender);
    }
    free(channel);
}

static void selection_unlink(struct selection *selection)
{
    for (unsigned i = 0; i < selection->count; i++)
        co_list_remove(&selection->waiters[i].link);
}

/* Takes the first waiter of a queue and lets its fiber go on with `code`. */
static struct waiter *waiter_pop(struct co_link *queue, int code)
{
    if (co_list_empty(queue))
        return NULL;
    struct waiter *waiter = CO_CONTAINER(queue->next, struct waiter, link);
    struct selection *selection = waiter->selection;
    selection_unlink(selection);
    selection->chosen = waiter->index;
    co_fiber_wake(selection->fiber->rt, selection->fiber, code);
    return waiter;
}

static char *ring_at(co_channel *channel, size_t index)
{
    return channel->values + (channel->first + index) % channel->capacity * channel->value_bytes;
}

int co_channel_put(co_channel *channel, const void *value)
{
    if (channel->closed)
        return CO_ECLOSED;
    if (channel->count == channel->capacity)
        return -EAGAIN;
    memcpy(ring_at(channel, channel->count++), value, channel->value_bytes);
    return 0;
}

/* Takes the first value, of which there must be one; whoever waited for the place has it. */
static void ring_take(co_channel *channel, void *ret_value)
{
    memcpy(ret_value, ring_at(channel, 0), channel->value_bytes);
    channel->first = (channel->first + 1) % channel->capacity;
    channel->count--;
    struct waiter *sender = waiter_pop(&channel->senders, 0);
    if (sender)
        memcpy(ring_at(channel, channel->count++), sender->value, channel->value_bytes);
}

bool co_channel_deliver(co_channel *channel)
{
    while (channel->count > 0 && !co_list_empty(&channel->receivers))
        ring_take(channel, waiter_pop(&channel->receivers, 0)->value);
    return !co_list_empty(&channel->receivers);
}

/* What other threads have put in goes to those who wait before anybody comes between them. */
static void channel_enter(co_channel *channel)
{
    if (CO_LIKELY(!channel->sender))
        return;
    pthread_mutex_lock(&channel->sender->lock);
    co_channel_deliver(channel);
}

static void channel_leave(co_channel *channel)
{
    if (CO_UNLIKELY(channel->sender))
        pthread_mutex_unlock(&channel->sender->lock);
}

static int channel_send(co_channel *channel, const void *value)
{
    struct waiter *receiver = waiter_pop(&channel->receivers, 0);
    if (!receiver)
        return co_channel_put(channel, value);
    memcpy(receiver->value, value, channel->value_bytes);
    return 0;
}

int co_try_send(co_channel *channel, const void *value)
{
    channel_enter(channel);
    int rc = channel_send(channel, value);
    channel_leave(channel);
    return rc;
}

static int channel_receive(co_channel *channel, void *ret_value)
{
    if (channel->count > 0) {
        ring_take(channel, ret_value);
        return 0;
    }
    struct waiter *sender = waiter_pop(&channel->senders, 0);
    if (sender)
        memcpy(ret_value, sender->value, channel->value_bytes);
    else if (channel->closed)
        return CO_ECLOSED;
    else if (channel->sender)
        channel->sender->wanted = true;
    return sender ? 0 : -EAGAIN;
}

static int try_receive(co_channel *channel, void *ret_value)
{
    channel_enter(channel);
    int rc = channel_receive(channel, ret_value);
    channel_leave(channel);
    return rc;
}

void co_channel_close(co_channel *channel)
{
    channel_enter(channel);
    channel->closed = true;
    channel_leave(channel);
    if (channel->sender)
        co_list_remove(&channel->sender->link);
    while (
        waiter_pop(&channel->senders, CO_ECLOSED) || waiter_pop(&channel->receivers, CO_ECLOSED)) {
    }
}

static int case_try(const struct co_select_case *one)
{
    if (!one->channel)
        return -EAGAIN;
    return one->kind == CO_SELECT_SEND ? co_try_send(one->channel, one->value)
                                       : try_receive(one->channel, one->value);
}

/* The fiber's wait for a selection has been cut short; wait->on is the selection. */
static void select_interrupted(struct co_rt *rt, struct co_fiber *fiber, int code)
{
    selection_unlink((struct selection *)(uintptr_t)fiber->wait->on);
    co_fiber_wake(rt, fiber, code);
}

/* May the wait be ended by another thread? In virtual time there is none. */
static bool awaits_threads(struct co_rt *rt, const struct co_select_case *cases, unsigned count)
{
    for (unsigned i = 0; i < count && !rt->backend->is_virtual; i++)
        if (cases[i].kind == CO_SELECT_RECEIVE && cases[i].channel && cases[i].channel->sender)
            return true;
    return false;
}

static int select_wait(struct co_select_case *cases, unsigned count, unsigned *ret_index)
{
    struct co_rt *rt = co_rt_current();
    struct waiter waiters[CASES_MAX];
    struct selection selection = {.fiber = rt->current, .count = count, .waiters = waiters};
    for (unsigned i = 0; i < count; i++) {
        waiters[i] = (struct waiter){.selection = &selection, .value = cases[i].value, .index = i};
        co_list_init(&waiters[i].link);
        if (cases[i].channel)
            co_list_append(cases[i].kind == CO_SELECT_SEND ? &cases[i].channel->senders
                                                           : &cases[i].channel->receivers,
                &waiters[i].link);
    }
    bool outside = awaits_threads(rt, cases, count);
    const struct co_wait wait = {
        .what = count > 1 ? "one of several channels"
                : outside ? "channel that is open to other threads"
                          : "channel",
        .on = &selection,
        .interrupt = select_interrupted,
    };
    rt->outside += outside;
    int rc = co_fiber_wait(rt, &wait);
    rt->outside -= outside;
    if (rc == 0 || rc == CO_ECLOSED)
        *ret_index = selection.chosen;
    return rc;
}

int co_select(struct co_select_case *cases, unsigned count, int64_t timeout_ms, unsigned *ret_index)
{
    if (count > CASES_MAX)
        return -EINVAL;
    int rc = co_fiber_refusal(co_rt_current(), false);
    if (rc < 0)
        return rc;
    for (unsigned i = 0; i < count; i++) {
        rc = case_try(&cases[i]);
        if (rc == -EAGAIN)
            continue;
        *ret_index = i;
        if (timeout_ms != 0)
            co_fiber_spend(co_rt_current());
        return rc;
    }
    if (timeout_ms == 0)
        return -EAGAIN;
    if (timeout_ms < 0)
        return select_wait(cases, count, ret_index);
    co_scope scope;
    co_scope_open(&scope, timeout_ms);
    rc = select_wait(cases, count, ret_index);
    bool over = co_scope_close(&scope) == CO_EDEADLINE;
    return rc == CO_EDEADLINE && over ? -EAGAIN : rc;
}

int co_send(co_channel *channel, const void *value)
{
    unsigned index;
    struct co_select_case one = {CO_SELECT_SEND, channel, (void *)(uintptr_t)value};
    return co_select(&one, 1, -1, &index);
}

int co_receive(co_channel *channel, void *ret_value)
{
    unsigned index;
    struct co_select_case one = {CO_SELECT_RECEIVE, channel, ret_value};
    return co_select(&one, 1, -1, &index);
}
