/* SPDX-License-Identifier: MIT */
/* What responses say for later requests, and what these are told of it. */
#include "coronet/fiber.h"
#include "http/client.h"
#include "http/cookies.h"
#include "http/field.h"

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

int co_http_errand_learn(const struct co_http_errand *errand, const struct co_http1_response *head)
{
    return errand->options->cookies ? learn_cookies(errand, head) : 0;
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
