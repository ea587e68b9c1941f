/* SPDX-License-Identifier: MIT */
/* The conversation with a proxy of SOCKS 5, or 4. */
#include "codec/socks.h"
#include "dial/proxy.h"

#include <errno.h>
#include <netinet/in.h>

#define WORDS_MAX 600 /* bytes that we say at once: two texts of 255 and what is between them */

/* ---- words ---------------------------------------------------------------------------------- */

typedef ssize_t reader(co_text bytes, unsigned *ret);

/* Waits for the proxy's next words and takes them, and nothing of what follows. */
static int hear(co_stream *stream, const struct co_proxy *proxy, reader *read, unsigned *ret)
{
    const uint8_t *bytes;
    ssize_t n = co_peek(stream, 1, &bytes);
    while (n > 0) {
        ssize_t size = read((co_text){(const char *)bytes, (size_t)n}, ret);
        if (size < 0)
            return co_proxy_fail(
                (int)size, proxy, "does not speak SOCKS %d", co_proxy_is_socks4(proxy) ? 4 : 5);
        if (size > 0) {
            co_consume(stream, (size_t)size);
            return 0;
        }
        n = co_peek_more(stream, &bytes);
    }
    return n == 0 ? CO_EEOF : (int)n;
}

static int say(co_stream *stream, struct co_buf *words)
{
    int rc = words->error ? words->error : co_write(stream, words->at, words->size);
    co_buf_clear(words);
    return rc;
}

/* ---- who asks ------------------------------------------------------------------------------- */

static int log_in(co_stream *stream, const struct co_proxy *proxy, struct co_buf *words)
{
    unsigned status;
    int rc = co_socks_login(words, co_buf_text(&proxy->user), co_buf_text(&proxy->password));
    if (rc == CO_EINVALID)
        return co_proxy_fail(rc, proxy, "takes a user and a password of 255 bytes at most");
    if (rc == 0)
        rc = say(stream, words);
    if (rc == 0)
        rc = hear(stream, proxy, co_socks_login_read, &status);
    if (rc == 0 && status != 0)
        rc = co_proxy_fail(CO_EPROXYLOGIN, proxy, "does not know the user, or not that password");
    return rc;
}

static int introduce(co_stream *stream, const struct co_proxy *proxy, struct co_buf *words)
{
    bool with_login = proxy->user.size > 0;
    unsigned method;
    co_socks_greet(words, with_login);
    int rc = say(stream, words);
    if (rc == 0)
        rc = hear(stream, proxy, co_socks_method_read, &method);
    if (rc < 0 || method == CO_SOCKS_OPEN)
        return rc;
    if (method == CO_SOCKS_LOGIN && with_login)
        return log_in(stream, proxy, words);
    if (method == CO_SOCKS_REFUSED)
        return co_proxy_fail(CO_EPROXYLOGIN, proxy,
            with_login ? "asks who we are in ways that we cannot answer"
                       : "wants to know who asks (socks5://USER:PASSWORD@...)");
    return co_proxy_fail(CO_EPROTO, proxy, "chose a way to log in that it was not offered");
}

/* ---- where to ------------------------------------------------------------------------------- */

/* An address's bytes, where they lie. */
static enum co_socks_address address_bytes(const co_address *address, co_text *ret)
{
    bool is_ipv4 = address->as.any.sa_family == AF_INET;
    size_t at =
        is_ipv4 ? offsetof(struct sockaddr_in, sin_addr) : offsetof(struct sockaddr_in6, sin6_addr);
    *ret = (co_text){(const char *)address->as.bytes + at, is_ipv4 ? 4 : 16};
    return is_ipv4 ? CO_SOCKS_IPV4 : CO_SOCKS_IPV6;
}

static int code_of_5(unsigned reply)
{
    switch (reply) {
    case CO_SOCKS_NETWORK_UNREACHABLE: return -ENETUNREACH;
    case CO_SOCKS_FAILED:
    case CO_SOCKS_HOST_UNREACHABLE:
    case CO_SOCKS_NO_ADDRESS: return -EHOSTUNREACH;
    case CO_SOCKS_CONNECTION_REFUSED: return -ECONNREFUSED;
    case CO_SOCKS_EXPIRED: return -ETIMEDOUT;
    default: return CO_EPROXY;
    }
}

/* Where a proxy is to lead. */
struct goal {
    const struct co_proxy *proxy;
    const char *host;
    unsigned port;
    enum co_socks_address kind;
    co_text where;
};

static int fail(const struct goal *goal, int code, const char *reason)
{
    return co_proxy_fail(
        code, goal->proxy, "does not lead to %s:%u: %s", goal->host, goal->port, reason);
}

static int lead_by_5(co_stream *stream, const struct goal *goal, struct co_buf *words)
{
    unsigned reply = CO_SOCKS_GRANTED;
    int rc = introduce(stream, goal->proxy, words);
    if (rc == 0)
        rc = co_socks_connect(words, goal->kind, goal->where, (uint16_t)goal->port);
    if (rc == 0)
        rc = say(stream, words);
    if (rc == 0)
        rc = hear(stream, goal->proxy, co_socks_reply_read, &reply);
    return reply == CO_SOCKS_GRANTED ? rc : fail(goal, code_of_5(reply), co_socks_reason(reply));
}

static int code_of_4(unsigned reply)
{
    switch (reply) {
    case CO_SOCKS4_FAILED: return -EHOSTUNREACH;
    case CO_SOCKS4_NO_IDENTD:
    case CO_SOCKS4_OTHER_USER: return CO_EPROXYLOGIN;
    default: return CO_EPROXY;
    }
}

/* There is no password in it. */
static int lead_by_4(co_stream *stream, const struct goal *goal, struct co_buf *words)
{
    unsigned reply = CO_SOCKS4_GRANTED;
    int rc = co_socks4_connect(
        words, goal->kind, goal->where, (uint16_t)goal->port, co_buf_text(&goal->proxy->user));
    if (rc == CO_EINVALID)
        return co_proxy_fail(
            rc, goal->proxy, "takes a user of 255 bytes at most, none of them NUL");
    if (rc == 0)
        rc = say(stream, words);
    if (rc == 0)
        rc = hear(stream, goal->proxy, co_socks4_reply_read, &reply);
    return reply == CO_SOCKS4_GRANTED ? rc : fail(goal, code_of_4(reply), co_socks4_reason(reply));
}

int co_proxy_socks(co_stream *stream, const struct co_proxy *proxy, const char *host, unsigned port,
    const co_address *address)
{
    struct co_buf words = CO_BUF(WORDS_MAX);
    struct goal goal = {proxy, host, port, CO_SOCKS_NAME, co_text_of(host)};
    if (address)
        goal.kind = address_bytes(address, &goal.where);
    int rc = co_proxy_is_socks4(proxy) ? lead_by_4(stream, &goal, &words)
                                       : lead_by_5(stream, &goal, &words);
    co_buf_free(&words);
    return co_proxy_lost(rc, proxy);
}
