/* SPDX-License-Identifier: MIT */
#include "dial/answers.h"

#include "base/base.h"
#include "dns/resolve.h"
#include "net/address.h"

#include <errno.h>
#include <stdlib.h>

#define NUMBER_MAX 64 /* bytes of an address, its interface included */

/* "HOST:PORT:ADDRESS,...", taken apart. */
struct answer {
    co_text host, addresses;
    uint64_t port;
};

static int parse(const char *text, struct answer *ret)
{
    co_text rest = co_text_of(text);
    ssize_t colon = co_text_find(rest, ':');
    ret->host = (co_text){rest.at, colon < 0 ? 0 : (size_t)colon};
    rest = co_text_after(rest, ret->host.size + 1);
    colon = co_text_find(rest, ':');
    co_text port = {rest.at, colon < 0 ? 0 : (size_t)colon};
    ret->addresses = co_text_after(rest, port.size + 1);
    if (ret->host.size == 0 || co_text_number(port, UINT16_MAX, &ret->port) < 0 ||
        ret->addresses.size == 0)
        return CO_EINVALID;
    return 0;
}

/* "127.0.0.1", "::1" or "[::1]". */
static int read_address(co_text text, unsigned port, co_address *ret)
{
    char number[NUMBER_MAX];
    if (text.size > 2 && text.at[0] == '[' && text.at[text.size - 1] == ']')
        text = (co_text){text.at + 1, text.size - 2};
    if (text.size == 0 || text.size >= sizeof number)
        return CO_EADDRESS;
    memcpy(number, text.at, text.size);
    number[text.size] = '\0';
    return co_address_of_number(number, port, ret);
}

/* Those of the family, at most CO_RESOLVE_MAX; into ret unless that is NULL. */
static int read_addresses(const struct answer *answer, int family, co_address *ret)
{
    co_text rest = answer->addresses;
    co_address address;
    int count = 0;
    while (rest.at && count < CO_RESOLVE_MAX) {
        ssize_t comma = co_text_find(rest, ',');
        co_text one = {rest.at, comma < 0 ? rest.size : (size_t)comma};
        if (read_address(one, (unsigned)answer->port, &address) < 0)
            return CO_EINVALID;
        rest = comma < 0 ? (co_text){0} : co_text_after(rest, one.size + 1);
        if (family && address.as.any.sa_family != family)
            continue;
        if (ret)
            ret[count] = address;
        count++;
    }
    return count;
}

static bool is_meant(const struct answer *answer, const char *host, unsigned port)
{
    return answer->port == port && (co_text_equal(answer->host, CO_TEXT("*")) ||
                                       co_text_equal_nocase(answer->host, co_text_of(host)));
}

int co_answers_check(const char *const *answers)
{
    struct answer answer;
    for (; answers && *answers; answers++)
        if (parse(*answers, &answer) < 0 || read_addresses(&answer, 0, NULL) < 0)
            return co_fail(CO_EINVALID,
                "\"%.120s\" is not HOST:PORT:ADDRESS[,ADDRESS...] (numbers only)", *answers);
    return 0;
}

int co_answers_copy(const char *const *answers, const char *const **ret)
{
    size_t count = 0, size = 0;
    *ret = NULL;
    for (; answers && answers[count]; count++)
        size += strlen(answers[count]) + 1;
    if (count == 0)
        return 0;
    const char **copies = malloc((count + 1) * sizeof *copies + size);
    if (!copies)
        return -ENOMEM;
    char *at = (char *)(copies + count + 1);
    for (size_t i = 0; i < count; i++) {
        size = strlen(answers[i]) + 1;
        copies[i] = memcpy(at, answers[i], size);
        at += size;
    }
    copies[count] = NULL;
    *ret = copies;
    return 0;
}

/* A count; 0: nothing is fixed for this place. */
static int find_fixed(
    const struct co_dial_options *options, const char *host, unsigned port, co_address *ret)
{
    struct answer answer;
    for (const char *const *at = options->answers; at && *at; at++) {
        if (parse(*at, &answer) < 0 || !is_meant(&answer, host, port))
            continue;
        int count = read_addresses(&answer, options->family, ret);
        return count == 0 ? CO_ENODATA : count;
    }
    return 0;
}

int co_dial_look_up(const struct co_dial_options *options, const char *host, unsigned port,
    int64_t hurry_ms, co_address *ret)
{
    struct co_resolve_options resolve = {0};
    int count = find_fixed(options, host, port, ret);
    if (count != 0)
        return count;
    if (options->resolve)
        resolve = *options->resolve;
    if (options->family)
        resolve.family = options->family;
    return co_resolve_hurried(host, port, &resolve, hurry_ms, ret);
}
