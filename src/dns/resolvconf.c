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
    while (co_text_next_line(&file, &line))
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

/* ---- nsswitch.conf ----------------------------------------------------------------------------
 */

#define STATUS_ALL (CO_NAMES_SUCCESS | CO_NAMES_NOTFOUND | CO_NAMES_UNAVAIL | CO_NAMES_TRYAGAIN)

static unsigned status_of(co_text word)
{
    static const struct {
        const char *name;
        unsigned status;
    } all[] = {
        {"SUCCESS", CO_NAMES_SUCCESS},
        {"NOTFOUND", CO_NAMES_NOTFOUND},
        {"UNAVAIL", CO_NAMES_UNAVAIL},
        {"TRYAGAIN", CO_NAMES_TRYAGAIN},
    };
    for (size_t i = 0; i < CO_LENGTH(all); i++)
        if (co_text_equal_nocase(word, co_text_of(all[i].name)))
            return all[i].status;
    return 0;
}

/* "[!]STATUS=ACTION" */
static void read_action(co_text word, struct co_name_step *step)
{
    bool others = co_text_starts(word, CO_TEXT("!"));
    word = co_text_after(word, others);
    ssize_t equals = co_text_find(word, '=');
    if (equals < 0)
        return;
    unsigned status = status_of((co_text){word.at, (size_t)equals});
    if (status && others)
        status ^= STATUS_ALL;
    if (co_text_equal_nocase(co_text_after(word, (size_t)equals + 1), CO_TEXT("return")))
        step->ends |= (uint8_t)status;
    else
        step->ends &= (uint8_t)~status;
}

/* Takes "[STATUS=ACTION ...]" off the front: a rule for the service before it. */
static bool read_actions(co_text *rest, struct co_name_step *step)
{
    co_text word;
    *rest = co_text_trim(*rest);
    if (!co_text_starts(*rest, CO_TEXT("[")))
        return false;
    ssize_t end = co_text_find(*rest, ']');
    co_text actions = {rest->at + 1, end < 0 ? 0 : (size_t)end - 1};
    *rest = co_text_after(*rest, end < 0 ? rest->size : (size_t)end + 1);
    while (step && co_word_next(&actions, &word))
        read_action(word, step);
    return true;
}

static enum co_name_service service_of(co_text word)
{
    return co_text_equal(word, CO_TEXT("files")) ? CO_NAMES_FILES
           : co_text_equal(word, CO_TEXT("dns")) ? CO_NAMES_DNS
                                                 : CO_NAMES_SYSTEM;
}

static void read_services(co_text rest, struct co_name_services *ret)
{
    struct co_name_step *step = NULL;
    co_text word, before;
    for (;;) {
        if (read_actions(&rest, step))
            continue;
        before = rest;
        if (!co_word_next(&rest, &word))
            return;
        ssize_t bracket = co_text_find(word, '['); /* needs no blank before it */
        if (bracket > 0) {
            word.size = (size_t)bracket;
            rest = co_text_after(before, (size_t)(word.at - before.at) + word.size);
        }
        bool full = ret->count == CO_NAME_SERVICES_MAX;
        step = &ret->at[full ? ret->count - 1 : ret->count++];
        *step = (struct co_name_step){
            (uint8_t)(full ? CO_NAMES_SYSTEM : service_of(word)), CO_NAMES_SUCCESS};
    }
}

void co_nsswitch_read(co_text file, struct co_name_services *ret)
{
    const co_text key = CO_TEXT("hosts:");
    co_text line;
    *ret = (struct co_name_services){0};
    while (co_text_next_line(&file, &line)) {
        line = co_text_trim(co_line_code(line, '#'));
        if (!co_text_starts(line, key))
            continue;
        read_services(co_text_after(line, key.size), ret);
        for (unsigned i = 0; i < ret->count; i++)
            if (!(ret->at[i].ends & CO_NAMES_SUCCESS))
                *ret = (struct co_name_services){1, {{CO_NAMES_SYSTEM, CO_NAMES_SUCCESS}}};
        return;
    }
    read_services(CO_TEXT("files dns"), ret);
}
