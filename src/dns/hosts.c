/* SPDX-License-Identifier: MIT */
#include "dns/hosts.h"

#include "dns/name.h"
#include "dns/words.h"

static bool line_names(co_text words, co_text host)
{
    co_text word;
    while (co_word_next(&words, &word))
        if (co_text_equal_nocase(word, host))
            return true;
    return false;
}

static bool is_among(const co_address *address, const co_address *all, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (all[i].size == address->size &&
            memcmp(all[i].as.bytes, address->as.bytes, address->size) == 0)
            return true;
    return false;
}

unsigned co_hosts_find(co_text file, const struct co_hosts_query *query, co_address *ret)
{
    unsigned count = 0;
    co_text host = query->host, line, number;
    if (host.size && host.at[host.size - 1] == '.')
        host.size--;
    while (count < query->max && co_text_next_line(&file, &line)) {
        co_address address;
        line = co_line_code(line, '#');
        if (!co_word_next(&line, &number) || !line_names(line, host) ||
            co_host_number(number, query->port, &address) < 0)
            continue;
        if ((query->family == 0 || query->family == address.as.any.sa_family) &&
            !is_among(&address, ret, count))
            ret[count++] = address;
    }
    return count;
}
