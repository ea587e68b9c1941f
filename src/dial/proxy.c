/* SPDX-License-Identifier: MIT */
/*
 * Ways through proxies. A proxy is a stranger as any server is: what it says is bounded, and told
 * escaped; what it is told of passwords is its own alone (attacks C11).
 */
#include "dial/proxy.h"

#include "codec/escape.h"
#include "codec/url.h"
#include "dial/answers.h"
#include "dial/carry.h"
#include "dns/resolve.h"
#include "tls/terms.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define URL_MAX         8192 /* bytes */
#define URL_SHOWN_MAX   120  /* bytes of it in a sentence */
#define DETAIL_MAX      256
#define PORT_OF_HTTPS   443
#define PORT_OF_PROXIES 1080 /* as curl has it, for SOCKS and for HTTP */

/* ---- its URL -------------------------------------------------------------------------------- */

static const struct {
    co_text scheme;
    enum co_proxy_kind kind;
    uint16_t port;
} kinds[] = {
    {CO_TEXT("http"), CO_PROXY_HTTP, PORT_OF_PROXIES},
    {CO_TEXT("https"), CO_PROXY_HTTPS, PORT_OF_HTTPS},
    {CO_TEXT("socks4"), CO_PROXY_SOCKS4, PORT_OF_PROXIES},
    {CO_TEXT("socks4a"), CO_PROXY_SOCKS4A, PORT_OF_PROXIES},
    {CO_TEXT("socks5"), CO_PROXY_SOCKS5, PORT_OF_PROXIES},
    {CO_TEXT("socks5h"), CO_PROXY_SOCKS5H, PORT_OF_PROXIES},
};

/* Bare of what leads nowhere in a proxy. */
static bool has_no_path(const struct co_url *url)
{
    return (url->path.size == 0 || co_text_equal(url->path, CO_TEXT("/"))) && !url->query.at &&
           !url->fragment.at;
}

static int take_host(const struct co_url *url, uint16_t port, struct co_proxy *proxy)
{
    if (url->host.size > CO_HOST_MAX)
        return CO_EINVALID;
    proxy->port = url->port ? url->port : port;
    snprintf(proxy->host, sizeof proxy->host, "%.*s", CO_TEXT_PRINT(url->host));
    snprintf(proxy->where, sizeof proxy->where, url->host_is_ipv6 ? "[%s]:%u" : "%s:%u",
        proxy->host, proxy->port);
    return 0;
}

static int take(const struct co_url *url, struct co_proxy *proxy)
{
    for (size_t i = 0; i < CO_LENGTH(kinds); i++) {
        if (!co_text_equal_nocase(url->scheme, kinds[i].scheme) || !has_no_path(url))
            continue;
        proxy->kind = kinds[i].kind;
        int rc = take_host(url, kinds[i].port, proxy);
        if (rc == 0)
            rc = co_url_decode(url->user, &proxy->user);
        return rc < 0 ? rc : co_url_decode(url->password, &proxy->password);
    }
    return CO_EINVALID;
}

static int refuse(const char *url)
{
    struct co_buf plain = CO_BUF(URL_MAX), shown = CO_BUF(4 * URL_MAX);
    co_url_shown(co_text_of(url), &plain);
    co_escape_log(&shown, co_buf_text(&plain));
    int rc = co_fail(CO_EINVALID,
        "\"%.*s\" is no proxy: expected http://, https://, socks4://, socks4a://, socks5:// or "
        "socks5h://, and HOST:PORT",
        shown.size < URL_SHOWN_MAX ? (int)shown.size : URL_SHOWN_MAX, shown.size ? shown.at : "");
    co_buf_free(&plain);
    co_buf_free(&shown);
    return rc;
}

int co_proxy_parse(const char *url, struct co_proxy *ret)
{
    struct co_buf text = CO_BUF(URL_MAX);
    struct co_url parsed;
    *ret =
        (struct co_proxy){.user = CO_BUF(CO_PROXY_USER_MAX), .password = CO_BUF(CO_PROXY_USER_MAX)};
    if (!strstr(url, "://"))
        co_buf_add_string(&text, "http://");
    co_buf_add_string(&text, url);
    int rc = text.error;
    if (rc == 0)
        rc = co_url_parse(co_buf_text(&text), &parsed);
    if (rc == 0)
        rc = take(&parsed, ret);
    co_buf_free(&text);
    return rc < 0 && rc != -ENOMEM ? refuse(url) : rc;
}

void co_proxy_end(struct co_proxy *proxy)
{
    co_buf_free(&proxy->user);
    co_buf_free(&proxy->password);
}

bool co_proxy_forwards(const struct co_proxy *proxy)
{
    return proxy->kind == CO_PROXY_HTTP || proxy->kind == CO_PROXY_HTTPS;
}

bool co_proxy_is_socks4(const struct co_proxy *proxy)
{
    return proxy->kind == CO_PROXY_SOCKS4 || proxy->kind == CO_PROXY_SOCKS4A;
}

int co_proxy_fail(int code, const struct co_proxy *proxy, const char *format, ...)
{
    char text[DETAIL_MAX];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    return co_fail(code, "proxy %.120s %s", proxy->where, text);
}

bool co_proxy_is_lost(int code)
{
    return code == CO_EEOF || code == CO_ETRUNCATED || code == -EPIPE || code == -ECONNRESET;
}

int co_proxy_lost(int code, const struct co_proxy *proxy)
{
    if (!co_proxy_is_lost(code))
        return code;
    return co_proxy_fail(-ECONNRESET, proxy, "closed the connection before it led anywhere");
}

/* ---- the proxy itself ----------------------------------------------------------------------- */

/* The protocol of all proxies that are spoken to in TLS, whatever else their servers know. */
static int secure(co_stream *stream, const struct co_proxy *proxy, co_tls *tls)
{
    static const char *const alpn[] = {"http/1.1", NULL};
    return co_tls_connect_on(stream, tls, proxy->host, &(struct co_tls_client_terms){.alpn = alpn});
}

/* For those who say nothing of whom to trust. */
static int secure_as_system(co_stream *stream, const struct co_proxy *proxy)
{
    co_tls *tls;
    int rc = co_tls_client(&tls, NULL);
    if (rc < 0)
        return rc;
    rc = secure(stream, proxy, tls);
    co_tls_free(tls);
    return rc;
}

int co_proxy_reach(
    co_stream **ret, const struct co_proxy *proxy, const struct co_dial_options *options)
{
    struct co_dial_options direct = *options;
    co_stream *stream;
    direct.proxy = NULL;
    int rc = co_dial(&stream, proxy->where, &direct);
    if (rc == 0 && proxy->kind == CO_PROXY_HTTPS) {
        rc = options->proxy_tls ? secure(stream, proxy, options->proxy_tls)
                                : secure_as_system(stream, proxy);
        if (rc < 0)
            co_abort(stream);
    }
    if (rc < 0)
        return rc == CO_ECANCELED ? rc : co_fail(rc, "the proxy: %s", co_explain(rc));
    *ret = stream;
    return 0;
}

/* ---- ways ----------------------------------------------------------------------------------- */

/* From where to where. */
struct way {
    const struct co_proxy *proxy;
    const struct co_dial_options *options;
    const char *host;
    unsigned port;
};

/* address: where to, with SOCKS; NULL: the proxy looks the host up. ret_reached: whether the proxy
 * itself answered. */
static int go(co_stream **ret, const struct way *way, const co_address *address, bool *ret_reached)
{
    co_stream *stream;
    *ret_reached = true;
    if (address && address->as.any.sa_family != AF_INET && co_proxy_is_socks4(way->proxy))
        return co_proxy_fail(-ENETUNREACH, way->proxy,
            "does not lead to %s:%u: SOCKS 4 knows IPv4 alone", way->host, way->port);
    int rc = co_proxy_reach(&stream, way->proxy, way->options);
    *ret_reached = rc == 0;
    if (rc < 0)
        return rc;
    rc = co_proxy_forwards(way->proxy)
             ? co_proxy_connect(&stream, way->proxy, way->host, way->port, way->options)
             : co_proxy_socks(stream, way->proxy, way->host, way->port, address);
    if (rc == 0 && way->proxy->kind == CO_PROXY_HTTPS)
        rc = co_carry(&stream);
    if (rc < 0)
        co_abort(stream);
    else
        *ret = stream;
    return rc;
}

static bool is_about_the_address(int rc)
{
    return rc == -ENETUNREACH || rc == -EHOSTUNREACH || rc == -ECONNREFUSED || rc == -ETIMEDOUT;
}

/* One address after the other, as long as the proxy says that it is their fault. */
static int go_by_address(co_stream **ret, const struct way *way)
{
    co_address *addresses = calloc(CO_RESOLVE_MAX, sizeof *addresses);
    struct co_dial_options options = *way->options;
    bool reached = true;
    if (!addresses)
        return -ENOMEM;
    if (co_proxy_is_socks4(way->proxy))
        options.family = AF_INET;
    int count = co_dial_look_up(&options, way->host, way->port, 0, addresses);
    int rc = count < 0 ? co_resolve_fail(count, way->host) : -EHOSTUNREACH;
    for (int i = 0; i < count && reached && is_about_the_address(rc); i++)
        rc = go(ret, way, &addresses[i], &reached);
    free(addresses);
    return rc;
}

/* A name goes into a request's line, and to whoever reads it (attacks H20). */
static bool is_host(const char *host)
{
    char text[CO_HOST_MAX + 3];
    co_text plain;
    uint16_t port;
    int size = snprintf(text, sizeof text, strchr(host, ':') ? "[%s]" : "%s", host);
    return size < (int)sizeof text && co_url_authority(co_text_of(text), &plain, &port) == 0 &&
           port == 0;
}

int co_proxy_dial(
    co_stream **ret, const char *host, unsigned port, const struct co_dial_options *options)
{
    struct co_proxy proxy;
    struct way way = {&proxy, options, host, port};
    co_address number;
    bool reached;
    int rc = co_proxy_parse(options->proxy, &proxy);
    if (rc == 0 && !is_host(host))
        rc = co_resolve_fail(CO_EINVALID, host);
    const co_address *to = co_address_of_number(host, port, &number) == 0 ? &number : NULL;
    bool by_address = proxy.kind == CO_PROXY_SOCKS5 || (proxy.kind == CO_PROXY_SOCKS4 && !to);
    if (rc == 0)
        rc = by_address ? go_by_address(ret, &way) : go(ret, &way, to, &reached);
    co_proxy_end(&proxy);
    return rc;
}
