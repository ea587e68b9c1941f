/* SPDX-License-Identifier: MIT */
/*
 * A reply (RFC 1035 4.1): header, the question echoed, answers. The answers are walked once for
 * each link of the chain name -> alias -> ... -> addresses, so their order does not matter and what
 * belongs to no link of it (forged extras, other names) is never looked at.
 */
#include "dns/message.h"

#include <ares.h>
#include <errno.h>

#define HEADER_BYTES 12
#define RECORD_BYTES 10 /* type, class, TTL and data length, after the owner's name */
#define CLASS_IN     1  /* RFC 1035 3.2.4 */
#define TYPE_CNAME   5  /* RFC 1035 3.2.2 */
#define TYPE_SOA     6
#define SOA_BYTES                                                                                  \
 20 /* after its two names: five numbers, the last is MINIMUM (RFC 1035 3.3.13)                    \
     */

#define FLAG_REPLY     0x8000U /* RFC 1035 4.1.1 */
#define MASK_OPCODE    0x7800U
#define FLAG_TRUNCATED 0x0200U
#define MASK_RCODE     0x000fU

static unsigned read_16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static uint32_t read_32(const uint8_t *at)
{
    return (uint32_t)read_16(at) << 16 | read_16(at + 2);
}

/* ---- queries --------------------------------------------------------------------------------- */

/* Length bytes of labels are at most 63 and thus never letters. */
static void mix_case(uint8_t *name, size_t size, const uint8_t *chance)
{
    for (size_t i = 0; i < size; i++) {
        char lower = co_lower((char)name[i]);
        if (lower >= 'a' && lower <= 'z')
            name[i] = (uint8_t)(lower & ~((chance[i / 8] >> (i % 8)) & 1 ? 0x20 : 0));
    }
}

int co_dns_query_write(const char *name, enum co_dns_type type, bool extended,
    const uint8_t chance[CO_DNS_CHANCE], struct co_dns_query *ret)
{
    unsigned char *bytes = NULL;
    int size = 0;
    uint16_t id = (uint16_t)read_16(chance);
    int rc = ares_create_query(
        name, CLASS_IN, (int)type, id, 1, &bytes, &size, extended ? CO_DNS_UDP_MAX : 0);
    if (rc != ARES_SUCCESS)
        return rc == ARES_ENOMEM ? -ENOMEM : CO_EINVALID;
    if (size <= HEADER_BYTES || (size_t)size > sizeof ret->bytes) {
        ares_free_string(bytes);
        return CO_EINVALID;
    }
    *ret = (struct co_dns_query){.size = (size_t)size, .type = type};
    memcpy(ret->bytes, bytes, ret->size);
    ares_free_string(bytes);
    size_t name_bytes = strlen((const char *)ret->bytes + HEADER_BYTES) + 1;
    ret->question_end = HEADER_BYTES + name_bytes + 4;
    mix_case(ret->bytes + HEADER_BYTES, name_bytes, chance + 2);
    return 0;
}

/* ---- replies --------------------------------------------------------------------------------- */

bool co_dns_reply_matches(const struct co_dns_query *query, const uint8_t *bytes, size_t size)
{
    if (size < query->question_end || read_16(bytes) != read_16(query->bytes))
        return false;
    unsigned flags = read_16(bytes + 2), questions = read_16(bytes + 4);
    return (flags & FLAG_REPLY) && (flags & MASK_OPCODE) == 0 && questions == 1 &&
           memcmp(bytes + HEADER_BYTES, query->bytes + HEADER_BYTES,
               query->question_end - HEADER_BYTES) == 0;
}

/* A host name, decompressed. */
struct name {
    char text[CO_NAME_MAX + 1];
};

struct record {
    struct name owner;
    unsigned type, class;
    uint32_t ttl_s;
    const uint8_t *data;
    size_t size;
};

struct reply {
    const uint8_t *bytes;
    size_t size, answers_at;
    unsigned answer_count, authority_count;
};

/* Reads the name at `at`. What is longer than a host name is cut off: it equals none. c-ares
 * refuses pointers that loop or lead outside. */
static int name_read(const struct reply *reply, size_t at, struct name *ret, size_t *ret_end)
{
    char *text = NULL;
    long encoded = 0;
    if (at >= reply->size)
        return CO_EPROTO;
    int rc = ares_expand_name(reply->bytes + at, reply->bytes, (int)reply->size, &text, &encoded);
    if (rc != ARES_SUCCESS)
        return rc == ARES_ENOMEM ? -ENOMEM : CO_EPROTO;
    size_t size = strnlen(text, sizeof ret->text);
    bool fits = size < sizeof ret->text;
    memcpy(ret->text, fits ? text : "", fits ? size + 1 : 1);
    ares_free_string(text);
    *ret_end = at + (size_t)encoded;
    return 0;
}

static int record_read(const struct reply *reply, size_t at, struct record *ret, size_t *ret_end)
{
    size_t end;
    int rc = name_read(reply, at, &ret->owner, &end);
    if (rc < 0)
        return rc;
    if (reply->size < end || reply->size - end < RECORD_BYTES)
        return CO_EPROTO;
    const uint8_t *fixed = reply->bytes + end;
    ret->type = read_16(fixed);
    ret->class = read_16(fixed + 2);
    ret->ttl_s = read_32(fixed + 4);
    if (ret->ttl_s > INT32_MAX) /* RFC 2181 8 */
        ret->ttl_s = 0;
    ret->size = read_16(fixed + 8);
    ret->data = fixed + RECORD_BYTES;
    end += RECORD_BYTES;
    if (reply->size - end < ret->size)
        return CO_EPROTO;
    *ret_end = end + ret->size;
    return 0;
}

/* The alias must be a host name again (no control bytes, quotes or markup, as c-ares let pass
 * until CVE-2021-3672) and fill its record. */
static int alias_read(const struct reply *reply, const struct record *record, struct name *ret)
{
    size_t at = (size_t)(record->data - reply->bytes), end;
    int rc = name_read(reply, at, ret, &end);
    if (rc < 0)
        return rc;
    return end == at + record->size && co_host_is_valid(co_text_of(ret->text)) ? 0 : CO_EPROTO;
}

static int address_add(const struct record *record, struct co_dns_reply *ret)
{
    size_t size = record->type == CO_DNS_A ? 4 : 16;
    if (record->size != size)
        return CO_EPROTO;
    if (ret->count < CO_DNS_ANSWERS_MAX)
        memcpy(ret->addresses[ret->count++], record->data, size);
    return 0;
}

/* Collects what the answers say of one name: its addresses, or in *ret_alias where it points. */
static int link_read(const struct reply *reply, enum co_dns_type type, const struct name *name,
    struct name *ret_alias, struct co_dns_reply *ret)
{
    struct record record;
    size_t at = reply->answers_at;
    for (unsigned i = 0; i < reply->answer_count; i++) {
        int rc = record_read(reply, at, &record, &at);
        if (rc < 0)
            return rc;
        if (record.class != CLASS_IN || strcasecmp(record.owner.text, name->text) != 0)
            continue;
        bool is_link = record.type == type || record.type == TYPE_CNAME;
        if (is_link && record.ttl_s < ret->ttl_s)
            ret->ttl_s = record.ttl_s; /* as long as every link holds */
        if (record.type == type)
            rc = address_add(&record, ret);
        else if (record.type == TYPE_CNAME)
            rc = alias_read(reply, &record, ret_alias);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Follows the chain of aliases from *name, which becomes its last; a loop is too long, too. */
static int chain_read(
    const struct reply *reply, enum co_dns_type type, struct name *name, struct co_dns_reply *ret)
{
    struct name alias;
    for (unsigned links = 0; links <= CO_DNS_CHAIN_MAX; links++) {
        alias.text[0] = '\0';
        int rc = link_read(reply, type, name, &alias, ret);
        if (rc < 0 || ret->count || alias.text[0] == '\0')
            return rc;
        *name = alias;
    }
    return CO_EPROTO;
}

/* ---- how long a reply without addresses may be kept (RFC 2308 5) ----------------------------- */

static uint32_t soa_ttl(const struct reply *reply, const struct record *soa)
{
    struct name ignored;
    size_t at = (size_t)(soa->data - reply->bytes), end = at + soa->size;
    if (name_read(reply, at, &ignored, &at) < 0 || name_read(reply, at, &ignored, &at) < 0 ||
        at > end || end - at != SOA_BYTES)
        return 0;
    uint32_t minimum = read_32(reply->bytes + at + 16);
    return minimum < soa->ttl_s ? minimum : soa->ttl_s;
}

/* By the SOA record of a zone that the name lies in; without one it is not kept. */
static uint32_t negative_ttl(const struct reply *reply, const struct name *name)
{
    struct record record;
    size_t at = reply->answers_at;
    for (unsigned i = 0; i < reply->answer_count; i++)
        if (record_read(reply, at, &record, &at) < 0)
            return 0;
    for (unsigned i = 0; i < reply->authority_count; i++) {
        if (record_read(reply, at, &record, &at) < 0)
            return 0;
        bool covers = record.owner.text[0] == '\0' || /* the root */
                      co_host_is_under(co_text_of(name->text), co_text_of(record.owner.text));
        if (record.type == TYPE_SOA && record.class == CLASS_IN && covers)
            return soa_ttl(reply, &record);
    }
    return 0;
}

/* That a name does not exist is kept only when it is the one asked for, not an alias' target. */
static void limit_negative(
    const struct reply *reply, const struct name *name, struct co_dns_reply *ret)
{
    bool unsure = ret->rcode != CO_DNS_NOERROR && reply->answer_count > 0;
    uint32_t ttl_s = unsure ? 0 : negative_ttl(reply, name);
    if (ttl_s < ret->ttl_s)
        ret->ttl_s = ttl_s;
}

static unsigned limited(unsigned count)
{
    return count < CO_DNS_RECORDS_MAX ? count : CO_DNS_RECORDS_MAX;
}

int co_dns_reply_read(
    const struct co_dns_query *query, const uint8_t *bytes, size_t size, struct co_dns_reply *ret)
{
    assert(co_dns_reply_matches(query, bytes, size));
    struct co_dns_reply result = {.rcode = read_16(bytes + 2) & MASK_RCODE, .ttl_s = UINT32_MAX};
    result.truncated = read_16(bytes + 2) & FLAG_TRUNCATED;
    struct reply reply = {
        bytes, size, query->question_end, limited(read_16(bytes + 6)), limited(read_16(bytes + 8))};
    struct name name;
    size_t end;
    int rc = name_read(&reply, HEADER_BYTES, &name, &end);
    if (rc == 0 && !result.truncated && result.rcode == CO_DNS_NOERROR)
        rc = chain_read(&reply, query->type, &name, &result);
    if (rc < 0)
        return rc;
    if (result.count == 0)
        limit_negative(&reply, &name, &result);
    *ret = result;
    return 0;
}
