/* SPDX-License-Identifier: MIT */
/*
 * What is asked next, and what may be told to whom.
 *
 * Which of the caller's secrets may go along is asked of http/secrets.h alone (attacks C01).
 */
#include "http/client.h"

#include "http/decoded.h"
#include "http/field.h"

#include <errno.h>

/* ---- where ---------------------------------------------------------------------------------- */

struct co_pool_place co_http_errand_place(const struct co_http_errand *errand)
{
    const struct co_url *url = &errand->parsed;
    bool secure = co_text_equal_nocase(url->scheme, CO_TEXT("https"));
    uint16_t usual = secure ? 443 : 80;
    return (struct co_pool_place){
        .secure = secure,
        .host = url->host,
        .port = url->port ? url->port : usual,
        .speaks = errand->only_http1 ? CO_HTTP_1 : errand->options->version,
        .tls = secure ? errand->options->tls : NULL,
        .proxy = co_text_of(errand->proxy_url),
        .forwarded = errand->is_forwarded,
        .proxy_tls = errand->proxy_url ? errand->options->proxy_tls : NULL,
    };
}

bool co_http_errand_may_tell(const struct co_http_errand *errand, enum co_secret secret)
{
    const struct co_secret_way way = {errand->asked, co_http_errand_place(errand), errand->strayed};
    return co_secret_may_go(secret, &way);
}

/* The place that the secrets were given for is where the errand begins. */
static int begin_here(struct co_http_errand *errand)
{
    errand->asked = co_http_errand_place(errand);
    co_buf_add_text(&errand->asked_host, errand->asked.host);
    errand->asked.host = co_buf_text(&errand->asked_host);
    return errand->asked_host.error;
}

/* Makes `url`, which has no NUL yet, where the errand goes. */
static int adopt(struct co_http_errand *errand, struct co_buf *url)
{
    struct co_url parsed;
    co_buf_add_char(url, '\0');
    int rc = url->error;
    if (rc == 0)
        rc = co_url_parse((co_text){url->at, url->size - 1}, &parsed);
    if (rc == 0 && !co_text_equal_nocase(parsed.scheme, CO_TEXT("http")) &&
        !co_text_equal_nocase(parsed.scheme, CO_TEXT("https")))
        rc = CO_EINVALID;
    if (rc == 0)
        rc = co_http_errand_harden(errand, url, &parsed);
    if (rc < 0) {
        co_buf_free(url);
        return rc;
    }
    co_buf_free(&errand->url);
    errand->url = *url;
    errand->parsed = parsed;
    return 0;
}

/* Who asks: as the caller said apart from the URL, or in it, or in the netrc file. */
static int take_user(struct co_http_errand *errand, const struct co_url *given)
{
    struct co_buf *user = &errand->user;
    int rc = 0;
    if (errand->what->user) {
        co_buf_add_string(user, errand->what->user);
    } else if (given->password.at) {
        rc = co_url_decode(given->user, user);
        co_buf_add_char(user, ':');
        if (rc == 0)
            rc = co_url_decode(given->password, user);
    } else {
        rc = co_http_login_look_up(errand, given);
    }
    /* RFC 7617 2: no control bytes. */
    if (rc == 0 && !co_http_is_field_value(co_buf_text(user)))
        rc = CO_EINVALID;
    return rc < 0 ? rc : user->error;
}

/* It is not shown: who can tell where a malformed one has its secrets? */
static int told(int rc)
{
    return rc == CO_EINVALID
               ? co_fail(rc, "what is to be fetched is no URL of http or https (http://HOST/PATH)")
               : rc;
}

/* The same without its user. */
static int drop_user(const struct co_url *parsed, struct co_buf *url)
{
    struct co_buf with_user = *url;
    *url = CO_BUF(with_user.size_max);
    int rc = co_url_resolve(parsed, (co_text){0}, url);
    co_buf_free(&with_user);
    return rc;
}

/* The URL is kept without its user, who then stands in no message and no file's name (attacks C11).
 */
static int take_url(struct co_http_errand *errand)
{
    struct co_buf url = CO_BUF(CO_HTTP_URL_MAX);
    struct co_url parsed = {0};
    int rc = co_url_resolve(&parsed, co_text_of(errand->what->url), &url);
    if (rc == 0)
        rc = co_url_parse(co_buf_text(&url), &parsed);
    rc = rc < 0 ? told(rc) : take_user(errand, &parsed);
    if (rc == 0 && parsed.user.at)
        rc = drop_user(&parsed, &url);
    if (rc < 0) {
        co_buf_free(&url);
        return rc;
    }
    rc = told(adopt(errand, &url));
    return rc < 0 ? rc : begin_here(errand);
}

int co_http_errand_start(struct co_http_errand *errand, const struct co_http_fetch *what,
    const struct co_http_client_options *options)
{
    bool with_body = what->body || what->source;
    const char *method = what->method ? what->method : with_body ? "POST" : "GET";
    *errand = (struct co_http_errand){.what = what,
        .options = options,
        .user = CO_BUF(CO_HTTP_USER_MAX),
        .method_text = co_text_of(method),
        .method = co_http_method_of(co_text_of(method)),
        .with_body = with_body,
        .outgoing.source = what->source,
        .asked_host = CO_BUF(CO_HTTP_URL_MAX)};
    if (!co_http_is_token(errand->method_text) || errand->method == CO_HTTP_CONNECT)
        return co_fail(CO_EINVALID, "the method of the request is malformed, or CONNECT");
    return take_url(errand);
}

void co_http_errand_end(struct co_http_errand *errand)
{
    co_http_errand_forget_way(errand);
    co_buf_free(&errand->url);
    co_buf_free(&errand->user);
    co_buf_free(&errand->asked_host);
}

/* ---- where next ----------------------------------------------------------------------------- */

/* RFC 9110 15.4.2 to 15.4.4: what browsers have always done with a POST, and what 303 means. */
static void become_get(struct co_http_errand *errand)
{
    errand->with_body = false;
    errand->outgoing.source = NULL;
    if (errand->method == CO_HTTP_HEAD)
        return;
    errand->method = CO_HTTP_GET;
    errand->method_text = CO_TEXT("GET");
}

int co_http_errand_redirect(struct co_http_errand *errand, int status, co_text location)
{
    struct co_buf url = CO_BUF(CO_HTTP_URL_MAX);
    struct co_http_errand next = *errand;
    next.url = CO_BUF(0); /* the old one is still needed */
    co_url_resolve(&errand->parsed, location, &url);
    int rc = adopt(&next, &url);
    if (rc < 0)
        return rc;
    if (status == 303 || (status <= 302 && errand->method == CO_HTTP_POST))
        become_get(&next);
    struct co_pool_place place = co_http_errand_place(&next);
    next.login = (struct co_http_login){.logins = errand->login.logins};
    next.strayed |= !co_secret_is_same_place(&next.asked, &place);
    co_buf_free(&errand->url);
    *errand = next;
    return 0;
}

/* ---- the head ------------------------------------------------------------------------------- */

static void add_authority(const struct co_http_errand *errand, struct co_buf *out)
{
    const struct co_url *url = &errand->parsed;
    if (url->host_is_ipv6)
        co_buf_add_char(out, '[');
    co_buf_add_text(out, url->host);
    if (url->host_is_ipv6)
        co_buf_add_char(out, ']');
    if (url->port && url->port != (co_http_errand_place(errand).secure ? 443 : 80)) {
        co_buf_add_char(out, ':');
        co_buf_add_number(out, url->port);
    }
}

static void add_host(const struct co_http_errand *errand, struct co_buf *out)
{
    co_buf_add_string(out, "Host: ");
    add_authority(errand, out);
    co_buf_add_string(out, "\r\n");
}

void co_http_errand_target(const struct co_http_errand *errand, struct co_buf *out)
{
    co_buf_add_text(out, errand->parsed.path.size ? errand->parsed.path : CO_TEXT("/"));
    if (errand->parsed.query.at) {
        co_buf_add_char(out, '?');
        co_buf_add_text(out, errand->parsed.query);
    }
}

void co_http_errand_asked_target(const struct co_http_errand *errand, struct co_buf *out)
{
    if (errand->is_forwarded) {
        co_buf_add_string(out, "http://");
        add_authority(errand, out);
    }
    co_http_errand_target(errand, out);
}

static void add_request_line(const struct co_http_errand *errand, struct co_buf *out)
{
    co_buf_add_text(out, errand->method_text);
    co_buf_add_char(out, ' ');
    co_http_errand_asked_target(errand, out);
    co_buf_add_string(out, " HTTP/1.1\r\n");
}

static bool is_own(co_text name)
{
    static const co_text own[] = {CO_TEXT("Host"), CO_TEXT("Connection"), CO_TEXT("Content-Length"),
        CO_TEXT("Transfer-Encoding"), CO_TEXT("Proxy-Authorization")};
    for (size_t i = 0; i < CO_LENGTH(own); i++)
        if (co_text_equal_nocase(name, own[i]))
            return true;
    return false;
}

/* RFC 9110 15.4: what is said of a body goes where the body goes. */
static bool may_add(const struct co_http_errand *errand, co_text name)
{
    bool had_body = errand->what->body || errand->what->source;
    const co_text start = CO_TEXT("Content-");
    bool of_body =
        name.size > start.size && co_text_equal_nocase((co_text){name.at, start.size}, start);
    if (of_body && had_body && !errand->with_body)
        return false;
    return co_secret_is_none(name) || co_http_errand_may_tell(errand, CO_SECRET_HEADERS);
}

/* The caller's headers stand instead of ours of the same name. */
static int add_headers(const struct co_http_errand *errand, struct co_buf *lines)
{
    for (const char *const *line = errand->what->headers; line && *line; line++) {
        co_text text = co_text_of(*line);
        ssize_t colon = co_text_find(text, ':');
        co_text name = {text.at, colon < 0 ? 0 : (size_t)colon};
        co_text value = co_text_trim(co_text_after(text, name.size + 1));
        if (!co_http_is_token(name) || !co_http_is_field_value(value))
            return co_fail(CO_EINVALID, "a header of the request is not \"Name: value\"");
        if (is_own(name))
            return co_fail(
                CO_EINVALID, "%.*s is a header that the client itself sets", CO_TEXT_PRINT(name));
        if (may_add(errand, name))
            co_http_line_add(lines, name, value);
    }
    return lines->error;
}

/* No value ends its line (attacks H20). */
static int add_unless_there(struct co_buf *lines, co_text name, const char *value)
{
    if (co_http_line_has(lines, name))
        return 0;
    if (!co_http_is_field_value(co_text_of(value)))
        return co_fail(
            CO_EINVALID, "what is to be said as %.*s is no value of a header", CO_TEXT_PRINT(name));
    co_http_line_add(lines, name, co_text_of(value));
    return 0;
}

static void add_framing(const struct co_http_errand *errand, struct co_buf *lines)
{
    const struct co_http_source *source = errand->outgoing.source;
    if (source && source->size < 0)
        co_buf_add_string(lines, "Transfer-Encoding: chunked\r\n");
    else
        co_buf_addf(lines, "Content-Length: %llu\r\n",
            source ? (unsigned long long)source->size : errand->what->body_bytes);
    if (co_http_errand_expects(errand))
        co_buf_add_string(lines, "Expect: 100-continue\r\n");
}

static int add_fields(struct co_http_errand *errand, struct co_buf *lines)
{
    const struct co_http_fetch *what = errand->what;
    int rc = add_headers(errand, lines);
    if (rc == 0)
        rc = co_http_login_add(errand, lines);
    if (rc == 0 && !co_http_line_has(lines, CO_TEXT("Cookie")))
        rc = co_http_errand_add_cookies(errand, lines);
    if (rc == 0)
        rc = co_http_login_add_proxy(errand, lines);
    if (rc == 0)
        rc = add_unless_there(lines, CO_TEXT("User-Agent"), errand->options->user_agent);
    if (rc == 0)
        rc = add_unless_there(lines, CO_TEXT("Accept"), "*/*");
    if (rc == 0 && errand->options->compressed)
        rc = add_unless_there(lines, CO_TEXT("Accept-Encoding"), CO_HTTP_DECODED_ACCEPT);
    if (rc == 0 && errand->with_body) {
        rc = add_unless_there(
            lines, CO_TEXT("Content-Type"), what->type ? what->type : "application/octet-stream");
        add_framing(errand, lines);
    }
    return rc < 0 ? rc : lines->error;
}

int co_http_errand_head(struct co_http_errand *errand, struct co_buf *out)
{
    struct co_buf lines = CO_BUF(CO_HTTP_REQUEST_HEAD_MAX);
    int rc = add_fields(errand, &lines);
    add_request_line(errand, out);
    add_host(errand, out);
    co_buf_add_text(out, co_buf_text(&lines));
    co_buf_add_string(out, "\r\n");
    co_buf_free(&lines);
    return rc < 0 ? rc : out->error;
}
