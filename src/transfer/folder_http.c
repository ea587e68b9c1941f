/* SPDX-License-Identifier: MIT */
#include "transfer/folder_http.h"

#include "codec/date.h"
#include "codec/json.h"
#include "codec/links.h"
#include "codec/url.h"
#include "http/client.h"

#define TEXT_MAX (3 * CO_HTTP_URL_MAX) /* bytes of a string in a listing */

/* ---- names ---------------------------------------------------------------------------------- */

/* The folder whose page it is. */
struct page {
    struct co_remote_listing *listing;
    struct co_url place;          /* the page's own */
    struct co_url base;           /* what its links start from: its place, or what <base> says */
    struct co_buf path;           /* of the place, decoded, ending with '/' unless it is "" */
    struct co_buf base_url;       /* what <base> says */
    struct co_buf url, link_path; /* of the link that is looked at */
};

static int page_open(struct page *page, const char *url, struct co_remote_listing *listing)
{
    *page = (struct page){.listing = listing,
        .path = CO_BUF(CO_HTTP_URL_MAX),
        .base_url = CO_BUF(2 * TEXT_MAX),
        .url = CO_BUF(2 * TEXT_MAX),
        .link_path = CO_BUF(2 * TEXT_MAX)};
    int rc = co_url_parse(co_text_of(url), &page->place);
    page->base = page->place;
    if (rc == 0)
        rc = co_url_path_decode(page->place.path, &page->path);
    while (page->path.size > 0 && page->path.at[page->path.size - 1] != '/')
        page->path.size--; /* a page within a folder: "/a/index.html" */
    return rc;
}

static void page_close(struct page *page)
{
    co_buf_free(&page->path);
    co_buf_free(&page->base_url);
    co_buf_free(&page->url);
    co_buf_free(&page->link_path);
}

static bool is_same_place(const struct co_url *a, const struct co_url *b)
{
    return co_text_equal_nocase(a->scheme, b->scheme) && co_text_equal_nocase(a->host, b->host) &&
           a->port == b->port;
}

/* The name that a link gives a direct child, with the slash of a folder; empty for any other
 * link. It lives until the next one. */
static co_text child_of(struct page *page, co_text href)
{
    struct co_url link;
    co_buf_clear(&page->url);
    co_buf_clear(&page->link_path);
    if (co_url_resolve(&page->base, href, &page->url) < 0 ||
        co_url_parse(co_buf_text(&page->url), &link) < 0 || !is_same_place(&page->place, &link) ||
        link.query.at || co_url_path_decode(link.path, &page->link_path) < 0)
        return (co_text){0};
    co_text path = co_buf_text(&page->link_path), folder = co_buf_text(&page->path);
    return co_text_starts(path, folder) ? co_text_after(path, folder.size) : (co_text){0};
}

static bool is_folder_name(co_text name)
{
    return name.size > 0 && name.at[name.size - 1] == '/';
}

/* Shows an entry, whose name may have a folder's slash. */
static int show(struct page *page, struct co_remote_entry *entry)
{
    if (is_folder_name(entry->name)) {
        entry->name.size--;
        if (entry->type != CO_REMOTE_OTHER) /* a link to one is none */
            entry->type = CO_REMOTE_FOLDER;
    }
    if (!co_remote_is_name(entry->name)) {
        page->listing->refused++;
        return 0;
    }
    return page->listing->see(page->listing->arg, entry);
}

/* ---- as JSON -------------------------------------------------------------------------------- */

enum key { OTHER, ENTRIES, TRUNCATED, NAME, HREF, TYPE, IS_FOLDER, SIZE, MODIFIED, ID };

static const struct {
    co_text name;
    enum key key;
} keys[] = {
    {CO_TEXT("entries"), ENTRIES},
    {CO_TEXT("truncated"), TRUNCATED},
    {CO_TEXT("name"), NAME},
    {CO_TEXT("href"), HREF},
    {CO_TEXT("url"), HREF},
    {CO_TEXT("type"), TYPE},
    {CO_TEXT("is_dir"), IS_FOLDER},
    {CO_TEXT("size"), SIZE},
    {CO_TEXT("modified"), MODIFIED},
    {CO_TEXT("mtime"), MODIFIED},
    {CO_TEXT("mod_time"), MODIFIED},
    {CO_TEXT("id"), ID},
};

struct json_list {
    struct page page;
    struct co_json json;
    unsigned level; /* of the array of entries; 0: not yet seen */
    bool truncated;
    enum key key;
    struct co_remote_entry entry;
    struct co_buf name, href;
};

static enum key key_of(co_text name)
{
    for (size_t i = 0; i < CO_LENGTH(keys); i++)
        if (co_text_equal(name, keys[i].name))
            return keys[i].key;
    return OTHER;
}

static void begin_entry(struct json_list *list)
{
    list->entry = (struct co_remote_entry){
        .type = CO_REMOTE_UNKNOWN, .size = -1, .modified = CO_REMOTE_NO_TIME};
    co_buf_clear(&list->name);
    co_buf_clear(&list->href);
}

/* The link has the name's very bytes; where there is none, or none to a child, the name tells. */
static int end_entry(struct json_list *list)
{
    co_text child =
        list->href.size ? child_of(&list->page, co_buf_text(&list->href)) : (co_text){0};
    list->entry.name = list->href.size ? child : co_buf_text(&list->name);
    if (list->entry.type == CO_REMOTE_FOLDER)
        list->entry.size = -1; /* of the folder itself, which says nothing */
    return show(&list->page, &list->entry);
}

static enum co_remote_type type_of(co_text word)
{
    if (co_text_equal(word, CO_TEXT("folder")) || co_text_equal(word, CO_TEXT("directory")))
        return CO_REMOTE_FOLDER;
    return co_text_equal(word, CO_TEXT("file")) ? CO_REMOTE_FILE : CO_REMOTE_OTHER;
}

static int64_t time_of(co_text text)
{
    int64_t seconds;
    if (co_date_read_iso(text, &seconds) == 0 || co_date_read(text, 0, &seconds) == 0)
        return seconds;
    return CO_REMOTE_NO_TIME;
}

static void take_value(struct json_list *list, int token)
{
    co_text text = co_buf_text(&list->json.text);
    uint64_t number;
    if (token == CO_JSON_STRING && list->key == NAME)
        co_buf_add_text(&list->name, text);
    else if (token == CO_JSON_STRING && list->key == HREF)
        co_buf_add_text(&list->href, text);
    else if (token == CO_JSON_STRING && list->key == TYPE)
        list->entry.type = type_of(text);
    else if (token == CO_JSON_STRING && list->key == MODIFIED)
        list->entry.modified = time_of(text);
    else if (token == CO_JSON_STRING && list->key == ID)
        list->entry.identity = co_remote_identity(text);
    else if (list->key == IS_FOLDER && (token == CO_JSON_TRUE || token == CO_JSON_FALSE))
        list->entry.type = token == CO_JSON_TRUE ? CO_REMOTE_FOLDER : CO_REMOTE_FILE;
    else if (token == CO_JSON_NUMBER && list->key == SIZE &&
             co_text_number(text, INT64_MAX, &number) == 0)
        list->entry.size = (int64_t)number;
}

/* Entries are the objects of the outermost array, or of the outermost object's "entries". */
static int take_token(struct json_list *list, int token)
{
    unsigned depth = list->json.depth;
    bool within = list->level && depth == list->level + 1;
    if (token == CO_JSON_ARRAY && !list->level && (depth == 1 || list->key == ENTRIES))
        list->level = depth;
    else if (token == CO_JSON_OBJECT && within)
        begin_entry(list);
    else if (token == CO_JSON_OBJECT_END && list->level && depth == list->level)
        return end_entry(list);
    else if (token == CO_JSON_KEY)
        list->key = depth == 1 || within ? key_of(co_buf_text(&list->json.text)) : OTHER;
    else if (token == CO_JSON_TRUE && depth == 1 && list->key == TRUNCATED)
        list->truncated = true;
    else if (within)
        take_value(list, token);
    return 0;
}

static int take_json(struct json_list *list, co_text piece)
{
    int token;
    while ((token = co_json_next(&list->json, &piece)) > 0) {
        int rc = take_token(list, token);
        if (rc < 0)
            return rc;
    }
    return token == CO_EINVALID ? CO_EPROTO : token;
}

static int read_json(co_http_response *response, struct json_list *list)
{
    co_text piece;
    ssize_t n;
    while ((n = co_http_response_next(response, &piece)) > 0) {
        int rc = take_json(list, piece);
        if (rc < 0)
            return rc;
    }
    if (n < 0)
        return (int)n;
    return co_json_finish(&list->json) < 0 || !list->level ? CO_EPROTO : 0;
}

static int list_json(co_http_response *response, struct co_remote_listing *listing)
{
    struct json_list list = {.name = CO_BUF(TEXT_MAX), .href = CO_BUF(TEXT_MAX)};
    co_json_start(&list.json, TEXT_MAX);
    int rc = page_open(&list.page, co_http_response_url(response), listing);
    if (rc == 0)
        rc = read_json(response, &list);
    if (rc == CO_EPROTO)
        rc = co_fail(rc, "the server's listing is no JSON of a kind that is understood");
    listing->is_short = list.truncated;
    listing->is_whole = rc == 0 && !list.truncated && listing->refused == 0;
    page_close(&list.page);
    co_json_free(&list.json);
    co_buf_free(&list.name);
    co_buf_free(&list.href);
    return rc;
}

/* ---- as a page ------------------------------------------------------------------------------ */

/* Pages of lists say so. Any other page may show some of what there is. */
static bool is_list_page(co_text title)
{
    title = co_text_trim(title);
    return co_text_starts(title, CO_TEXT("Index of ")) ||
           co_text_starts(title, CO_TEXT("Directory listing for "));
}

/* HTML 2.4.1: a base that is no URL is none. */
static void take_base(struct page *page, co_text href)
{
    struct co_url base;
    if (co_url_resolve(&page->place, href, &page->base_url) == 0 &&
        co_url_parse(co_buf_text(&page->base_url), &base) == 0)
        page->base = base;
}

/* Links may come twice (an icon and a name): those in a row are one. */
static int take_links(struct page *page, struct co_links *links, co_text piece, struct co_buf *last)
{
    int found;
    while ((found = co_links_next(links, &piece)) > 0) {
        if (found == CO_LINKS_BASE) {
            take_base(page, co_buf_text(&links->href));
            continue;
        }
        co_text name = child_of(page, co_buf_text(&links->href));
        struct co_remote_entry entry = {name, CO_REMOTE_UNKNOWN, -1, CO_REMOTE_NO_TIME, 0};
        bool is_child = name.size > (size_t)is_folder_name(name) &&
                        co_text_find((co_text){name.at, name.size - 1}, '/') < 0;
        if (!is_child || co_text_equal(name, co_buf_text(last)))
            continue;
        co_buf_clear(last);
        co_buf_add_text(last, name);
        int rc = show(page, &entry);
        if (rc < 0)
            return rc;
    }
    return found;
}

static int read_links(
    co_http_response *response, struct page *page, struct co_links *links, struct co_buf *last)
{
    co_text piece;
    ssize_t n;
    while ((n = co_http_response_next(response, &piece)) > 0) {
        int rc = take_links(page, links, piece, last);
        if (rc < 0)
            return rc;
    }
    return (int)n;
}

/* A body that ends with the connection may have been cut off, and nobody can tell. */
static bool is_framed(const co_http_response *response)
{
    return co_http_response_header(response, "Content-Length").at ||
           co_http_response_header(response, "Transfer-Encoding").at;
}

static int list_links(co_http_response *response, struct co_remote_listing *listing)
{
    struct co_links links;
    struct page page;
    struct co_buf last = CO_BUF(2 * TEXT_MAX);
    co_links_start(&links);
    int rc = page_open(&page, co_http_response_url(response), listing);
    if (rc == 0)
        rc = read_links(response, &page, &links, &last);
    listing->is_whole = rc == 0 && is_list_page(co_buf_text(&links.title)) && is_framed(response) &&
                        listing->refused == 0;
    co_links_free(&links);
    co_buf_free(&last);
    page_close(&page);
    return rc;
}

bool co_folder_answers(const co_http_response *response)
{
    struct co_url url;
    return co_url_parse(co_text_of(co_http_response_url(response)), &url) == 0 &&
           is_folder_name(url.path);
}

/* ---- which one ------------------------------------------------------------------------------ */

int co_folder_read(co_http_response *response, struct co_remote_listing *listing)
{
    co_text type = co_http_response_type(response);
    if (co_text_equal_nocase(type, CO_TEXT("application/json")))
        return list_json(response, listing);
    if (co_text_equal_nocase(type, CO_TEXT("text/html")) ||
        co_text_equal_nocase(type, CO_TEXT("application/xhtml+xml")))
        return list_links(response, listing);
    return co_fail(CO_EPROTO, "the server shows no list of what the folder holds");
}
