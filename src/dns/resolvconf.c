/* SPDX-License-Identifier: MIT */
#include "dns/resolvconf.h"

#include "dns/words.h"

#define DNS_PORT        53
#define DNS_TIMEOUT_S   5 /* the defaults of resolv.conf(5) */
#define DNS_ATTEMPTS    2
#define DNS_NDOTS       1
#define SERVER_TEXT_MAX 64 /* "[" IPv6 "%" interface "]:65535" */

/* "IP:PORT" and "[IPV6]:PORT"; a number alone has been tried before. */
static int server_with_port(co_text word, co_address *ret)
{
    char text[SERVER_TEXT_MAX];
    co_address address;
    if (word.size >= sizeof text)
        return CO_EADDRESS;
    memcpy(text, word.at, word.size);
    text[word.size] = '\0';
    int rc = co_address_parse(text, DNS_PORT, &address);
    if (rc < 0 || address.as.any.sa_family == AF_UNIX)
        return CO_EADDRESS;
    *ret = address;
    return 0;
}

static void read_server(co_text words, struct co_resolv_conf *conf)
{
    co_text word;
    if (conf->server_count == CO_DNS_SERVERS_MAX || !co_word_next(&words, &word))
        return;
    co_address *server = &conf->servers[conf->server_count];
    if (co_host_number(word, DNS_PORT, server) == 0 || server_with_port(word, server) == 0)
        conf->server_count++;
}

/* The last search or domain line wins. */
static void read_search(co_text words, unsigned max, struct co_resolv_conf *conf)
{
    co_text word;
    conf->search_count = 0;
    while (conf->search_count < max && co_word_next(&words, &word)) {
        if (word.at[word.size - 1] == '.')
            word.size--;
        if (!co_host_is_valid(word))
            continue;
        char *domain = conf->search[conf->search_count++];
        memcpy(domain, word.at, word.size);
        domain[word.size] = '\0';
    }
}

/* A value above its ceiling counts as the ceiling. */
static bool read_option(co_text word, co_text name, unsigned max, unsigned *ret)
{
    uint64_t number;
    if (!co_text_starts(word, name) ||
        co_text_number(co_text_after(word, name.size), UINT32_MAX, &number) < 0)
        return false;
    *ret = number > max ? max : (unsigned)number;
    return true;
}

static void read_options(co_text words, struct co_resolv_conf *conf)
{
    co_text word;
    while (co_word_next(&words, &word)) {
        if (co_text_equal(word, CO_TEXT("rotate")))
            conf->rotate = true;
        else if (!read_option(word, CO_TEXT("ndots:"), CO_DNS_NDOTS_MAX, &conf->ndots) &&
                 !read_option(word, CO_TEXT("timeout:"), CO_DNS_TIMEOUT_MAX, &conf->timeout_s))
            read_option(word, CO_TEXT("attempts:"), CO_DNS_ATTEMPTS_MAX, &conf->attempts);
    }
}

static void read_line(co_text line, struct co_resolv_conf *conf)
{
    co_text key;
    if (line.size == 0 || line.at[0] == '#' || line.at[0] == ';' || !co_word_next(&line, &key))
        return;
    if (co_text_equal(key, CO_TEXT("nameserver")))
        read_server(line, conf);
    else if (co_text_equal(key, CO_TEXT("search")))
        read_search(line, CO_DNS_SEARCH_MAX, conf);
    else if (co_text_equal(key, CO_TEXT("domain")))
        read_search(line, 1, conf);
    else if (co_text_equal(key, CO_TEXT("options")))
        read_options(line, conf);
}

void co_resolv_conf_read(co_text file, struct co_resolv_conf *ret)
{
    co_text line;
    *ret = (struct co_resolv_conf){
        .ndots = DNS_NDOTS, .timeout_s = DNS_TIMEOUT_S, .attempts = DNS_ATTEMPTS};
    while (co_line_next(&file, &line))
        read_line(line, ret);
    if (ret->timeout_s == 0)
        ret->timeout_s = 1;
    if (ret->attempts == 0)
        ret->attempts = 1;
    if (ret->server_count == 0) {
        const uint8_t loopback[4] = {127, 0, 0, 1};
        ret->servers[ret->server_count++] = co_host_address(AF_INET, loopback, DNS_PORT);
    }
}

/* Takes "[NOTFOUND=return ...]" off the front: a rule for what stands before it, not a service. */
static bool skip_action(co_text *rest)
{
    *rest = co_text_trim(*rest);
    if (rest->size == 0 || rest->at[0] != '[')
        return false;
    ssize_t end = co_text_find(*rest, ']');
    *rest = co_text_after(*rest, end < 0 ? rest->size : (size_t)end + 1);
    return true;
}

static enum co_name_service read_services(co_text rest)
{
    co_text word;
    for (;;) {
        if (skip_action(&rest))
            continue;
        if (!co_word_next(&rest, &word))
            return CO_NAMES_NONE;
        if (co_text_equal(word, CO_TEXT("dns")))
            return CO_NAMES_DNS;
        if (!co_text_equal(word, CO_TEXT("files")))
            return CO_NAMES_SYSTEM;
    }
}

enum co_name_service co_nsswitch_read(co_text file)
{
    const co_text key = CO_TEXT("hosts:");
    co_text line;
    while (co_line_next(&file, &line)) {
        line = co_text_trim(co_line_code(line, '#'));
        if (co_text_starts(line, key))
            return read_services(co_text_after(line, key.size));
    }
    return CO_NAMES_DNS;
}
