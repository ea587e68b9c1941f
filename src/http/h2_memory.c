/* SPDX-License-Identifier: MIT */
/*
 * nghttp2's memory: for each stream it takes and gives back the same few small pieces, a burst of
 * streams at a time, which is more than malloc keeps at hand. Here they are kept by size, for all
 * connections of a thread.
 */
#include "http/h2.h"

#include <errno.h>
#include <stdlib.h>

#define STEP      64  /* bytes between two sizes */
#define SIZES     16  /* larger pieces are malloc's */
#define KEPT_MAX  512 /* pieces of one size */
#define OVERSIZED SIZES

#define FIELDS_BYTES_MAX (1 << 18) /* of a response's list of fields */

/* Before each piece, so that it keeps malloc's alignment. */
union lead {
    size_t size;      /* in steps; OVERSIZED: malloc's */
    union lead *next; /* while it is kept */
    max_align_t align;
};

struct store {
    struct co_h2_store shared;
    struct {
        union lead *first;
        unsigned count;
    } kept[SIZES];
};

static void *take(size_t size, void *arg)
{
    struct store *store = arg;
    size_t steps = (size + sizeof(union lead) - 1) / STEP;
    if (steps >= SIZES)
        steps = OVERSIZED;
    union lead *lead = steps < SIZES ? store->kept[steps].first : NULL;
    if (lead) {
        store->kept[steps].first = lead->next;
        store->kept[steps].count--;
    } else {
        lead = malloc(steps < SIZES ? (steps + 1) * STEP : size + sizeof *lead);
    }
    if (!lead)
        return NULL;
    lead->size = steps;
    return lead + 1;
}

static void give(void *piece, void *arg)
{
    struct store *store = arg;
    if (!piece)
        return;
    union lead *lead = (union lead *)piece - 1;
    size_t steps = lead->size;
    if (steps == OVERSIZED || store->kept[steps].count >= KEPT_MAX) {
        free(lead);
        return;
    }
    lead->next = store->kept[steps].first;
    store->kept[steps].first = lead;
    store->kept[steps].count++;
}

static void *take_zeroed(size_t count, size_t size, void *arg)
{
    size_t total;
    void *piece = __builtin_mul_overflow(count, size, &total) ? NULL : take(total, arg);
    return piece ? memset(piece, 0, total) : NULL;
}

static void *resize(void *piece, size_t size, void *arg)
{
    if (!piece)
        return take(size, arg);
    union lead *lead = (union lead *)piece - 1;
    if (lead->size == OVERSIZED) {
        lead = realloc(lead, size + sizeof *lead);
        return lead ? lead + 1 : NULL;
    }
    size_t room = (lead->size + 1) * STEP - sizeof *lead;
    if (size <= room)
        return piece;
    void *larger = take(size, arg);
    if (!larger)
        return NULL;
    memcpy(larger, piece, room);
    give(piece, arg);
    return larger;
}

static void store_free(void *arg)
{
    struct store *store = arg;
    for (size_t i = 0; i < SIZES; i++)
        while (store->kept[i].first) {
            union lead *lead = store->kept[i].first;
            store->kept[i].first = lead->next;
            free(lead);
        }
    co_h2_spare_free(&store->shared);
    co_buf_free(&store->shared.fields);
    free(store->shared.common);
    free(store->shared.secure);
    free(store);
}

int co_h2_store_enter(struct co_http_shard *shard, struct co_h2_store **ret)
{
    static const char key;
    void *value;
    int rc = co_http_shard_own(shard, &key, sizeof(struct store), store_free, &value);
    if (rc < 0)
        return rc;
    struct store *store = value;
    if (rc > 0)
        store->shared = (struct co_h2_store){
            .memory = {store, take, give, take_zeroed, resize},
            .fields = CO_BUF(FIELDS_BYTES_MAX),
        };
    *ret = &store->shared;
    return 0;
}
