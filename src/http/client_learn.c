/* SPDX-License-Identifier: MIT */
/* What responses say for later requests, and what these are told of it. */
#include "coronet/fiber.h"
#include "http/client.h"
#include "http/cookies.h"
#include "http/field.h"
#include "http/hsts.h"

#include <errno.h>

static struct co_cookie_place cookie_place(const struct co_http_errand *errand)
{
    return (struct co_cookie_place){
        .secure = co_http_errand_place(errand).secure,
        .host = errand->parsed.host,
        .path = errand->parsed.path,
        .now = co_wall_seconds(),
    };
}

static int learn_cookies(const struct co_http_errand *errand, const struct co_http1_response *head)
{
    struct co_cookie_place place = cookie_place(errand);
    struct co_http_walk walk = {
        .fields = head->fields, .count = head->field_count, .name = CO_TEXT("Set-Cookie")};
    co_text field;
    while (co_http_walk_line(&walk, &field))
        if (co_cookies_set(errand->options->cookies, &place, field) == -ENOMEM)
            return -ENOMEM;
    return 0;
}

/* RFC 6797 8.1: only of a server that has proven who it is, and only the first field. The TLS of
 * an http: URL is its proxy's. */
static int learn_hsts(const struct co_http_errand *errand, const struct co_http1_response *head,
    const co_stream *stream)
{
    struct co_tls_info info;
    co_text field =
        co_http_field_find(head->fields, head->field_count, CO_TEXT("Strict-Transport-Security"));
    bool is_its_own = co_http_errand_place(errand).secure;
    if (!field.at || !is_its_own || co_tls_info(stream, &info) < 0 || !info.peer)
        return 0;
    int rc = co_hsts_note(errand->options->hsts, errand->parsed.host, field, co_wall_seconds());
    return rc == -ENOMEM ? rc : 0;
}

int co_http_errand_learn(const struct co_http_errand *errand, const struct co_http1_response *head,
    const co_stream *stream)
{
    int rc = errand->options->hsts ? learn_hsts(errand, head, stream) : 0;
    if (rc == 0 && errand->options->cookies)
        rc = learn_cookies(errand, head);
    return rc;
}

/* RFC 6797 8.3: port 80 becomes 443, another stays. Addresses are never covered: no brackets. */
int co_http_errand_harden(
    const struct co_http_errand *errand, struct co_buf *url, struct co_url *parsed)
{
    const co_hsts *hsts = errand->options->hsts;
    struct co_buf hard = CO_BUF(CO_HTTP_URL_MAX);
    if (!hsts || co_text_equal_nocase(parsed->scheme, CO_TEXT("https")) ||
        !co_hsts_covers(hsts, parsed->host, co_wall_seconds()))
        return 0;
    co_buf_addf(&hard, "https://%.*s", CO_TEXT_PRINT(parsed->host));
    if (parsed->port && parsed->port != 80)
        co_buf_addf(&hard, ":%u", parsed->port);
    co_buf_add_text(&hard, parsed->path);
    if (parsed->query.at)
        co_buf_addf(&hard, "?%.*s", CO_TEXT_PRINT(parsed->query));
    co_buf_add_char(&hard, '\0');
    int rc = hard.error;
    if (rc == 0)
        rc = co_url_parse((co_text){hard.at, hard.size - 1}, parsed);
    co_buf_free(rc < 0 ? &hard : url);
    if (rc == 0)
        *url = hard;
    return rc;
}

int co_http_errand_add_cookies(const struct co_http_errand *errand, struct co_buf *lines)
{
    if (!errand->options->cookies)
        return 0;
    struct co_cookie_place place = cookie_place(errand);
    struct co_buf told = CO_BUF(CO_COOKIES_TOLD_MAX);
    int rc = co_cookies_tell(errand->options->cookies, &place, &told);
    if (rc == 0 && told.size)
        co_http_line_add(lines, CO_TEXT("Cookie"), co_buf_text(&told));
    co_buf_free(&told);
    return rc < 0 ? rc : lines->error;
}
