/* SPDX-License-Identifier: MIT */
/* URLs as people, logs and other programs may see them. */
#include "codec/url.h"

/* Where the authority begins: behind "://", if that is there. */
static size_t authority_at(co_text url)
{
    for (size_t i = 0; i + 3 <= url.size; i++)
        if (memcmp(url.at + i, "://", 3) == 0)
            return i + 3;
    return 0;
}

/* Where the host begins: behind the user's '@', which in what is no URL may be any. */
static size_t host_at(co_text url, size_t authority)
{
    struct co_url parsed;
    if (co_url_parse(url, &parsed) == 0)
        return parsed.user.at ? (size_t)(parsed.host.at - url.at) - parsed.host_is_ipv6 : authority;
    for (size_t i = url.size; i > authority; i--)
        if (url.at[i - 1] == '@')
            return i;
    return authority;
}

void co_url_shown(co_text url, struct co_buf *out)
{
    size_t authority = authority_at(url), host = host_at(url, authority);
    co_buf_add(out, url.at, authority);
    if (host > authority)
        co_buf_add_string(out, "***@");
    co_buf_add_text(out, co_text_after(url, host));
}
