/* SPDX-License-Identifier: MIT */
/*
 * A reply to a query: the input is flags and what follows the question. Id, question and a question
 * count of one are put before it, so that the reader and not the comparison gets most inputs; the
 * comparison gets the bare input as well.
 */
#include "dns/message.h"

#include <stdlib.h>
#include <sys/socket.h>

#define HEADER_BYTES 12

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_reply(const struct co_dns_query *query, const uint8_t *bytes, size_t size)
{
    struct co_dns_reply reply;
    if (!co_dns_reply_matches(query, bytes, size))
        return;
    assert(size >= query->question_end && bytes[0] == query->bytes[0]);
    if (co_dns_reply_read(query, bytes, size, &reply) < 0)
        return;
    assert(reply.count <= CO_DNS_ANSWERS_MAX && reply.rcode <= 15);
    assert(reply.count == 0 || (!reply.truncated && reply.rcode == CO_DNS_NOERROR));
    assert(reply.count == 0 || size >= query->question_end + HEADER_BYTES);
}

/* The input: two bytes of flags, six of counts, then answers. A block of exactly this size lets the
 * address sanitizer see the first byte read beyond it. */
static void check_behind_question(
    const struct co_dns_query *query, const uint8_t *data, size_t size)
{
    size_t total = query->question_end + size - 8;
    uint8_t *bytes = malloc(total);
    if (!bytes)
        return;
    memcpy(bytes, query->bytes, query->question_end);
    memcpy(bytes + 2, data, 2);
    bytes[2] |= 0x80; /* a reply */
    memcpy(bytes + 6, data + 2, 6);
    memcpy(bytes + query->question_end, data + 8, size - 8);
    check_reply(query, bytes, total);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum co_dns_type types[] = {CO_DNS_A, CO_DNS_AAAA};
    static const uint8_t chance[CO_DNS_CHANCE] = {0x12, 0x34, 0x55};
    for (size_t i = 0; i < CO_LENGTH(types); i++) {
        struct co_dns_query query;
        if (co_dns_query_write("n0.example", types[i], true, chance, &query) < 0)
            return 0;
        check_reply(&query, data, size);
        if (size >= 8)
            check_behind_question(&query, data, size);
    }
    return 0;
}
