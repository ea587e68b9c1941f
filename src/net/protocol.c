/* SPDX-License-Identifier: MIT */
#include "net/protocol.h"

#include "net/listener.h"
#include "runtime/fiber.h"

/* One call: the serving fiber and, beside it, the one that ends it after a drain. */
struct serving {
    const struct co_protocol *protocol;
    const char *where;
    co_listener *listener; /* instead of `where` */
    const struct co_serve_options *options;
    co_group group;
    bool drain_over;
};

/* By the protocol's rules, if it has any, and otherwise by the listener's own. */
static int serve_listener(const struct serving *serving, const struct co_serve_options *options)
{
    const struct co_protocol *protocol = serving->protocol;
    co_listener *listener = serving->listener;
    co_access *own = protocol->access ? co_listener_ask(listener, protocol->access) : NULL;
    int rc = co_serve_listener(listener, protocol->handler, protocol->arg, options);
    if (protocol->access)
        co_listener_ask(listener, own);
    return rc;
}

static int serve(void *arg)
{
    const struct serving *serving = arg;
    const struct co_protocol *protocol = serving->protocol;
    struct co_serve_options options = {
        .connections_max = protocol->connections_max,
        .park_timeout_ms = protocol->park_timeout_ms,
    };
    if (serving->options) {
        options.listen = serving->options->listen;
        options.listening = serving->options->listening;
        options.arg = serving->options->arg;
    }
    options.listen.client_first = protocol->client_first;
    options.listen.too_many = protocol->too_many;
    if (protocol->access)
        options.listen.access = protocol->access;
    if (serving->listener)
        return serve_listener(serving, &options);
    return co_serve(serving->where, protocol->handler, protocol->arg, &options);
}

/* Waits for a drain, then gives the connections at work their time. */
static int limit_drain(void *arg)
{
    struct serving *serving = arg;
    struct co_wait wait = {.what = "drain", .interrupt = co_fiber_wake, .drainable = true};
    if (co_fiber_wait(co_rt_current(), &wait) != CO_EDRAIN)
        return 0;
    if (co_sleep(serving->protocol->drain_timeout_ms) == 0) {
        serving->drain_over = true;
        co_group_cancel(&serving->group);
    }
    return 0;
}

static int serve_in_group(struct serving *serving)
{
    const struct co_go_options background = {.name = "limit_drain", .background = true};
    co_group_open(&serving->group, NULL);
    co_go(&serving->group, serve, serving);
    co_go_with(&serving->group, &background, limit_drain, serving);
    int rc = co_group_close(&serving->group);
    return serving->drain_over ? 0 : rc;
}

int co_protocol_serve(
    const struct co_protocol *protocol, const char *where, const struct co_serve_options *options)
{
    struct serving serving = {.protocol = protocol, .where = where, .options = options};
    return serve_in_group(&serving);
}

int co_protocol_serve_listener(const struct co_protocol *protocol, co_listener *listener)
{
    struct serving serving = {.protocol = protocol, .listener = listener};
    return serve_in_group(&serving);
}
