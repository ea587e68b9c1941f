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

static bool is_entry(co_text line)
{
    struct co_cookie_line cookie;
    return co_cookie_line_parse(line, &cookie) == 0;
}

int co_cookies_read(co_cookies *cookies, co_text file, int64_t now)
{
    int rc = co_text_is_foreign(file, is_entry) ? CO_EINVALID : 0;
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
    if (rc == 0)
        rc = co_cookies_remember(cookies, path, co_buf_text(&text));
    co_buf_free(&text);
    return rc;
}

/* ---- saving --------------------------------------------------------------------------------- */

static bool is_unchanged(const struct co_cookie *before, const struct co_cookie *now)
{
    return before && co_text_equal(before->value, now->value) && before->secure == now->secure &&
           before->http_only == now->http_only && before->persistent == now->persistent &&
           (!now->persistent || before->expires == now->expires);
}

/* What `before` had and `jar` has not goes from `file`. */
static int take_out(co_cookies *file, const co_cookies *jar, const co_cookies *before, int64_t now)
{
    struct co_cookie *all;
    size_t count;
    int rc = co_cookies_all(before, now, &all, &count);
    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        if (co_cookies_find(jar, &all[i]))
            continue;
        all[i].persistent = true;
        all[i].expires = INT64_MIN;
        rc = co_cookies_put(file, &all[i], now);
    }
    free(all);
    return rc;
}

/* What `jar` has got since goes into `file`. */
static int put_in(co_cookies *file, const co_cookies *jar, const co_cookies *before, int64_t now)
{
    struct co_cookie *all;
    size_t count;
    int rc = co_cookies_all(jar, now, &all, &count);
    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < count; i++)
        if (!is_unchanged(co_cookies_find(before, &all[i]), &all[i]))
            rc = co_cookies_put(file, &all[i], now);
    free(all);
    return rc;
}

/* Others may have written the file meanwhile: only what has changed here is changed there. `file`
 * and `before` are empty jars. */
static int merge(const co_cookies *jar, const char *path, co_text held, struct co_buf *out,
    co_cookies *const jars[2])
{
    co_cookies *file = jars[0], *before = jars[1];
    int64_t now = co_wall_seconds();
    int rc = co_cookies_read(file, held, now);
    if (rc == 0)
        rc = co_cookies_read(before, co_cookies_remembered(jar, path), now);
    if (rc == 0)
        rc = take_out(file, jar, before, now);
    if (rc == 0)
        rc = put_in(file, jar, before, now);
    return rc < 0 ? rc : co_cookies_write(file, now, out);
}

static int merge_text(const co_cookies *jar, const char *path, co_text held, struct co_buf *out)
{
    co_cookies *jars[2] = {NULL, NULL};
    int rc = co_cookies_new(&jars[0]);
    if (rc == 0)
        rc = co_cookies_new(&jars[1]);
    if (rc == 0)
        rc = merge(jar, path, held, out, jars);
    co_cookies_free(jars[0]);
    co_cookies_free(jars[1]);
    return rc;
}

int co_cookies_save(co_cookies *cookies, const char *path)
{
    struct co_file_edit edit;
    struct co_buf text = CO_BUF(CO_COOKIES_FILE_MAX);
    int rc = co_file_edit_begin(&edit, path, CO_COOKIES_FILE_MAX);
    if (rc < 0)
        return rc;
    rc = merge_text(cookies, path, co_buf_text(&edit.text), &text);
    if (rc == 0)
        rc = co_file_edit_commit(&edit, co_buf_text(&text));
    else
        co_file_edit_abort(&edit);
    if (rc == 0)
        rc = co_cookies_remember(cookies, path, co_buf_text(&text));
    co_buf_free(&text);
    return rc;
}
