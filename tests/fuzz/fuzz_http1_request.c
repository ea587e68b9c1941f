/* SPDX-License-Identifier: MIT */
/* A request head gives the same result however it arrives, and slices of its own bytes. */
#include "codec/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SPLITS_ALL 600 /* up to this size every split is tried */

static struct co_http1_request whole, pieces;

/* Is the slice within the input, or empty? */
static bool lies_within(co_text slice, const uint8_t *bytes, size_t size)
{
    const char *start = (const char *)bytes;
    return slice.size == 0 || (slice.at >= start && slice.at + slice.size <= start + size);
}

static ssize_t parse(const uint8_t *bytes, size_t size, size_t *scanned)
{
    memset(&pieces, 0xa5, sizeof pieces); /* nothing may be kept there between calls */
    ssize_t rc = co_http1_request_parse((co_text){(const char *)bytes, size}, scanned, &pieces);
    assert(rc <= (ssize_t)size && rc <= CO_HTTP1_HEAD_MAX);
    return rc;
}

static bool same(const struct co_http1_request *a, const struct co_http1_request *b)
{
    if (memcmp(a, b, offsetof(struct co_http1_request, fields)) != 0)
        return false;
    return memcmp(a->fields, b->fields, a->field_count * sizeof *a->fields) == 0;
}

/* Two pieces: an error in the first is an error of the whole. */
static void check_split(const uint8_t *bytes, size_t size, size_t first, ssize_t expected)
{
    size_t scanned = 0;
    ssize_t rc = parse(bytes, first, &scanned);
    if (rc == 0)
        rc = parse(bytes, size, &scanned);
    assert(rc == expected);
    assert(rc <= 0 || same(&pieces, &whole));
}

/* Every prefix as the continuation of the one before agrees with a fresh look at it. */
static void check_trickle(const uint8_t *bytes, size_t size, ssize_t expected)
{
    size_t scanned = 0;
    ssize_t rc = 0;
    for (size_t have = 0; have <= size && rc == 0; have++) {
        size_t fresh = 0;
        rc = parse(bytes, have, &scanned);
        if (size <= SPLITS_ALL)
            assert(parse(bytes, have, &fresh) == rc);
    }
    assert(rc == expected);
    assert(rc <= 0 || same(&pieces, &whole));
}

static void check_slices(const uint8_t *bytes, size_t size)
{
    assert(whole.field_count <= CO_HTTP1_FIELDS_MAX);
    assert(lies_within(whole.target, bytes, size) && lies_within(whole.query, bytes, size));
    assert(lies_within(whole.host, bytes, size));
    assert(whole.path.size == 0 || whole.path.at[0] == '/' || whole.path.at[0] == '*');
    for (unsigned i = 0; i < whole.field_count; i++) {
        const struct co_http_field *field = &whole.fields[i];
        assert(lies_within(field->name, bytes, size) && lies_within(field->value, bytes, size));
        assert(co_http_is_token(field->name) && field->value.at);
        assert(co_http_is_field_value(field->value));
    }
    assert(!whole.content_length.at || !whole.transfer_encoding.at);
    assert(whole.framing != CO_HTTP_TO_END && whole.body_size <= INT64_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t scanned = 0;
    memset(&whole, 0x5a, sizeof whole);
    ssize_t rc = co_http1_request_parse((co_text){(const char *)data, size}, &scanned, &whole);
    if (rc > 0) {
        check_slices(data, (size_t)rc);
        /* What follows the head does not matter, what precedes its end is not enough. */
        check_split(data, (size_t)rc, (size_t)rc - 1, rc);
    }
    check_trickle(data, size, rc);
    for (size_t first = 0; first <= size && size <= SPLITS_ALL; first++)
        check_split(data, size, first, rc);
    return 0;
}
