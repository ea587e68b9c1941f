/* SPDX-License-Identifier: MIT */
#include "http/listing.h"

#include "codec/url.h"
#include "coronet/sync.h"
#include "http/field.h"
#include "http/squeeze.h"

#include <errno.h>
#include <stdlib.h>

#define HEAD_MAX      4096
#define VARY          "Accept, Accept-Encoding"
#define SORT_TEXT_MAX 16 /* bytes of ?sort= and ?order= that are looked at */

#define READERS_MAX 4 /* folders that are read at once; as many pool threads are busy then */
#define HELD_MAX    (64u << 20) /* bytes of all listings that are being sent, */
#define HELD_SMALL  (64u << 10) /* of which those up to here are always allowed */

void co_http_listing_link(struct co_buf *out, const struct co_tree_entry *entry)
{
    co_buf_add_string(out, "./");
    co_url_encode(out, co_text_of(entry->name), false);
    if (entry->stat.kind == CO_TREE_FOLDER)
        co_buf_add_char(out, '/');
}

/* ---- order -------------------------------------------------------------------------------- */

static size_t count_digits(const char *text)
{
    size_t count = 0;
    while (co_is_digit(text[count]))
        count++;
    return count;
}

/* Compares the numbers at the start of both, and moves behind them. */
static int compare_numbers(const char **a, const char **b)
{
    while (**a == '0' && co_is_digit((*a)[1]))
        ++*a;
    while (**b == '0' && co_is_digit((*b)[1]))
        ++*b;
    size_t size_a = count_digits(*a), size_b = count_digits(*b);
    int order = size_a != size_b ? (size_a < size_b ? -1 : 1) : memcmp(*a, *b, size_a);
    *a += size_a;
    *b += size_b;
    return order;
}

/* As people sort: without regard to case, and "file9" before "file10". */
static int compare_names(const char *a, const char *b)
{
    const char *whole_a = a, *whole_b = b;
    while (*a && *b) {
        int order;
        if (co_is_digit(*a) && co_is_digit(*b)) {
            order = compare_numbers(&a, &b);
        } else {
            order = (unsigned char)co_lower(*a) - (unsigned char)co_lower(*b);
            a++;
            b++;
        }
        if (order)
            return order;
    }
    return *a || *b ? (*a ? 1 : -1) : strcmp(whole_a, whole_b);
}

static int compare_values(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* Folders first; they have no size. */
static int compare_entries(const void *pointer_a, const void *pointer_b, void *arg)
{
    const struct co_tree_entry *a = pointer_a, *b = pointer_b;
    const struct co_http_listing *listing = arg;
    bool folders = a->stat.kind == CO_TREE_FOLDER;
    if (a->stat.kind != b->stat.kind)
        return folders ? -1 : 1;
    int order = 0;
    if (listing->sort == CO_HTTP_SORT_SIZE && !folders)
        order = compare_values((int64_t)a->stat.size, (int64_t)b->stat.size);
    else if (listing->sort == CO_HTTP_SORT_DATE)
        order = compare_values(a->stat.modified_ns, b->stat.modified_ns);
    else if (listing->sort == CO_HTTP_SORT_NAME)
        order = compare_names(a->name, b->name);
    if (order)
        return listing->descending ? -order : order;
    return compare_names(a->name, b->name);
}

/* For a pool thread: a hundred thousand names take a while. */
static int sort_entries(void *arg)
{
    struct co_http_listing *listing = arg;
    if (listing->count > 0)
        qsort_r(
            listing->entries, listing->count, sizeof *listing->entries, compare_entries, listing);
    return 0;
}

/* ?sort=size&order=desc; what is not understood is the default. */
static void read_order(struct co_http_listing *listing, const co_http_request *request)
{
    char text[SORT_TEXT_MAX];
    if (co_http_query(request, "sort", text, sizeof text) > 0) {
        if (strcmp(text, "size") == 0)
            listing->sort = CO_HTTP_SORT_SIZE;
        else if (strcmp(text, "date") == 0)
            listing->sort = CO_HTTP_SORT_DATE;
    }
    listing->descending =
        co_http_query(request, "order", text, sizeof text) > 0 && strcmp(text, "desc") == 0;
}

/* ---- how many at once ---------------------------------------------------------------------- */

/*
 * What one thread's listings share, for a large one costs much while it is read, and memory for as
 * long as its reader takes. Those who are too many to read wait; those who would hold too much are
 * told to come again.
 */
struct desk {
    co_semaphore readers;
    size_t held; /* bytes */
};

static int desk_of(struct co_http_shard *shard, struct desk **ret)
{
    static const char key[] = "desk";
    void *kept;
    int rc = co_http_shard_own(shard, key, sizeof **ret, free, &kept);
    if (rc < 0)
        return rc;
    *ret = kept;
    if (rc > 0)
        (*ret)->readers.count = READERS_MAX;
    return 0;
}

/* ---- reading ------------------------------------------------------------------------------ */

static void add_up(struct co_http_listing *listing)
{
    listing->memory = listing->count * sizeof *listing->entries;
    for (size_t i = 0; i < listing->count; i++) {
        const struct co_tree_stat *stat = &listing->entries[i].stat;
        listing->memory += strlen(listing->entries[i].name) + 1;
        if (stat->kind == CO_TREE_FOLDER)
            listing->folders++;
        else if (__builtin_add_overflow(listing->bytes, stat->size, &listing->bytes))
            listing->bytes = UINT64_MAX; /* sparse files may claim anything */
    }
}

bool co_http_listing_is_for_programs(const co_http_request *request)
{
    return co_accept_prefers(&request->head, CO_TEXT("application/json"), CO_TEXT("text/html"));
}

static int entries_read(struct co_http_listing *listing, struct co_http_visit *visit)
{
    /* HEAD asks only whether there would be a listing. */
    size_t entries_max = visit->request->head.method == CO_HTTP_HEAD ? 0 : CO_HTTP_LISTING_MAX;
    ssize_t count = co_tree_list(visit->view->tree, co_http_visit_path(visit, (co_text){0}),
        entries_max, &listing->entries, &listing->truncated);
    if (count < 0)
        return (int)count;
    listing->count = (size_t)count;
    add_up(listing);
    return co_block(sort_entries, listing);
}

/* What is too large to be sorted programs get as it lies there. */
static int read_on(struct co_http_listing *listing, struct co_http_visit *visit)
{
    bool is_whole = !listing->truncated || visit->request->head.method == CO_HTTP_HEAD;
    if (is_whole || !co_http_listing_is_for_programs(visit->request))
        return 0;
    co_tree_entries_free(listing->entries, listing->count);
    listing->entries = NULL;
    listing->count = listing->memory = 0;
    listing->truncated = false;
    return co_tree_reader_open(
        &listing->reader, visit->view->tree, co_http_visit_path(visit, (co_text){0}));
}

/* The folder must be there: its visitor would find that out by an upload. There is no listing for
 * programs; an empty one would be a lie. */
static int box_open(struct co_http_listing *listing, struct co_http_visit *visit)
{
    struct co_tree_stat stat;
    if (!co_http_listing_uploads(listing) || co_http_listing_is_for_programs(visit->request))
        return -EPERM;
    listing->is_box = true;
    return co_tree_stat_path(visit->view->tree, co_http_visit_path(visit, (co_text){0}), &stat);
}

static int listing_open(struct co_http_listing *listing, struct co_http_visit *visit)
{
    const co_http_request *request = visit->request;
    *listing = (struct co_http_listing){
        .files = visit->files,
        .visit = visit,
        .path = {request->path.at, visit->from + visit->size},
        .root_size = visit->from,
        .unnamed = request->server->options.no_server_field,
    };
    read_order(listing, request);
    co_http_nonce(listing->nonce);
    bool may_list = co_http_visit_rights(visit) & CO_MAY_LIST;
    return may_list ? entries_read(listing, visit) : box_open(listing, visit);
}

/* As listing_open, in turn; -ENOMEM when there is no room for it. */
static int listing_open_at(
    struct desk *desk, struct co_http_listing *listing, struct co_http_visit *visit)
{
    int rc = co_semaphore_take(&desk->readers);
    if (rc < 0)
        return rc;
    rc = listing_open(listing, visit);
    if (rc == 0)
        rc = read_on(listing, visit);
    co_semaphore_give(&desk->readers);
    bool fits = desk->held + listing->memory <= HELD_MAX || listing->memory <= HELD_SMALL;
    desk->held += listing->memory;
    return rc == 0 && !fits ? -ENOMEM : rc;
}

static void listing_close(struct desk *desk, struct co_http_listing *listing)
{
    desk->held -= listing->memory;
    if (listing->reader)
        co_tree_reader_close(listing->reader);
    else
        co_tree_entries_free(listing->entries, listing->count);
}

/* ---- sending ------------------------------------------------------------------------------ */

static void add_nonce(struct co_buf *head, const char *what, const struct co_http_listing *listing)
{
    co_buf_add_string(head, what);
    co_buf_add_string(head, " 'nonce-");
    co_buf_add(head, listing->nonce, sizeof listing->nonce);
    co_buf_add_string(head, "'; ");
}

/* Nothing is loaded from anywhere; the one style sheet, and the script of those who may write, are
 * named by their nonce, so that no file's name could bring another, were it not escaped (attacks
 * H23). */
static void add_policy(struct co_buf *head, const struct co_http_listing *listing)
{
    co_buf_add_string(head, "Content-Security-Policy: default-src 'none'; ");
    add_nonce(head, "style-src", listing);
    if (co_http_listing_writes(listing)) {
        add_nonce(head, "script-src", listing);
        co_buf_add_string(head, "connect-src 'self'; ");
    }
    co_buf_addf(head,
        "img-src data:; base-uri 'none'; form-action '%s'; frame-ancestors 'self'\r\n",
        co_http_listing_uploads(listing) ? "self" : "none");
}

static int begin(
    co_http_request *request, const struct co_http_listing *listing, const char *type, bool gzip)
{
    struct co_buf head = CO_BUF(HEAD_MAX + listing->files->fields.size);
    co_buf_add_string(&head, "HTTP/1.1 200 OK\r\n");
    co_http_line_add(&head, CO_TEXT("Content-Type"), co_text_of(type));
    if (gzip)
        co_http_line_add(&head, CO_TEXT("Content-Encoding"), CO_TEXT("gzip"));
    co_http_line_add(&head, CO_TEXT("Vary"), CO_TEXT(VARY));
    if (!listing->files->cache_is_common)
        co_http_line_add(&head, CO_TEXT("Cache-Control"), CO_TEXT("no-cache"));
    add_policy(&head, listing);
    co_buf_add_text(&head, co_buf_text(&listing->files->fields));
    int rc = head.error;
    if (rc == 0)
        rc = co_http_begin_prepared(request, 200, co_buf_text(&head));
    co_buf_free(&head);
    return rc;
}

static int send_rows(struct co_http_squeeze *body, const struct co_http_listing *listing,
    const struct co_http_listing_writer *writer)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < listing->count; i++) {
        writer->row(&body->in, listing, i);
        rc = co_http_squeeze_flush(body, false);
    }
    return rc;
}

/* The entries are the reader's, batch by batch. */
static int send_read(struct co_http_squeeze *body, struct co_http_listing *listing,
    const struct co_http_listing_writer *writer)
{
    const struct co_tree_entry *entries;
    ssize_t n = 0;
    int rc = 0;
    while (rc == 0 && (n = co_tree_reader_next(listing->reader, &entries)) > 0) {
        size_t left = CO_HTTP_LISTING_JSON_MAX - listing->sent;
        listing->truncated = (size_t)n > left;
        listing->entries = (struct co_tree_entry *)(uintptr_t)entries;
        listing->count = listing->truncated ? left : (size_t)n;
        rc = send_rows(body, listing, writer);
        listing->sent += listing->count;
        listing->count = 0;
        if (listing->truncated)
            break;
    }
    return n < 0 ? (int)n : rc;
}

static int send_all(struct co_http_squeeze *body, struct co_http_listing *listing,
    const struct co_http_listing_writer *writer)
{
    writer->start(&body->in, listing);
    int rc = listing->reader ? send_read(body, listing, writer) : send_rows(body, listing, writer);
    if (rc < 0)
        return rc;
    writer->end(&body->in, listing);
    return co_http_squeeze_flush(body, true);
}

static int listing_send(co_http_request *request, struct co_http_listing *listing)
{
    const struct co_http_listing_writer *writer =
        co_http_listing_is_for_programs(request) ? &co_http_listing_json : &co_http_listing_page;
    bool gzip =
        !listing->files->options.no_compression &&
        co_coding_choose(&request->head, CO_CODING_GZIP | CO_CODING_IDENTITY) == CO_CODING_GZIP;
    int rc = begin(request, listing, writer->type, gzip);
    if (rc < 0 || !co_http_reply_has_body(request, 200))
        return rc;
    struct co_http_squeeze body;
    rc = co_http_squeeze_open(&body, request, gzip);
    if (rc == 0)
        rc = send_all(&body, listing, writer);
    co_http_squeeze_close(&body);
    return rc;
}

int co_http_listing_reply(struct co_http_visit *visit)
{
    struct co_http_listing listing = {0};
    struct desk *desk;
    int rc = desk_of(visit->request->shard, &desk);
    if (rc < 0)
        return rc;
    rc = listing_open_at(desk, &listing, visit);
    if (rc == 0)
        rc = co_http_visit_conditions(visit, VARY);
    if (rc == 1)
        rc = listing_send(visit->request, &listing);
    listing_close(desk, &listing);
    return rc;
}
