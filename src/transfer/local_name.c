/* SPDX-License-Identifier: MIT */
#include "transfer/local_name.h"

#include "codec/disposition.h"
#include "codec/url.h"

/* What stands behind the last slash, also one that was encoded. */
static co_text last_component(co_text path)
{
    for (size_t i = path.size; i > 0; i--)
        if (path.at[i - 1] == '/')
            return co_text_after(path, i);
    return path;
}

static bool is_safe(co_text name)
{
    if (name.size > CO_LOCAL_NAME_MAX || name.at[0] == '.')
        return false;
    for (size_t i = 0; i < name.size; i++)
        if ((unsigned char)name.at[i] < ' ' || name.at[i] == 0x7f)
            return false;
    return true;
}

int co_local_name(co_text url, struct co_buf *out)
{
    struct co_url parsed;
    struct co_buf path = CO_BUF(out->size_max);
    bool is_made_up = false;
    int rc = co_url_parse(url, &parsed);
    if (rc == 0)
        rc = co_url_decode(parsed.path, &path);
    if (rc == 0) {
        co_text name = last_component(co_buf_text(&path));
        is_made_up = name.size == 0;
        if (is_made_up)
            name = CO_TEXT("index.html");
        rc = is_safe(name) ? 0 : CO_EINVALID;
        if (rc == 0)
            co_buf_add_text(out, name);
    }
    co_buf_free(&path);
    rc = rc < 0 ? rc : out->error;
    return rc < 0 ? rc : is_made_up;
}

int co_local_name_of_server(co_text disposition, struct co_buf *out)
{
    struct co_buf name = CO_BUF(out->size_max);
    int rc = co_disposition_filename(disposition, &name);
    if (rc == 0)
        rc = is_safe(co_buf_text(&name)) ? 0 : CO_EINVALID;
    if (rc == 0)
        co_buf_add_text(out, co_buf_text(&name));
    co_buf_free(&name);
    return rc < 0 ? rc : out->error;
}
