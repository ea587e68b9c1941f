/* SPDX-License-Identifier: MIT */
/* Which proxy leads where, by the variables that curl and others read. */
#include "dial/proxies.h"

#include "net/address.h"
#include "net/network.h"

#include <errno.h>
#include <stdlib.h>

/* ---- the environment ------------------------------------------------------------------------ */

/* Set and not empty; NULL otherwise. */
static const char *variable(const char *name, const char *instead)
{
    const char *value = getenv(name);
    if ((!value || !*value) && instead)
        value = getenv(instead);
    return value && *value ? value : NULL;
}

void co_proxies_of_environment(struct co_proxies *ret)
{
    *ret = (struct co_proxies){
        .http = variable("http_proxy", NULL), /* HTTP_PROXY may be a header "Proxy" (httpoxy) */
        .https = variable("https_proxy", "HTTPS_PROXY"),
        .ftp = variable("ftp_proxy", "FTP_PROXY"),
        .all = variable("all_proxy", "ALL_PROXY"),
        .none = variable("no_proxy", "NO_PROXY"),
    };
}

/* ---- places without ------------------------------------------------------------------------- */

/* A place as entries of the list are compared with it. */
struct place {
    co_text name; /* without its last dot */
    uint16_t port;
    bool is_address;
    uint8_t address[CO_CLIENT_BYTES];
};

static co_text without_last_dot(co_text name)
{
    if (name.size > 0 && name.at[name.size - 1] == '.')
        name.size--;
    return name;
}

static struct place place_of(co_text host, uint16_t port)
{
    struct place place = {.name = without_last_dot(host), .port = port};
    struct co_network network;
    place.is_address = co_text_find(host, '/') < 0 && co_network_parse(host, &network) == 0;
    if (place.is_address)
        memcpy(place.address, network.address, sizeof place.address);
    return place;
}

/* Takes ":PORT" off an entry, and brackets. False when the port is another one. */
static bool take_port(co_text *entry, uint16_t port)
{
    bool bracketed = co_text_starts(*entry, CO_TEXT("["));
    ssize_t bracket = bracketed ? co_text_find(*entry, ']') : -1;
    if (bracketed && bracket < 0)
        return false;
    co_text behind = co_text_after(*entry, (size_t)(bracket + 1));
    ssize_t colon = co_text_find(behind, ':');
    co_text digits = co_text_after(behind, (size_t)(colon + 1));
    uint64_t number = port;
    bool has_port = colon >= 0 && co_text_find(digits, ':') < 0; /* "::1" has none */
    if (has_port && co_text_number(digits, UINT16_MAX, &number) < 0)
        return false;
    if (bracketed)
        *entry = (co_text){entry->at + 1, (size_t)bracket - 1};
    else if (has_port)
        entry->size = (size_t)colon;
    return number == port;
}

/* The domain itself, or a name below it. */
static bool is_within(co_text name, co_text domain)
{
    if (domain.size == 0 || name.size < domain.size)
        return false;
    size_t below = name.size - domain.size;
    return co_text_equal_nocase(co_text_after(name, below), domain) &&
           (below == 0 || name.at[below - 1] == '.');
}

static bool names(co_text entry, const struct place *place)
{
    struct co_network network;
    if (co_text_equal(entry, CO_TEXT("*")))
        return true;
    if (!take_port(&entry, place->port))
        return false;
    if (place->is_address)
        return co_network_parse(entry, &network) == 0 && co_network_has(&network, place->address);
    if (co_text_starts(entry, CO_TEXT("*.")))
        entry = co_text_after(entry, 1);
    if (co_text_starts(entry, CO_TEXT(".")))
        entry = co_text_after(entry, 1);
    return is_within(place->name, without_last_dot(entry));
}

bool co_proxies_spare(const char *list, co_text host, uint16_t port)
{
    struct place place = place_of(host, port);
    while (list && *list) {
        size_t size = strcspn(list, ", \t");
        if (size > 0 && names((co_text){list, size}, &place))
            return true;
        list += size + (list[size] != '\0');
    }
    return false;
}

/* ---- choosing ------------------------------------------------------------------------------- */

static const char *own_of(const struct co_proxies *proxies, co_text scheme)
{
    if (co_text_equal_nocase(scheme, CO_TEXT("http")))
        return proxies->http;
    if (co_text_equal_nocase(scheme, CO_TEXT("https")))
        return proxies->https;
    return co_text_starts(scheme, CO_TEXT("ftp")) ? proxies->ftp : NULL; /* ftps and ftpes, too */
}

const char *co_proxies_choose(
    const struct co_proxies *proxies, co_text scheme, co_text host, uint16_t port)
{
    const char *url = own_of(proxies, scheme);
    if (!url || !*url)
        url = proxies->all;
    if (!url || !*url || co_proxies_spare(proxies->none, host, port))
        return NULL;
    return url;
}

/* ---- copies --------------------------------------------------------------------------------- */

static const char *copy(const char *text, int *rc)
{
    char *own = text ? strdup(text) : NULL;
    if (text && !own)
        *rc = -ENOMEM;
    return own;
}

int co_proxies_copy(const struct co_proxies *proxies, struct co_proxies *ret)
{
    int rc = 0;
    *ret = (struct co_proxies){
        .http = copy(proxies->http, &rc),
        .https = copy(proxies->https, &rc),
        .ftp = copy(proxies->ftp, &rc),
        .all = copy(proxies->all, &rc),
        .none = copy(proxies->none, &rc),
    };
    return rc;
}

void co_proxies_free(struct co_proxies *proxies)
{
    const char *const texts[] = {
        proxies->http, proxies->https, proxies->ftp, proxies->all, proxies->none};
    for (size_t i = 0; i < CO_LENGTH(texts); i++)
        free((char *)(uintptr_t)texts[i]);
    *proxies = (struct co_proxies){0};
}
