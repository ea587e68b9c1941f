/* SPDX-License-Identifier: MIT */
#include "http/cookies.h"

#include "base/list.h"
#include "base/map.h"
#include "codec/url.h"
#include "coronet/fiber.h"

#include <errno.h>
#include <libpsl.h>
#include <stdlib.h>

#define HOST_ROOM 256 /* a host's name in lower case, and its NUL */

struct co_cookies {
    struct co_map sites; /* by registrable domain */
    struct co_link used; /* all cookies, the longest unused first */
    size_t count;
    uint64_t serial; /* of the latest */
    const psl_ctx_t *suffixes;
    char *path;         /* of the file that was read or written last, and ... */
    struct co_buf text; /* ... what it held */
};

struct site {
    struct co_link cookies; /* in the same order */
    unsigned count;
    size_t name_bytes;
    char name[];
};

struct kept {
    struct co_link of_site, used;
    struct site *site;
    uint64_t serial; /* stands for the time of creation */
    struct co_cookie cookie;
    char bytes[]; /* name, value, domain, path */
};

/* A host in lower case, as a string. */
struct host {
    char at[HOST_ROOM];
    size_t size;
};

/* ---- the jar -------------------------------------------------------------------------------- */

int co_cookies_make(co_cookies **ret, const uint64_t secret[2])
{
    co_cookies *cookies = calloc(1, sizeof *cookies);
    if (!cookies)
        return -ENOMEM;
    co_map_init(&cookies->sites, secret);
    co_list_init(&cookies->used);
    cookies->suffixes = psl_builtin();
    cookies->text = CO_BUF(CO_COOKIES_FILE_MAX);
    *ret = cookies;
    return 0;
}

int co_cookies_new(co_cookies **ret)
{
    uint64_t secret[2];
    co_random(secret, sizeof secret);
    return co_cookies_make(ret, secret);
}

static void forget(co_cookies *cookies, struct kept *kept)
{
    struct site *site = kept->site;
    co_list_remove(&kept->of_site);
    co_list_remove(&kept->used);
    free(kept);
    cookies->count--;
    if (--site->count == 0) {
        co_map_remove(&cookies->sites, (co_text){site->name, site->name_bytes});
        free(site);
    }
}

static struct kept *kept_of(struct co_link *used)
{
    return CO_CONTAINER(used, struct kept, used);
}

static struct kept *kept_of_site(struct co_link *of_site)
{
    return CO_CONTAINER(of_site, struct kept, of_site);
}

void co_cookies_free(co_cookies *cookies)
{
    if (!cookies)
        return;
    while (!co_list_empty(&cookies->used))
        forget(cookies, kept_of(cookies->used.next));
    co_map_free(&cookies->sites);
    co_buf_free(&cookies->text);
    free(cookies->path);
    free(cookies);
}

/* ---- hosts ---------------------------------------------------------------------------------- */

/* RFC 6265bis 5.1.2. False for what is too long for a host. */
static bool lower(co_text host, struct host *ret)
{
    if (host.size == 0 || host.size >= HOST_ROOM)
        return false;
    for (size_t i = 0; i < host.size; i++)
        ret->at[i] = co_lower(host.at[i]);
    ret->at[host.size] = '\0';
    ret->size = host.size;
    return memchr(ret->at, '\0', host.size) == NULL;
}

static co_text text_of(const struct host *host)
{
    return (co_text){host->at, host->size};
}

/* The name that the list of suffixes knows: a dot at the end makes it no other (CVE-2022-27779). */
static struct host without_dot(struct host host)
{
    if (host.size > 1 && host.at[host.size - 1] == '.')
        host.at[--host.size] = '\0';
    return host;
}

/* A name of one label is one by the list's own rule "*", also where there is no list. */
static bool is_public_suffix(const co_cookies *cookies, const struct host *host)
{
    struct host name = without_dot(*host);
    if (!memchr(name.at, '.', name.size))
        return true;
    return cookies->suffixes && psl_is_public_suffix(cookies->suffixes, name.at);
}

/* Whose room its cookies take: the registrable domain, or the host where there is none. */
static struct host site_name(const co_cookies *cookies, const struct host *host)
{
    struct host name = without_dot(*host), ret;
    const char *domain = NULL;
    if (cookies->suffixes && !co_url_host_is_address(text_of(&name)))
        domain = psl_registrable_domain(cookies->suffixes, name.at);
    if (!domain || !lower(co_text_of(domain), &ret))
        return name;
    return ret;
}

/* RFC 6265bis 5.1.3. */
static bool domain_matches(co_text host, co_text domain)
{
    if (co_text_equal(host, domain))
        return true;
    if (domain.size == 0 || host.size <= domain.size || co_url_host_is_address(host))
        return false;
    size_t before = host.size - domain.size;
    return host.at[before - 1] == '.' && co_text_equal(co_text_after(host, before), domain);
}

/* ---- paths ---------------------------------------------------------------------------------- */

/* RFC 6265bis 5.1.4. */
static co_text default_path(co_text path)
{
    size_t size = path.size;
    while (size > 0 && path.at[size - 1] != '/')
        size--;
    return size <= 1 || path.at[0] != '/' ? CO_TEXT("/") : (co_text){path.at, size - 1};
}

static bool path_matches(co_text request, co_text path)
{
    if (request.size == 0)
        request = CO_TEXT("/");
    if (!co_text_starts(request, path))
        return false;
    return request.size == path.size || path.at[path.size - 1] == '/' ||
           request.at[path.size] == '/';
}

/* ---- finding -------------------------------------------------------------------------------- */

static struct site *site_find(const co_cookies *cookies, const struct host *host)
{
    struct host name = site_name(cookies, host);
    return co_map_get(&cookies->sites, text_of(&name));
}

static struct kept *find_same(struct site *site, const struct co_cookie *cookie)
{
    for (struct co_link *at = site->cookies.next; at != &site->cookies; at = at->next) {
        const struct co_cookie *other = &kept_of_site(at)->cookie;
        if (co_text_equal(other->name, cookie->name) && other->host_only == cookie->host_only &&
            co_text_equal(other->domain, cookie->domain) &&
            co_text_equal(other->path, cookie->path))
            return kept_of_site(at);
    }
    return NULL;
}

static bool is_expired(const struct co_cookie *cookie, int64_t now)
{
    return cookie->persistent && cookie->expires <= now;
}

/* RFC 6265bis 5.7, step 16: clear text may not cover up a secure cookie by one of the same name. */
static bool would_cover_secure(struct site *site, const struct co_cookie *cookie, int64_t now)
{
    for (struct co_link *at = site->cookies.next; at != &site->cookies; at = at->next) {
        const struct co_cookie *other = &kept_of_site(at)->cookie;
        if (other->secure && !is_expired(other, now) && co_text_equal(other->name, cookie->name) &&
            (domain_matches(other->domain, cookie->domain) ||
                domain_matches(cookie->domain, other->domain)) &&
            path_matches(cookie->path, other->path))
            return true;
    }
    return false;
}

const struct co_cookie *co_cookies_find(const co_cookies *cookies, const struct co_cookie *like)
{
    struct host domain;
    struct site *site = lower(like->domain, &domain) ? site_find(cookies, &domain) : NULL;
    const struct kept *kept = site ? find_same(site, like) : NULL;
    return kept ? &kept->cookie : NULL;
}

/* ---- keeping -------------------------------------------------------------------------------- */

static void copy_text(co_text *text, char **at)
{
    if (text->size)
        memcpy(*at, text->at, text->size);
    text->at = *at;
    *at += text->size;
}

static struct kept *kept_new(const struct co_cookie *cookie)
{
    size_t bytes = cookie->name.size + cookie->value.size + cookie->domain.size + cookie->path.size;
    struct kept *kept = calloc(1, sizeof *kept + bytes);
    if (!kept)
        return NULL;
    char *at = kept->bytes;
    kept->cookie = *cookie;
    copy_text(&kept->cookie.name, &at);
    copy_text(&kept->cookie.value, &at);
    copy_text(&kept->cookie.domain, &at);
    copy_text(&kept->cookie.path, &at);
    return kept;
}

static struct site *site_make(co_cookies *cookies, const struct host *host)
{
    struct host name = site_name(cookies, host);
    struct site *site = co_map_get(&cookies->sites, text_of(&name));
    if (site)
        return site;
    site = calloc(1, sizeof *site + name.size);
    if (!site)
        return NULL;
    memcpy(site->name, name.at, name.size);
    site->name_bytes = name.size;
    co_list_init(&site->cookies);
    if (co_map_set(&cookies->sites, (co_text){site->name, site->name_bytes}, site) == 0)
        return site;
    free(site);
    return NULL;
}

/* RFC 6265bis 5.7: first what has expired, then what is not secure, then anything; of these what
 * was not used for the longest. */
static void shrink_site(co_cookies *cookies, struct site *site, int64_t now)
{
    struct kept *least = kept_of_site(site->cookies.next);
    for (struct co_link *at = site->cookies.next; at != &site->cookies; at = at->next) {
        struct kept *kept = kept_of_site(at);
        if (is_expired(&kept->cookie, now)) {
            least = kept;
            break;
        }
        if (least->cookie.secure && !kept->cookie.secure)
            least = kept;
    }
    forget(cookies, least);
}

static void shrink(co_cookies *cookies, int64_t now)
{
    struct kept *least = kept_of(cookies->used.next);
    for (struct co_link *at = cookies->used.next; at != &cookies->used; at = at->next)
        if (is_expired(&kept_of(at)->cookie, now)) {
            least = kept_of(at);
            break;
        }
    forget(cookies, least);
}

/* Keeps a cookie that may be kept; it takes the place of its predecessor, but its age. */
static int keep(
    co_cookies *cookies, const struct host *host, const struct co_cookie *cookie, int64_t now)
{
    struct kept *kept = kept_new(cookie);
    struct site *site = kept ? site_make(cookies, host) : NULL;
    if (!site) {
        free(kept);
        return -ENOMEM;
    }
    struct kept *before = find_same(site, cookie);
    kept->serial = before ? before->serial : ++cookies->serial;
    kept->site = site;
    co_list_append(&site->cookies, &kept->of_site);
    co_list_append(&cookies->used, &kept->used);
    site->count++;
    cookies->count++;
    if (before)
        forget(cookies, before);
    if (is_expired(cookie, now))
        forget(cookies, kept);
    else if (site->count > CO_COOKIES_SITE_MAX)
        shrink_site(cookies, site, now);
    else if (cookies->count > CO_COOKIES_MAX)
        shrink(cookies, now);
    return 0;
}

/* ---- what may be set ------------------------------------------------------------------------ */

static bool starts_nocase(co_text text, co_text prefix)
{
    return text.size >= prefix.size &&
           co_text_equal_nocase((co_text){text.at, prefix.size}, prefix);
}

/* RFC 6265bis 4.1.3: what such names promise. One without a name must not look like one, since it
 * is told without its "=" (RFC 6265bis 5.7, step 22). */
static bool keeps_its_promise(const struct co_cookie *cookie, bool path_given)
{
    const co_text secure = CO_TEXT("__Secure-"), host = CO_TEXT("__Host-");
    if (cookie->name.size == 0)
        return !starts_nocase(cookie->value, secure) && !starts_nocase(cookie->value, host);
    if (starts_nocase(cookie->name, secure))
        return cookie->secure;
    if (starts_nocase(cookie->name, host))
        return cookie->secure && cookie->host_only && path_given &&
               co_text_equal(cookie->path, CO_TEXT("/"));
    return true;
}

/* RFC 6265bis 5.7, steps 7 to 10: whose it is. domain: room for the answer. */
static int choose_domain(const co_cookies *cookies, const struct host *host, co_text wanted,
    struct host *domain, bool *ret_host_only)
{
    *ret_host_only = true;
    if (wanted.size == 0) {
        *domain = *host;
        return 0;
    }
    if (!lower(wanted, domain) || !domain_matches(text_of(host), text_of(domain)))
        return CO_EINVALID;
    if (is_public_suffix(cookies, domain) || co_url_host_is_address(text_of(domain)))
        return co_text_equal(text_of(host), text_of(domain)) ? 0 : CO_EINVALID;
    *ret_host_only = false;
    return 0;
}

/* RFC 6265bis 5.7, step 3: Max-Age before Expires, and neither for ever. */
static void choose_end(const struct co_set_cookie *set, int64_t now, struct co_cookie *cookie)
{
    int64_t left = set->max_age < CO_COOKIES_AGE_MAX ? set->max_age : CO_COOKIES_AGE_MAX;
    cookie->persistent = set->has_max_age || set->has_expires;
    cookie->expires = set->expires;
    if (set->has_max_age)
        cookie->expires = left > 0 ? now + left : INT64_MIN;
    if (cookie->expires > now + CO_COOKIES_AGE_MAX)
        cookie->expires = now + CO_COOKIES_AGE_MAX;
}

int co_cookies_set(co_cookies *cookies, const struct co_cookie_place *place, co_text field)
{
    struct co_set_cookie set;
    struct host host, domain;
    int rc = co_set_cookie_parse(field, &set);
    if (rc < 0)
        return rc;
    struct co_cookie cookie = {.name = set.name,
        .value = set.value,
        .path = set.path.size ? set.path : default_path(place->path),
        .secure = set.secure,
        .http_only = set.http_only,
        .same_site = set.same_site};
    choose_end(&set, place->now, &cookie);
    if (!lower(place->host, &host) || (set.secure && !place->secure))
        return CO_EINVALID;
    rc = choose_domain(cookies, &host, set.domain, &domain, &cookie.host_only);
    if (rc < 0)
        return rc;
    cookie.domain = text_of(&domain);
    struct site *site = site_find(cookies, &host);
    if (!keeps_its_promise(&cookie, set.path.size > 0) ||
        (site && !place->secure && would_cover_secure(site, &cookie, place->now)))
        return CO_EINVALID;
    return keep(cookies, &host, &cookie, place->now);
}

int co_cookies_put(co_cookies *cookies, const struct co_cookie *given, int64_t now)
{
    struct host domain;
    struct co_cookie cookie = *given;
    if (!co_cookie_is_good(cookie.name, cookie.value) || !lower(cookie.domain, &domain))
        return CO_EINVALID;
    cookie.domain = text_of(&domain);
    if (co_url_host_is_address(cookie.domain))
        cookie.host_only = true;
    if (!co_text_starts(cookie.path, CO_TEXT("/")) ||
        (!cookie.host_only && is_public_suffix(cookies, &domain)) ||
        !keeps_its_promise(&cookie, true))
        return CO_EINVALID;
    return keep(cookies, &domain, &cookie, now);
}

/* ---- what is told --------------------------------------------------------------------------- */

/* RFC 6265bis 5.8.3: longer paths first, then what is older. */
static int compare(const void *a, const void *b)
{
    const struct kept *one = *(struct kept *const *)a, *other = *(struct kept *const *)b;
    size_t path = one->cookie.path.size, other_path = other->cookie.path.size;
    if (path != other_path)
        return path > other_path ? -1 : 1;
    return one->serial < other->serial ? -1 : one->serial > other->serial;
}

static bool may_be_told(
    const struct co_cookie *cookie, const struct co_cookie_place *place, co_text host)
{
    bool is_its = cookie->host_only ? co_text_equal(host, cookie->domain)
                                    : domain_matches(host, cookie->domain);
    return is_its && path_matches(place->path, cookie->path) &&
           (place->secure || !cookie->secure) && !is_expired(cookie, place->now);
}

static void tell(const struct co_cookie *cookie, size_t from, struct co_buf *out)
{
    bool first = out->size == from;
    size_t bytes = (first ? 0 : 2) + cookie->name.size + 1 + cookie->value.size;
    if (out->size - from + bytes > CO_COOKIES_TOLD_MAX)
        return;
    co_buf_add_string(out, first ? "" : "; ");
    co_buf_add_text(out, cookie->name);
    if (cookie->name.size)
        co_buf_add_char(out, '=');
    co_buf_add_text(out, cookie->value);
}

int co_cookies_tell(co_cookies *cookies, const struct co_cookie_place *place, struct co_buf *out)
{
    struct host host;
    struct kept *told[CO_COOKIES_SITE_MAX];
    size_t count = 0, from = out->size;
    struct site *site = lower(place->host, &host) ? site_find(cookies, &host) : NULL;
    if (!site)
        return 0;
    for (struct co_link *at = site->cookies.next; at != &site->cookies; at = at->next)
        if (may_be_told(&kept_of_site(at)->cookie, place, text_of(&host)))
            told[count++] = kept_of_site(at);
    for (size_t i = 0; i < count; i++) { /* used last: they go last */
        co_list_remove(&told[i]->of_site);
        co_list_append(&site->cookies, &told[i]->of_site);
        co_list_remove(&told[i]->used);
        co_list_append(&cookies->used, &told[i]->used);
    }
    qsort(told, count, sizeof *told, compare);
    for (size_t i = 0; i < count; i++)
        tell(&told[i]->cookie, from, out);
    return out->error;
}

/* ---- all of them ---------------------------------------------------------------------------- */

static int compare_age(const void *a, const void *b)
{
    const struct kept *one = *(struct kept *const *)a, *other = *(struct kept *const *)b;
    return one->serial < other->serial ? -1 : one->serial > other->serial;
}

int co_cookies_all(
    const co_cookies *cookies, int64_t now, struct co_cookie **ret, size_t *ret_count)
{
    struct kept **all = calloc(cookies->count + 1, sizeof *all);
    struct co_cookie *list = calloc(cookies->count + 1, sizeof *list);
    size_t count = 0;
    if (!all || !list) {
        free(all);
        free(list);
        return -ENOMEM;
    }
    for (struct co_link *at = cookies->used.next; at != &cookies->used; at = at->next)
        if (!is_expired(&kept_of(at)->cookie, now))
            all[count++] = kept_of(at);
    qsort(all, count, sizeof *all, compare_age);
    for (size_t i = 0; i < count; i++)
        list[i] = all[i]->cookie;
    free(all);
    *ret = list;
    *ret_count = count;
    return 0;
}

/* ---- its file ------------------------------------------------------------------------------- */

int co_cookies_remember(co_cookies *cookies, const char *path, co_text text)
{
    char *copy = strdup(path);
    if (!copy)
        return -ENOMEM;
    free(cookies->path);
    cookies->path = copy;
    co_buf_clear(&cookies->text);
    co_buf_add_text(&cookies->text, text);
    return cookies->text.error;
}

co_text co_cookies_remembered(const co_cookies *cookies, const char *path)
{
    bool is_that = cookies->path && strcmp(cookies->path, path) == 0;
    return is_that ? co_buf_text(&cookies->text) : (co_text){0};
}
