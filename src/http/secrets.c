/* SPDX-License-Identifier: MIT */
#include "http/secrets.h"

bool co_secret_is_same_place(const struct co_pool_place *a, const struct co_pool_place *b)
{
    return a->secure == b->secure && a->port == b->port && co_text_equal_nocase(a->host, b->host);
}

bool co_secret_may_go(enum co_secret secret, const struct co_secret_way *way)
{
    if (secret == CO_SECRET_PROXY)
        return false;
    return !way->strayed && co_secret_is_same_place(&way->from, &way->to);
}

bool co_secret_is_none(co_text header)
{
    static const co_text open[] = {CO_TEXT("Accept"), CO_TEXT("Accept-Charset"),
        CO_TEXT("Accept-Encoding"), CO_TEXT("Accept-Language"), CO_TEXT("Range"),
        CO_TEXT("If-Range"), CO_TEXT("If-Match"), CO_TEXT("If-None-Match"),
        CO_TEXT("If-Modified-Since"), CO_TEXT("If-Unmodified-Since"), CO_TEXT("Cache-Control"),
        CO_TEXT("Content-Type"), CO_TEXT("Content-Encoding"), CO_TEXT("Content-Language"),
        CO_TEXT("Content-Range"), CO_TEXT("Upload-Version")};
    for (size_t i = 0; i < CO_LENGTH(open); i++)
        if (co_text_equal_nocase(header, open[i]))
            return true;
    return false;
}

/* RFC 6761 6.3: "localhost" and what ends with it; RFC 1122 3.2.1.3: 127.0.0.0/8. A name that only
 * begins with "127." is somebody's. */
static bool is_this_machine(co_text host)
{
    co_text local = CO_TEXT(".localhost"), v4 = CO_TEXT("127.");
    if (co_text_equal_nocase(host, CO_TEXT("localhost")) || co_text_equal(host, CO_TEXT("::1")))
        return true;
    if (co_text_starts(host, v4)) {
        for (size_t i = 0; i < host.size; i++)
            if (host.at[i] != '.' && !co_is_digit(host.at[i]))
                return false;
        return true;
    }
    return host.size > local.size &&
           co_text_equal_nocase(co_text_after(host, host.size - local.size), local);
}

bool co_secret_is_unheard(const struct co_pool_place *place)
{
    return place->secure || (place->proxy.size == 0 && is_this_machine(place->host));
}
