/* SPDX-License-Identifier: MIT */
/*
 * The public look-up. In this order: numbers, names that are never looked up, the hosts file, and
 * then either DNS or, where the machine's administrator has put other services first, libc.
 * The three files are read for each look-up: they are small, cached by the kernel, and may change.
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

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#define HOSTS_BYTES_MAX  (8U << 20)  /* block lists of some hundred thousand names are in use */
#define CONFIG_BYTES_MAX (64U << 10) /* resolv.conf and nsswitch.conf are a few lines */
#define PORT_MAX         65535U

static const struct co_resolve_options defaults;

struct lookup {
    const char *host;
    unsigned port;
    int family;
    int64_t hurry_ms;
    const struct co_resolve_options *options;
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
    if (lookup->port > PORT_MAX || !co_host_is_valid(co_text_of(lookup->host)))
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

static int service_find(const struct lookup *lookup, enum co_name_service *ret)
{
    struct co_buf file = CO_BUF(CONFIG_BYTES_MAX);
    int rc = config_read(lookup->options->nsswitch, "/etc/nsswitch.conf", &file);
    if (rc == 0)
        *ret = co_nsswitch_read(co_buf_text(&file));
    co_buf_free(&file);
    return rc;
}

/* ---- DNS ----------------------------------------------------------------------------------------
 */

static int dns_ask(
    const struct lookup *lookup, struct co_resolv_conf *conf, struct co_buf *file, co_address *ret)
{
    struct co_dns_ask ask = {conf, lookup->family, lookup->port, lookup->hurry_ms};
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

static int system_run(void *arg)
{
    struct system_job *job = arg;
    char service[sizeof "65535"];
    struct addrinfo hints = {
        .ai_flags = AI_NUMERICSERV, .ai_family = job->lookup->family, .ai_socktype = SOCK_STREAM};
    struct addrinfo *info;
    snprintf(service, sizeof service, "%u", job->lookup->port);
    int error = getaddrinfo(job->lookup->host, service, &hints, &info);
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

static int resolve_by_service(const struct lookup *lookup, co_address *ret)
{
    enum co_name_service service = CO_NAMES_DNS;
    int rc = service_find(lookup, &service);
    if (rc < 0)
        return rc;
    switch (service) {
    case CO_NAMES_DNS: return resolve_dns(lookup, ret);
    case CO_NAMES_SYSTEM: return resolve_system(lookup, ret);
    case CO_NAMES_NONE: break;
    }
    return CO_ENAME;
}

int co_resolve_hurried(const char *host, unsigned port, const struct co_resolve_options *options,
    int64_t hurry_ms, co_address *ret)
{
    if (!options)
        options = &defaults;
    struct lookup lookup = {host, port, options->family, hurry_ms, options};
    int rc = resolve_special(&lookup, ret);
    if (rc == 0)
        rc = resolve_hosts(&lookup, ret);
    if (rc == 0)
        rc = resolve_by_service(&lookup, ret);
    if (rc > 0)
        co_order_addresses(ret, (unsigned)rc);
    return rc;
}

int co_resolve_fail(int code, const char *host)
{
    struct co_buf shown = CO_BUF(CO_NAME_MAX);
    if (code == CO_ECANCELED || code == CO_EDEADLINE)
        return code;
    co_escape_log(&shown, co_text_of(host));
    if (code == CO_EINVALID)
        co_fail(code, "\"%.*s\" cannot be the name of a host", CO_TEXT_PRINT(co_buf_text(&shown)));
    else
        co_fail(code, "cannot find the host \"%.*s\": %s", CO_TEXT_PRINT(co_buf_text(&shown)),
            co_error_sentence(code));
    co_buf_free(&shown);
    return code;
}

int co_resolve(
    const char *host, unsigned port, const struct co_resolve_options *options, co_address *ret)
{
    int rc = co_resolve_hurried(host, port, options, 0, ret);
    return rc < 0 ? co_resolve_fail(rc, host) : rc;
}
