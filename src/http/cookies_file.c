/* SPDX-License-Identifier: MIT */
/* The jar and its file. */
#include "codec/cookie_line.h"
#include "coronet/fiber.h"
#include "http/cookies.h"
#include "runtime/file_edit.h"

#include <stdlib.h>

#define TITLE                                                                                      \
 "# Netscape HTTP Cookie File\n# Made by coronet; edits are kept while nobody writes it.\n\n"

static int read_line(co_cookies *cookies, co_text text, int64_t now)
{
    struct co_cookie_line line;
    if (co_cookie_line_parse(text, &line) < 0)
        return 0;
    int rc = co_cookies_put(cookies,
        &(struct co_cookie){.name = line.name,
            .value = line.value,
            .domain = line.domain,
            .path = line.path,
            .host_only = !line.subdomains,
            .secure = line.secure,
            .http_only = line.http_only,
            .persistent = line.expires > 0,
            .expires = line.expires},
        now);
    return rc == CO_EINVALID ? 0 : rc;
}

int co_cookies_read(co_cookies *cookies, co_text file, int64_t now)
{
    int rc = 0;
    co_text line;
    while (rc == 0 && co_text_next_line(&file, &line))
        rc = read_line(cookies, line, now);
    return rc;
}

int co_cookies_write(const co_cookies *cookies, int64_t now, struct co_buf *out)
{
    struct co_cookie *all;
    size_t count;
    int rc = co_cookies_all(cookies, now, &all, &count);
    if (rc < 0)
        return rc;
    co_buf_add_string(out, TITLE);
    for (size_t i = 0; i < count; i++)
        (void)co_cookie_line_write(&(struct co_cookie_line){.domain = all[i].domain,
                                       .subdomains = !all[i].host_only,
                                       .path = all[i].path,
                                       .secure = all[i].secure,
                                       .http_only = all[i].http_only,
                                       .expires = all[i].persistent ? all[i].expires : 0,
                                       .name = all[i].name,
                                       .value = all[i].value},
            out);
    free(all);
    return out->error;
}

int co_cookies_load(co_cookies *cookies, const char *path)
{
    struct co_buf text = CO_BUF(CO_COOKIES_FILE_MAX);
    int rc = co_file_read_all(path, &text);
    if (rc == 0)
        rc = co_cookies_read(cookies, co_buf_text(&text), co_wall_seconds());
    co_buf_free(&text);
    return rc;
}

int co_cookies_save(co_cookies *cookies, const char *path)
{
    struct co_file_edit edit;
    struct co_buf text = CO_BUF(CO_COOKIES_FILE_MAX);
    int rc = co_file_edit_begin(&edit, path, CO_COOKIES_FILE_MAX);
    if (rc < 0)
        return rc;
    rc = co_cookies_write(cookies, co_wall_seconds(), &text);
    return co_file_edit_end(&edit, rc, &text);
}
