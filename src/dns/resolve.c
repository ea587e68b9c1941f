/* SPDX-License-Identifier: MIT */
/*
 * The public look-up: numbers, names that are never looked up, then the services of nsswitch.conf
 * in its order. The hosts file and DNS are ours; at the first service that only libc knows, libc
 * does the rest. The three files are read for each look-up: they are small, cached by the kernel,
 * and may change. Replies of name servers are cached, for each runtime by itself.
 */
#include "dns/resolve.h"

#include "base/buf.h"
#include "base/error.h"
#include "codec/escape.h"
#include "dns/hosts.h"
#include "dns/name.h"
#include "dns/order.h"
#include "dns/resolver.h"
#include "runtime/file.h"
#include "runtime/rt.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#define HOSTS_BYTES_MAX  (8U << 20)  /* block lists of some hundred thousand names are in use */
#define CONFIG_BYTES_MAX (64U << 10) /* resolv.conf and nsswitch.conf are a few lines */
#define PORT_MAX         65535U
#define HOST_SHOWN_MAX   120 /* bytes of a name in a sentence: the reason has to fit behind it */

static const struct co_resolve_options defaults;

struct lookup {
    const char *host;
    unsigned port;
    int family;
    int64_t hurry_ms;
    const struct co_resolve_options *options;
    bool asked_dns;
};

static bool wants(const struct lookup *lookup, int family)
{
    return lookup->family == 0 || lookup->family == family;
}

/* ---- without looking up ------------------------------------------------------------------------
 */

static int resolve_number(const struct lookup *lookup, co_address *ret)
{
    co_address address;
    if (co_host_number(co_text_of(lookup->host), lookup->port, &address) < 0)
        return 0;
    if (!wants(lookup, address.as.any.sa_family))
        return CO_ENODATA;
    *ret = address;
    return 1;
}

/* RFC 6761 6.3: names that mean this machine and never leave it. */
static int resolve_localhost(const struct lookup *lookup, co_address *ret)
{
    static const uint8_t loopback4[4] = {127, 0, 0, 1}, loopback6[16] = {[15] = 1};
    int count = 0;
    if (!co_host_is_under(co_text_of(lookup->host), CO_TEXT("localhost")))
        return 0;
    if (wants(lookup, AF_INET6))
        ret[count++] = co_host_address(AF_INET6, loopback6, lookup->port);
    if (wants(lookup, AF_INET))
        ret[count++] = co_host_address(AF_INET, loopback4, lookup->port);
    return count;
}

/* RFC 6761 6.4, RFC 7686 2: names that must not be asked for. */
static bool is_forbidden(const char *host)
{
    co_text name = co_text_of(host);
    return co_host_is_under(name, CO_TEXT("invalid")) || co_host_is_under(name, CO_TEXT("onion"));
}

static int resolve_special(const struct lookup *lookup, co_address *ret)
{
    int rc = resolve_number(lookup, ret);
    if (rc)
        return rc;
    if (!co_host_is_valid(co_text_of(lookup->host)))
        return CO_EINVALID;
    rc = resolve_localhost(lookup, ret);
    return rc == 0 && is_forbidden(lookup->host) ? CO_ENAME : rc;
}

/* ---- files ------------------------------------------------------------------------------------
 */

/* A file that is missing or not to be read is as good as empty. */
static int config_read(const char *path, const char *standard, struct co_buf *ret)
{
    int rc = co_file_read_all(path ? path : standard, ret);
    return rc == -ENOENT || rc == -EACCES || rc == -ENOTDIR ? 0 : rc;
}

static int resolve_hosts(const struct lookup *lookup, co_address *ret)
{
    struct co_buf file = CO_BUF(HOSTS_BYTES_MAX);
    struct co_hosts_query query = {
        co_text_of(lookup->host), lookup->family, lookup->port, CO_RESOLVE_MAX};
    unsigned count = 0;
    int rc = config_read(lookup->options->hosts_file, "/etc/hosts", &file);
    if (rc == 0)
        count = co_hosts_find(co_buf_text(&file), &query, ret);
    co_buf_free(&file);
    return rc < 0 ? rc : (int)count;
}

static int services_find(const struct lookup *lookup, struct co_name_services *ret)
{
    struct co_buf file = CO_BUF(CONFIG_BYTES_MAX);
    int rc = config_read(lookup->options->nsswitch, "/etc/nsswitch.conf", &file);
    if (rc == 0)
        co_nsswitch_read(co_buf_text(&file), ret);
    co_buf_free(&file);
    return rc;
}

/* ---- DNS ----------------------------------------------------------------------------------------
 */

struct runtime_cache {
    struct co_kept kept;
    struct co_dns_cache *cache;
};

static const char cache_key;

static void cache_free(struct co_kept *kept)
{
    struct runtime_cache *ours = CO_CONTAINER(kept, struct runtime_cache, kept);
    co_dns_cache_free(ours->cache);
    free(ours);
}

/* The runtime's; NULL when there is no memory for one. */
static struct co_dns_cache *cache_of_runtime(void)
{
    struct co_rt *rt = co_rt_current();
    struct co_kept *kept = co_rt_kept(rt, &cache_key);
    if (kept)
        return CO_CONTAINER(kept, struct runtime_cache, kept)->cache;
    struct runtime_cache *ours = malloc(sizeof *ours);
    uint64_t secret[2];
    co_random(secret, sizeof secret);
    if (!ours || co_dns_cache_new(&ours->cache, secret) < 0) {
        free(ours);
        return NULL;
    }
    ours->kept = (struct co_kept){.key = &cache_key, .free = cache_free};
    co_rt_keep(rt, &ours->kept);
    return ours->cache;
}

static int dns_ask(
    const struct lookup *lookup, struct co_resolv_conf *conf, struct co_buf *file, co_address *ret)
{
    struct co_dns_ask ask = {
        .conf = conf,
        .family = lookup->family,
        .port = lookup->port,
        .cache = lookup->options->no_cache ? NULL : cache_of_runtime(),
        .hurry_ms = lookup->hurry_ms,
    };
    int rc = config_read(lookup->options->resolv_conf, "/etc/resolv.conf", file);
    if (rc < 0)
        return rc;
    co_resolv_conf_read(co_buf_text(file), conf);
    return co_dns_lookup(&ask, lookup->host, ret);
}

static int resolve_dns(const struct lookup *lookup, co_address *ret)
{
    struct co_buf file = CO_BUF(CONFIG_BYTES_MAX);
    struct co_resolv_conf *conf = malloc(sizeof *conf); /* too large for a fiber's stack */
    int rc = conf ? dns_ask(lookup, conf, &file, ret) : -ENOMEM;
    free(conf);
    co_buf_free(&file);
    return rc;
}

/* ---- libc's services, on a pool thread --------------------------------------------------------
 */

struct system_job {
    const struct lookup *lookup;
    co_address *ret;
};

static int system_error(int error)
{
    switch (error) {
    case EAI_NONAME: return CO_ENAME;
    case EAI_NODATA:
    case EAI_ADDRFAMILY: return CO_ENODATA;
    case EAI_MEMORY: return -ENOMEM;
    default: return CO_ENAMESERVER;
    }
}

static int system_collect(const struct addrinfo *info, co_address *ret)
{
    int count = 0;
    for (; info && count < CO_RESOLVE_MAX; info = info->ai_next) {
        if (info->ai_family != AF_INET && info->ai_family != AF_INET6)
            continue;
        ret[count] = (co_address){.size = info->ai_addrlen};
        memcpy(ret[count++].as.bytes, info->ai_addr, info->ai_addrlen);
    }
    return count ? count : CO_ENODATA;
}

/* libc asks its DNS again, and would give a name with dots to the search list, which ours has not
 * (see co_dns_lookup): a last dot prevents that. */
static void system_name(const struct lookup *lookup, char ret[static CO_NAME_MAX + 2])
{
    size_t size = strlen(lookup->host);
    memcpy(ret, lookup->host, size);
    if (lookup->asked_dns && size <= CO_NAME_MAX && memchr(ret, '.', size) && ret[size - 1] != '.')
        ret[size++] = '.';
    ret[size] = '\0';
}

static int system_run(void *arg)
{
    struct system_job *job = arg;
    char service[sizeof "65535"], name[CO_NAME_MAX + 2];
    struct addrinfo hints = {
        .ai_flags = AI_NUMERICSERV, .ai_family = job->lookup->family, .ai_socktype = SOCK_STREAM};
    struct addrinfo *info;
    snprintf(service, sizeof service, "%u", job->lookup->port);
    system_name(job->lookup, name);
    int error = getaddrinfo(name, service, &hints, &info);
    if (error)
        return system_error(error);
    int count = system_collect(info, job->ret);
    freeaddrinfo(info);
    return count;
}

static int resolve_system(const struct lookup *lookup, co_address *ret)
{
    struct system_job job = {lookup, ret};
    return co_block(system_run, &job);
}

/* ---- all together -----------------------------------------------------------------------------
 */

static int resolve_by(enum co_name_service service, struct lookup *lookup, co_address *ret)
{
    int rc;
    switch (service) {
    case CO_NAMES_FILES: rc = resolve_hosts(lookup, ret); return rc ? rc : CO_ENAME;
    case CO_NAMES_DNS: lookup->asked_dns = true; return resolve_dns(lookup, ret);
    case CO_NAMES_SYSTEM: break;
    }
    return resolve_system(lookup, ret);
}

/* A failure that is not the service's (memory, the scope) ends the look-up, too. */
static bool ends_with(const struct co_name_step *step, int rc)
{
    if (step->service == CO_NAMES_SYSTEM)
        return rc > 0; /* it has followed the rules of what comes after */
    if (rc == CO_ENAME || rc == CO_ENODATA)
        return step->ends & CO_NAMES_NOTFOUND;
    return (rc != CO_ENAMESERVER && rc != CO_EPROTO) || (step->ends & CO_NAMES_UNAVAIL);
}

/* The first of several failures that says more than that there is no such name is the answer. */
static int resolve_by_services(struct lookup *lookup, co_address *ret)
{
    struct co_name_services services;
    int rc = services_find(lookup, &services), failure = CO_ENAME;
    if (rc < 0)
        return rc;
    for (unsigned i = 0; i < services.count; i++) {
        rc = resolve_by(services.at[i].service, lookup, ret);
        if (ends_with(&services.at[i], rc))
            return rc;
        if (failure == CO_ENAME)
            failure = rc;
        if (services.at[i].service == CO_NAMES_SYSTEM)
            break;
    }
    return failure;
}

int co_resolve_hurried(const char *host, unsigned port, const struct co_resolve_options *options,
    int64_t hurry_ms, co_address *ret)
{
    if (!options)
        options = &defaults;
    struct lookup lookup = {host, port, options->family, hurry_ms, options, false};
    int rc = resolve_special(&lookup, ret);
    if (rc == 0)
        rc = resolve_by_services(&lookup, ret);
    if (rc > 0)
        co_order_addresses(ret, (unsigned)rc);
    return rc;
}

int co_resolve_fail(int code, const char *host)
{
    struct co_buf shown = CO_BUF(4 * HOST_SHOWN_MAX);
    co_text beginning = {host, strnlen(host, HOST_SHOWN_MAX)};
    int result = code == CO_EPROTO ? CO_ENAMESERVER : code;
    if (code == CO_ECANCELED || code == CO_EDEADLINE)
        return code;
    co_escape_log(&shown, beginning);
    if (code == CO_EINVALID)
        co_fail(code, "\"%.*s\" cannot be the name of a host", CO_TEXT_PRINT(co_buf_text(&shown)));
    else
        co_fail(result, "cannot find the host \"%.*s\": %s", CO_TEXT_PRINT(co_buf_text(&shown)),
            code == CO_EPROTO ? "its name server's answer is malformed, or has too many aliases"
                              : co_error_sentence(code));
    co_buf_free(&shown);
    return result;
}

int co_resolve(
    const char *host, unsigned port, const struct co_resolve_options *options, co_address *ret)
{
    if (port > PORT_MAX)
        return co_fail(CO_EINVALID, "%u is no port: it must be 0 to 65535", port);
    int rc = co_resolve_hurried(host, port, options, 0, ret);
    return rc < 0 ? co_resolve_fail(rc, host) : rc;
}
