/* SPDX-License-Identifier: MIT */
/* The conversation with a proxy of HTTP that is asked for a tunnel: CONNECT (RFC 9110 9.3.6). */
#include "codec/escape.h"
#include "dial/proxy.h"
#include "dial/response_head.h"

#include <errno.h>
#include <stdio.h>

#define REQUEST_MAX 32768 /* bytes: a host twice, and who asks */
#define REASON_MAX  80    /* bytes of what a proxy says, as it is told */
#define SKIPPED_MAX 65536 /* bytes of a refusal's body; more costs more than a new connection */

struct tunnel {
    const struct co_proxy *proxy;
    const struct co_dial_options *options;
    char where[CO_HOST_MAX + 1 + 8];
    struct co_proxy_login login;
    unsigned tries; /* to say who asks */
    bool stays;     /* after the latest refusal: it goes on where it was */
    bool heard;     /* anything of the latest answer */
};

/* ---- a refusal ------------------------------------------------------------------------------ */

/* Gateways tell so that they could not connect; the rest they did not want to. */
static int code_of(int status)
{
    switch (status) {
    case 407: return CO_EPROXYLOGIN;
    case 502:
    case 503: return -EHOSTUNREACH;
    case 504: return -ETIMEDOUT;
    default: return CO_EPROXY;
    }
}

static int refused(const struct co_proxy *proxy, const struct co_http1_response *response)
{
    struct co_buf reason = CO_BUF(4 * REASON_MAX);
    co_text said = response->reason;
    said.size = said.size < REASON_MAX ? said.size : REASON_MAX;
    co_escape_log(&reason, said);
    int rc = co_proxy_fail(code_of(response->status), proxy, "refused CONNECT: %d %.*s",
        response->status, CO_TEXT_PRINT(co_buf_text(&reason)));
    co_buf_free(&reason);
    return rc;
}

/* Takes a refusal's body off. True: what follows on the connection is the next answer. */
static bool pass_over(co_stream *stream, const struct co_http1_response *response)
{
    uint64_t left = response->framing == CO_HTTP_LENGTH ? response->body_size : 0;
    bool stays = response->keep_alive && left <= SKIPPED_MAX &&
                 (response->framing == CO_HTTP_LENGTH || response->framing == CO_HTTP_NO_BODY);
    while (stays && left > 0) {
        const uint8_t *bytes;
        ssize_t n = co_peek(stream, 1, &bytes);
        stays = n > 0;
        if (stays) {
            size_t taken = (uint64_t)n < left ? (size_t)n : (size_t)left;
            co_consume(stream, taken);
            left -= taken;
        }
    }
    return stays;
}

/* ---- question and answer -------------------------------------------------------------------- */

static int ask(co_stream *stream, struct tunnel *tunnel)
{
    struct co_buf request = CO_BUF(REQUEST_MAX);
    const char *where = tunnel->where;
    co_buf_addf(&request, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", where, where);
    int rc = co_proxy_authorize(
        tunnel->proxy, &tunnel->login, CO_TEXT("CONNECT"), co_text_of(where), &request);
    co_buf_add_string(&request, "\r\n");
    if (rc == 0)
        rc = request.error ? request.error : co_write(stream, request.at, request.size);
    co_buf_free(&request);
    return rc;
}

/* Any 2xx opens the tunnel, which begins right behind the head. 1: it can be asked once more. */
static int hear(co_stream *stream, struct tunnel *tunnel)
{
    struct co_buf text = CO_BUF(CO_HTTP1_RESPONSE_TEXT_MAX);
    struct co_http1_response response;
    tunnel->heard = false;
    int rc = co_response_head_read(stream, CO_HTTP_CONNECT, &text, &response, &tunnel->heard);
    if (rc == CO_EHTTP || rc == CO_ETOOBIG)
        co_proxy_fail(rc, tunnel->proxy, "answered CONNECT by what is no response of HTTP");
    if (rc == 0 && response.status / 100 != 2) {
        rc = co_proxy_login_answer(tunnel->proxy, &tunnel->login, &tunnel->tries, &response);
        if (rc == 1)
            tunnel->stays = pass_over(stream, &response);
        else if (rc == 0)
            rc = refused(tunnel->proxy, &response);
    }
    co_buf_free(&text);
    return rc;
}

static int converse(co_stream *stream, struct tunnel *tunnel)
{
    int rc = ask(stream, tunnel);
    return rc == 0 ? hear(stream, tunnel) : rc;
}

static int renew(co_stream **stream, const struct tunnel *tunnel)
{
    co_stream *another;
    int rc = co_proxy_reach(&another, tunnel->proxy, tunnel->options);
    if (rc < 0)
        return rc;
    co_abort(*stream);
    *stream = another;
    return 0;
}

/* Once more, where the proxy has heard nothing yet of who asks. It may have said that the
 * connection stays and closed it nevertheless. */
static int converse_again(co_stream **stream, struct tunnel *tunnel)
{
    int rc = CO_EEOF;
    tunnel->heard = false;
    if (tunnel->stays)
        rc = converse(*stream, tunnel);
    if (tunnel->heard || !co_proxy_is_lost(rc))
        return rc;
    rc = renew(stream, tunnel);
    return rc == 0 ? converse(*stream, tunnel) : rc;
}

int co_proxy_connect(co_stream **stream, const struct co_proxy *proxy, const char *host,
    unsigned port, const struct co_dial_options *options)
{
    struct tunnel tunnel = {.proxy = proxy, .options = options};
    snprintf(
        tunnel.where, sizeof tunnel.where, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
    int rc = converse(*stream, &tunnel);
    while (rc == 1)
        rc = converse_again(stream, &tunnel);
    co_proxy_login_end(&tunnel.login);
    return co_proxy_lost(rc, proxy);
}
