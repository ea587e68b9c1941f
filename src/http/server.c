/* SPDX-License-Identifier: MIT */
/* Building a server, and serving it at an address: the rest is the sessions' work. */
#include "base/error.h"
#include "http/field.h"
#include "http/message.h"
#include "http/route.h"
#include "net/protocol.h"
#include "net/stream.h"
#include "tls/terms.h"

#include <errno.h>
#include <stdlib.h>

#define COMMON_FIELDS_MAX 8192 /* bytes of options->headers, repeated in each response */
#define SECURE_FIELDS_MAX 64   /* bytes of those that only responses over TLS have */

/* ---- building ----------------------------------------------------------------------------- */

void co_http_server_fail(co_http_server *server, int error)
{
    if (!server->error)
        server->error = error;
}

static void fill_defaults(struct co_http_options *options)
{
    if (options->header_timeout_ms == 0)
        options->header_timeout_ms = 30000;
    if (options->idle_timeout_ms == 0)
        options->idle_timeout_ms = 60000;
    if (options->min_rate == 0)
        options->min_rate = 240;
    if (options->body_bytes_max == 0)
        options->body_bytes_max = 1 << 20;
    if (options->connections_max == 0)
        options->connections_max = 10000;
    if (options->drain_timeout_ms == 0)
        options->drain_timeout_ms = 30000;
}

/* The lines of "Name: value" strings, each checked as what a handler sets is (attacks H20). */
static void add_common_field(co_http_server *server, const char *line)
{
    co_text name, value;
    if (co_http_common_read(line, &name, &value) < 0) {
        co_http_server_fail(server, -EINVAL);
        return;
    }
    if (co_text_equal_nocase(name, CO_TEXT("Server"))) /* instead of ours */
        co_http_line_remove(&server->common, name);
    co_http_line_add(&server->common, name, value);
}

int co_http_server_new(co_http_server **ret, const struct co_http_options *options)
{
    co_http_server *server = calloc(1, sizeof *server);
    if (!server)
        return -ENOMEM;
    if (options)
        server->options = *options;
    fill_defaults(&server->options);
    server->common = CO_BUF(COMMON_FIELDS_MAX);
    if (!server->options.no_server_field)
        co_buf_add_string(&server->common, "Server: coronet\r\n");
    for (const char *const *line = server->options.headers; line && *line; line++)
        add_common_field(server, *line);
    co_http_server_fail(server, server->common.error);
    server->secure = CO_BUF(SECURE_FIELDS_MAX);
    if (server->options.hsts_seconds > 0) /* RFC 6797 7.2: not without TLS */
        co_buf_addf(&server->secure, "Strict-Transport-Security: max-age=%lld\r\n",
            (long long)server->options.hsts_seconds);
    co_http_server_fail(server, server->secure.error);
    *ret = server;
    return 0;
}

void co_http_server_free(co_http_server *server)
{
    if (!server)
        return;
    co_http_shards_free(server);
    co_http_routes_free(server->routes);
    co_buf_free(&server->common);
    co_buf_free(&server->secure);
    free(server);
}

void co_http_route(co_http_server *server, const char *route, co_http_handler *handler, void *arg)
{
    if (server->error)
        return;
    int rc = co_http_route_add(&server->routes, route, handler, arg);
    if (rc < 0)
        co_fail(rc, "cannot add the route \"%s\": %s", route,
            rc == -EEXIST ? "there is one already" : co_error_sentence(rc));
    co_http_server_fail(server, rc);
}

/* ---- serving ------------------------------------------------------------------------------ */

static struct co_protocol protocol_of(co_http_server *server, co_handler *handler, void *arg)
{
    return (struct co_protocol){
        .handler = handler,
        .arg = arg,
        .client_first = true,
        .connections_max = server->options.connections_max,
        .park_timeout_ms = server->options.idle_timeout_ms,
        .drain_timeout_ms = server->options.drain_timeout_ms,
        .access = server->options.access,
    };
}

int co_http_serve(co_http_server *server, const char *where, const struct co_serve_options *options)
{
    const struct co_protocol protocol = protocol_of(server, co_http_session, server);
    return server->error ? server->error : co_protocol_serve(&protocol, where, options);
}

int co_http_serve_listener(co_http_server *server, co_listener *listener)
{
    const struct co_protocol protocol = protocol_of(server, co_http_session, server);
    return server->error ? server->error : co_protocol_serve_listener(&protocol, listener);
}

/* ---- over TLS ----------------------------------------------------------------------------- */

struct secure {
    co_http_server *server;
    co_tls *tls;
};

/* Has nothing come yet? It is then parked, once, and holds no fiber. */
static bool is_silent(co_stream *stream)
{
    void **slot = co_stream_slot(stream); /* the session's, later */
    if (*slot || co_stream_buffered(stream) > 0 || co_stream_at_end(stream))
        return false;
    *slot = stream;
    return true;
}

/* A browser that was sent to http://, say. Its request is not looked at. */
static bool is_clear_text(co_stream *stream)
{
    const uint8_t *bytes;
    return co_stream_buffered(stream) > 0 && co_peek(stream, 1, &bytes) > 0 && bytes[0] >= 'A' &&
           bytes[0] <= 'Z';
}

static int answer_clear_text(co_stream *stream)
{
    static const char text[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
                               "Content-Type: text/plain\r\nContent-Length: 42\r\n\r\n"
                               "This port speaks HTTPS: ask by https://.\r\n";
    return co_write(stream, text, sizeof text - 1);
}

/* Only what this server speaks (ALPACA): its certificate may be another protocol's, too. */
static int shake_hands(const struct secure *secure, co_stream *stream)
{
    static const char *const alpn[] = {"h2", "http/1.1", "http/1.0", NULL};
    bool http1_only = secure->server->options.no_http2;
    co_scope scope;
    co_scope_open(&scope, secure->server->options.header_timeout_ms);
    int rc = co_tls_accept_on(
        stream, secure->tls, &(struct co_tls_terms){.alpn = alpn + http1_only, .begun = true});
    co_scope_close(&scope);
    *co_stream_slot(stream) = NULL;
    return rc;
}

/* Called again with each new fiber of the connection. Who fails to shake hands has been told why by
 * an alert, which a reset might destroy: it is closed. */
static int secure_session(co_stream *stream, void *arg)
{
    const struct secure *secure = arg;
    if (co_tls_is_on(stream))
        return co_http_session(stream, secure->server);
    if (co_park_result(stream) < 0)
        return 0;
    if (is_silent(stream))
        return CO_PARK;
    if (is_clear_text(stream))
        return answer_clear_text(stream);
    return shake_hands(secure, stream) < 0 ? 0 : co_http_session(stream, secure->server);
}

int co_https_serve(
    co_http_server *server, co_tls *tls, const char *where, const struct co_serve_options *options)
{
    struct secure secure = {server, tls};
    const struct co_protocol protocol = protocol_of(server, secure_session, &secure);
    return server->error ? server->error : co_protocol_serve(&protocol, where, options);
}

int co_https_serve_listener(co_http_server *server, co_tls *tls, co_listener *listener)
{
    struct secure secure = {server, tls};
    const struct co_protocol protocol = protocol_of(server, secure_session, &secure);
    return server->error ? server->error : co_protocol_serve_listener(&protocol, listener);
}
