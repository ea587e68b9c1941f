/* SPDX-License-Identifier: MIT */
/*
 * A folder's listing: for people (listing_page.c, with listing_may.c for those who may write) and
 * for programs (listing_json.c).
 *
 * listing.c reads and sorts the folder, and sends what the two write, piece by piece: a listing of
 * a hundred thousand names is never in memory as text. Programs get larger folders, too: they are
 * read while they are sent, in no order.
 *
 * Whoever may add but not list sees the folder as a box: the page without the names, and with what
 * they upload by. It says nothing of what lies there.
 */
#ifndef CO_HTTP_LISTING_H
#define CO_HTTP_LISTING_H

#include "http/files.h"

#define CO_HTTP_LISTING_MAX      100000  /* entries: more helps nobody, and takes a browser down */
#define CO_HTTP_LISTING_JSON_MAX 1000000 /* as many as clients of ours hold of a folder */

enum co_http_sort {
    CO_HTTP_SORT_NAME,
    CO_HTTP_SORT_SIZE,
    CO_HTTP_SORT_DATE,
};

struct co_http_listing {
    const struct co_http_files *files;
    const struct co_http_visit *visit; /* whose page it is */
    co_text path;                      /* of the URL, decoded, with both slashes */
    size_t root_size;                  /* its first part, which is the served folder's own */
    struct co_tree_entry *entries;
    size_t count;
    size_t sent;                   /* entries that came before those */
    struct co_tree_reader *reader; /* of the entries that come instead of those; NULL: none do */
    bool truncated;                /* there are more */
    enum co_http_sort sort;
    bool descending;
    uint64_t folders, bytes;   /* in all */
    size_t memory;             /* bytes of the entries */
    bool is_box;               /* no entries are shown */
    bool unnamed;              /* the server does not say what it is */
    char nonce[CO_HTTP_NONCE]; /* for the page's own style (CSP) */
};

/* The two ways to write one. Each appends; `row` is called for all entries in turn. */
struct co_http_listing_writer {
    const char *type; /* media type */
    void (*start)(struct co_buf *out, const struct co_http_listing *listing);
    void (*row)(struct co_buf *out, const struct co_http_listing *listing, size_t index);
    void (*end)(struct co_buf *out, const struct co_http_listing *listing);
};

extern const struct co_http_listing_writer co_http_listing_page, co_http_listing_json;

/* Appends a link to an entry, safe in quotes. "./" before the name: none can be read as a scheme
 * ("javascript:") or a host ("//"). Bytes that are no UTF-8 arrive as they are. */
void co_http_listing_link(struct co_buf *out, const struct co_tree_entry *entry);

/* A name as text, which can neither break its line nor turn it around (attacks H23). */
void co_http_listing_name(struct co_buf *out, co_text name);

/* "../" so many times. */
void co_http_listing_up(struct co_buf *out, size_t levels);

/* How many folders the listed one is below the served one. */
size_t co_http_listing_levels(const struct co_http_listing *listing);

/* May this visitor upload with the page? And do anything else that needs its script? */
bool co_http_listing_uploads(const struct co_http_listing *listing);
bool co_http_listing_writes(const struct co_http_listing *listing);

/* Is there anything to say of what visitors may do: can anybody write, or log in? */
bool co_http_listing_tells(const struct co_http_listing *listing);

/* A word on what this visitor may do, and what they do it with. */
void co_http_listing_may(struct co_buf *out, const struct co_http_listing *listing);

/* The page's script, for those who may write: uploads with progress, new folders, new names. */
void co_http_listing_script(struct co_buf *out, const struct co_http_listing *listing);

/* In whole seconds since 1970. */
static inline int64_t co_http_entry_seconds(const struct co_tree_entry *entry)
{
    return entry->stat.modified_ns / CO_SECOND;
}

#endif
