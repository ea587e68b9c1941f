/* SPDX-License-Identifier: MIT */
/* A name to a connected stream: the address is taken apart, looked up, and its addresses raced. */
#include "coronet/dial.h"

#include "base/base.h"
#include "base/buf.h"
#include "codec/escape.h"
#include "dial/answers.h"
#include "dial/proxy.h"
#include "dial/race.h"
#include "dns/resolve.h"
#include "net/address.h"
#include "net/fail.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define DIAL_TIMEOUT_MS     30000
#define ATTEMPT_DELAY_MS    250 /* RFC 8305 5 */
#define RESOLUTION_DELAY_MS 50  /* RFC 8305 3 */
#define WHERE_SHOWN_MAX     120 /* bytes of the address in a sentence */
#define TRIED_MAX           3   /* addresses in it */
#define HINT_MAX            (TRIED_MAX * CO_ADDRESS_TEXT_MAX + 128)

struct dial {
    const char *where;
    struct co_where parsed;
    struct co_dial_options options;
};

/* ---- sentences ------------------------------------------------------------------------------- */

static const char *hint_of(int code)
{
    switch (code) {
    case -ECONNREFUSED:
    case -ENOENT: return " (is the server running?)";
    case -ENETUNREACH:
    case -EHOSTUNREACH: return " (is the network up?)";
    case -ETIMEDOUT:
    case CO_EDEADLINE: return " (is the address right, or does a firewall drop it?)";
    default: return "";
    }
}

static int fail_with(int code, const char *where, const char *reason, const char *hint)
{
    struct co_buf shown = CO_BUF(4 * WHERE_SHOWN_MAX);
    co_escape_log(&shown, (co_text){where, strnlen(where, WHERE_SHOWN_MAX)});
    char text[WHERE_SHOWN_MAX + 1];
    snprintf(text, sizeof text, "%.*s", CO_TEXT_PRINT(co_buf_text(&shown)));
    co_buf_free(&shown);
    return co_fail_at(code, "connect to", text, reason, hint);
}

static int dial_fail(int code, const char *where, const char *reason)
{
    return fail_with(code, where, reason, hint_of(code));
}

/* "; tried 192.0.2.1:80, 192.0.2.2:80": of several the sentence would name none. */
static void add_tried(struct co_buf *out, const co_address *addresses, int count)
{
    char text[CO_ADDRESS_TEXT_MAX];
    for (int i = 0; i < count && i < TRIED_MAX; i++)
        co_buf_addf(out, "%s%s", i > 0 ? ", " : "; tried ", co_address_text(&addresses[i], text));
    if (count > TRIED_MAX)
        co_buf_addf(out, " and %d more", count - TRIED_MAX);
}

static int fail_all(int code, const struct dial *dial, const co_address *addresses, int count)
{
    struct co_buf hint = CO_BUF(HINT_MAX);
    co_buf_add_string(&hint, hint_of(code));
    if (count > 1 && strcmp(dial->parsed.host, "localhost") != 0)
        add_tried(&hint, addresses, count);
    co_buf_add_char(&hint, '\0');
    int rc = fail_with(code, dial->where, NULL, hint.error ? "" : hint.at);
    co_buf_free(&hint);
    return rc;
}

/* ---- connecting ------------------------------------------------------------------------------ */

static int connect_one(co_stream **ret, const co_address *address, void *arg)
{
    (void)arg;
    return co_connect(ret, address);
}

static int connect_unix(const struct dial *dial, co_stream **ret)
{
    co_address address;
    int rc = co_address_of_path(dial->parsed.path, &address);
    if (rc < 0)
        return rc;
    rc = co_connect(ret, &address);
    return rc < 0 && co_status() == 0 ? dial_fail(rc, dial->where, NULL) : rc;
}

/* family: only that one; 0: as the options say. */
static int resolve(const struct dial *dial, int family, int64_t hurry_ms, co_address *ret)
{
    struct co_dial_options options = dial->options;
    if (family)
        options.family = family;
    return co_dial_look_up(&options, dial->parsed.host, dial->parsed.port, hurry_ms, ret);
}

static int race(const struct dial *dial, co_address *addresses, int count, co_stream **ret)
{
    co_race_interleave(addresses, (unsigned)count);
    struct co_race race = {
        addresses, (unsigned)count, dial->options.attempt_delay_ms, connect_one, NULL};
    return co_race_run(&race, ret);
}

/* The family that has no address among these; 0 when both have. */
static int missing_family(const co_address *addresses, int count)
{
    int first = addresses[0].as.any.sa_family;
    for (int i = 1; i < count; i++)
        if (addresses[i].as.any.sa_family != first)
            return 0;
    return first == AF_INET ? AF_INET6 : AF_INET;
}

/* A family that was not waited for is the last hope when the other has none. */
static int connect_any(const struct dial *dial, co_address *addresses, co_stream **ret)
{
    int count = resolve(dial, dial->options.family, RESOLUTION_DELAY_MS, addresses);
    if (count < 0)
        return co_resolve_fail(count, dial->parsed.host);
    int missing = dial->options.family ? 0 : missing_family(addresses, count);
    int rc = race(dial, addresses, count, ret);
    if (rc < 0 && co_status() == 0 && missing) {
        int others = resolve(dial, missing, 0, addresses);
        count = others > 0 ? others : count;
        rc = others > 0 ? race(dial, addresses, others, ret) : rc;
    }
    return rc < 0 && co_status() == 0 ? fail_all(rc, dial, addresses, count) : rc;
}

static int connect_host(const struct dial *dial, co_stream **ret)
{
    co_address *addresses = calloc(CO_RESOLVE_MAX, sizeof *addresses);
    int rc = addresses ? connect_any(dial, addresses, ret) : -ENOMEM;
    free(addresses);
    return rc;
}

/* ---- the call -------------------------------------------------------------------------------- */

static int dial_parse(const char *where, const struct co_dial_options *options, struct dial *ret)
{
    *ret = (struct dial){.where = where};
    if (options)
        ret->options = *options;
    if (ret->options.timeout_ms <= 0)
        ret->options.timeout_ms = DIAL_TIMEOUT_MS;
    if (ret->options.attempt_delay_ms <= 0)
        ret->options.attempt_delay_ms = ATTEMPT_DELAY_MS;
    int rc = co_where_parse(where, &ret->parsed);
    if (rc < 0)
        return rc;
    if (ret->parsed.kind == CO_WHERE_FD || strcmp(ret->parsed.host, "*") == 0)
        return dial_fail(CO_EADDRESS, where, "That is an address to listen on");
    return co_answers_check(ret->options.answers);
}

static int connect_through(const struct dial *dial, co_stream **ret)
{
    if (dial->parsed.kind == CO_WHERE_UNIX)
        return dial_fail(CO_EADDRESS, dial->where, "no proxy leads to a Unix socket");
    return co_proxy_dial(ret, dial->parsed.host, dial->parsed.port, &dial->options);
}

static int connect_way(const struct dial *dial, co_stream **ret)
{
    if (dial->options.proxy && *dial->options.proxy)
        return connect_through(dial, ret);
    return dial->parsed.kind == CO_WHERE_UNIX ? connect_unix(dial, ret) : connect_host(dial, ret);
}

int co_dial(co_stream **ret, const char *where, const struct co_dial_options *options)
{
    struct dial dial;
    co_scope scope;
    co_stream *stream;
    int rc = dial_parse(where, options, &dial);
    if (rc < 0)
        return rc;
    co_scope_open(&scope, dial.options.timeout_ms);
    rc = connect_way(&dial, &stream);
    bool late = co_scope_close(&scope) == CO_EDEADLINE;
    if (rc < 0)
        return late && co_status() == 0 ? dial_fail(CO_EDEADLINE, where, "no answer in time") : rc;
    *ret = stream;
    return 0;
}
