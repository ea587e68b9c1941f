/* SPDX-License-Identifier: MIT */
/*
 * The same tests once more over TLS: with CORONET_TEST_TLS set, whatever connection a rig makes
 * shakes hands first, with a certificate made on the spot that the client's end trusts alone. What
 * makes no sense there says so by `only_in_clear`.
 */
#ifndef CO_TEST_OVER_TLS_H
#define CO_TEST_OVER_TLS_H

#include "coronet.h"
#include "coronet/tls.h"
#include "net/stream.h"
#include "test.h"
#include "tls/certificate.h"

#include <stdio.h>
#include <time.h>

static struct {
    co_tls *server, *client; /* NULL: in clear */
} over_tls;

/* What HTTP's clients offer by ALPN. */
#ifndef OVER_TLS_ALPN
# define OVER_TLS_ALPN "http/1.1"
#endif

static inline bool is_over_tls(void)
{
    return over_tls.server;
}

__attribute__((constructor)) static void over_tls_begin(void)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1", NULL};
    static const char *const offered[] = {OVER_TLS_ALPN, NULL};
    struct co_buf chain = CO_BUF(16384), key = CO_BUF(16384);
    const char *wanted = getenv("CORONET_TEST_TLS");
    if (!wanted || !*wanted)
        return;
    int rc = co_certificate_make(hosts, time(NULL), 1, &chain, &key);
    const struct co_tls_certificate own = {.chain = co_buf_text(&chain), .key = co_buf_text(&key)};
    const struct co_tls_options server = {.certificates = &own, .certificate_count = 1};
    const struct co_tls_options client = {.authorities = own.chain, .alpn = offered};
    if (rc < 0 || co_tls_server(&over_tls.server, &server) < 0 ||
        co_tls_client(&over_tls.client, &client) < 0)
        abort();
    co_buf_free(&chain);
    co_buf_free(&key);
}

__attribute__((destructor)) static void over_tls_end(void)
{
    co_tls_free(over_tls.server);
    co_tls_free(over_tls.client);
}

/* Skips the test over TLS, and says why. Not in a fiber of its own: it jumps. */
static inline void only_in_clear(const char *reason)
{
    if (!is_over_tls())
        return;
    printf("in clear only: %s\n", reason);
    skip();
}

/* ---- HTTP ----------------------------------------------------------------------------------- */

static inline int over_tls_session(co_stream *stream, void *server)
{
    static const char *const alpn[] = {"h2", "http/1.1", NULL};
    int rc = co_tls_is_on(stream) ? 0 : co_tls_accept_as(stream, over_tls.server, alpn);
    return rc < 0 ? rc : co_http_session(stream, server);
}

static inline int over_tls_handle(void *stream)
{
    return co_stream_handle(stream);
}

/* `served` gets a session of the server's, a child of the group, and `peer`, its other end, is
 * ready to ask. 0, or as co_tls_connect. */
static inline int http_meet(
    co_group *group, co_http_server *server, co_stream *served, co_stream *peer)
{
    served->handler = is_over_tls() ? over_tls_session : co_http_session;
    served->arg = server;
    co_go(group, over_tls_handle, served);
    return is_over_tls() ? co_tls_connect(peer, over_tls.client, "localhost") : 0;
}

#endif
