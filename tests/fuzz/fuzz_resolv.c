/* SPDX-License-Identifier: MIT */
/*
 * Any text as resolv.conf, nsswitch.conf and hosts file: what is made of it lies within the limits
 * that the resolver relies on. The first line is also the name that is looked for in the hosts
 * file, and the whole text is tried as a host's name and number.
 */
#include "dns/hosts.h"
#include "dns/name.h"
#include "dns/resolvconf.h"

#define FOUND_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_resolv_conf(co_text file)
{
    struct co_resolv_conf conf;
    co_resolv_conf_read(file, &conf);
    assert(conf.server_count >= 1 && conf.server_count <= CO_DNS_SERVERS_MAX);
    assert(conf.search_count <= CO_DNS_SEARCH_MAX);
    assert(conf.timeout_s >= 1 && conf.timeout_s <= CO_DNS_TIMEOUT_MAX);
    assert(conf.attempts >= 1 && conf.attempts <= CO_DNS_ATTEMPTS_MAX);
    assert(conf.ndots <= CO_DNS_NDOTS_MAX);
    for (unsigned i = 0; i < conf.server_count; i++)
        assert(conf.servers[i].as.any.sa_family == AF_INET ||
               conf.servers[i].as.any.sa_family == AF_INET6);
    for (unsigned i = 0; i < conf.search_count; i++)
        assert(co_host_is_valid(co_text_of(conf.search[i])));
}

static void check_hosts(co_text file, int family)
{
    co_address found[FOUND_MAX];
    ssize_t line = co_text_find(file, '\n');
    co_text name = {file.at, line < 0 ? file.size : (size_t)line};
    struct co_hosts_query query = {name, family, 80, FOUND_MAX};
    unsigned count = co_hosts_find(file, &query, found);
    assert(count <= FOUND_MAX);
    for (unsigned i = 0; i < count; i++) {
        assert(family == 0 || found[i].as.any.sa_family == family);
        assert(co_address_port(&found[i]) == 80);
    }
}

/* No name is also a number, and a name has only bytes that a header or a terminal may see. */
static void check_name(co_text name)
{
    co_address address;
    bool valid = co_host_is_valid(name);
    assert(!valid || co_host_number(name, 80, &address) < 0);
    for (size_t i = 0; valid && i < name.size; i++)
        assert(strchr("0123456789abcdefghijklmnopqrstuvwxyz-_.", co_lower(name.at[i])));
    assert(!valid || co_host_is_under(name, name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    co_text text = {(const char *)data, size};
    check_resolv_conf(text);
    struct co_name_services services;
    co_nsswitch_read(text, &services);
    assert(services.count <= CO_NAME_SERVICES_MAX);
    check_hosts(text, 0);
    check_hosts(text, AF_INET6);
    check_name(text);
    return 0;
}
