/* SPDX-License-Identifier: MIT */
/* Small pages of the server's own: errors and redirections. Nothing of the request is in them, so
 * there is nothing to escape (attacks H23). */
#include "codec/url.h"
#include "http/field.h"
#include "http/message.h"

#define PAGE_MAX   320
#define HTTPS_PORT 443

int co_http_reply_error(co_http_request *request, int status)
{
    char room[PAGE_MAX];
    struct co_buf page = {.at = room, .room = sizeof room, .size_max = sizeof room};
    const char *reason = co_http_reason(status);
    co_buf_add_string(&page, "<!DOCTYPE html>\n<html lang=\"en\">\n"
                             "<meta name=\"viewport\" content=\"width=device-width\">\n"
                             "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    co_buf_add_string(&page, reason);
    co_buf_add_string(&page, "</title>\n<h1>");
    co_buf_add_number(&page, (uint64_t)status);
    co_buf_add_char(&page, ' ');
    co_buf_add_string(&page, reason);
    co_buf_add_string(&page, "</h1>\n");
    /* RFC 9110 15.6.4: whoever is told to come again later need not hold a connection till then. */
    if (status == 503 || status == 408)
        request->close = true;
    return co_http_reply(request, status, "text/html; charset=utf-8", page.at, page.size);
}

/* The query as it came; but RFC 3986 knows no bytes beyond ASCII. */
static void add_query(struct co_buf *location, co_text query)
{
    co_buf_add_char(location, '?');
    for (size_t i = 0; i < query.size; i++) {
        co_text byte = {query.at + i, 1};
        if ((unsigned char)*byte.at < 0x80)
            co_buf_add_text(location, byte);
        else
            co_url_encode(location, byte, false);
    }
}

/* Replies with what the Location leads to; frees it. */
static int redirect(co_http_request *request, int status, struct co_buf *location)
{
    if (request->head.query.at)
        add_query(location, request->head.query);
    int rc = location->error;
    if (rc == 0)
        rc = co_http_set_text(request, CO_TEXT("Location"), co_buf_text(location));
    co_buf_free(location);
    return rc < 0 ? rc : co_http_reply_error(request, status);
}

int co_http_redirect(co_http_request *request, int status, co_text path)
{
    struct co_buf location = CO_BUF(CO_HTTP_FIELDS_MAX);
    while (path.size && path.at[0] == '/')
        path = co_text_after(path, 1);
    co_buf_add_char(&location, '/');
    co_url_encode(&location, path, true);
    return redirect(request, status, &location);
}

/* To the host that the client has named itself: it knows by which of ours the certificate is. */
int co_http_redirect_secure(co_http_request *request)
{
    struct co_buf location = CO_BUF(CO_HTTP_FIELDS_MAX);
    unsigned port = request->server->options.https_port;
    co_text host;
    uint16_t ignored;
    if (co_url_authority(request->head.host, &host, &ignored) < 0) /* HTTP/1.0 names none */
        return co_http_reply_error(request, 403);
    bool is_v6 = co_text_find(host, ':') >= 0;
    co_buf_add_string(&location, is_v6 ? "https://[" : "https://");
    co_buf_add_text(&location, host);
    co_buf_add_string(&location, is_v6 ? "]" : "");
    if (port != HTTPS_PORT)
        co_buf_addf(&location, ":%u", port);
    co_url_encode(&location, co_buf_text(&request->path), true);
    return redirect(request, 308, &location);
}
