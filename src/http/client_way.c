/* SPDX-License-Identifier: MIT */
/* By which way an errand goes: straight, through a proxy's tunnel, or by telling a proxy. */
#include "http/client.h"

#include "dial/proxies.h"

/* In clear to a proxy of HTTP, which then reads all of it: a tunnel would only cost a round trip
 * more, and many proxies dig none to port 80. What a proxy reads is HTTP/1.1: HTTP/2 in clear has
 * to pass it by. */
static bool is_forwarded(const struct co_http_errand *errand)
{
    return !co_http_errand_place(errand).secure && errand->options->version != CO_HTTP_2 &&
           co_proxy_forwards(&errand->proxy);
}

int co_http_errand_choose_way(struct co_http_errand *errand)
{
    struct co_pool_place place = co_http_errand_place(errand);
    co_http_errand_forget_way(errand);
    errand->proxy_url =
        co_proxies_choose(&errand->options->proxies, errand->parsed.scheme, place.host, place.port);
    if (!errand->proxy_url)
        return 0;
    int rc = co_proxy_parse(errand->proxy_url, &errand->proxy);
    errand->is_forwarded = rc == 0 && is_forwarded(errand);
    return rc;
}

void co_http_errand_forget_way(struct co_http_errand *errand)
{
    if (errand->proxy_url)
        co_proxy_end(&errand->proxy);
    errand->proxy_url = NULL;
    errand->is_forwarded = false;
}
