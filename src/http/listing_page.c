/* SPDX-License-Identifier: MIT */
/* A listing for people: one page that loads nothing and, for those who may only read, runs nothing.
 * Its looks are in listing_style.c. */
#include "codec/date.h"
#include "codec/escape.h"
#include "codec/url.h"
#include "http/listing.h"
#include "http/listing_style.h"

#include <stdio.h>

#define CRUMBS_LAST 6 /* folders of a deep path that are shown, before the current one */

/* ---- links -------------------------------------------------------------------------------- */

static const char *sort_name(enum co_http_sort sort)
{
    return sort == CO_HTTP_SORT_SIZE ? "size" : sort == CO_HTTP_SORT_DATE ? "date" : "name";
}

/* The query that asks for an order, for an attribute; nothing for the default. */
static void add_order(struct co_buf *out, enum co_http_sort sort, bool descending)
{
    if (sort == CO_HTTP_SORT_NAME && !descending)
        return;
    co_buf_addf(out, "?sort=%s&amp;order=%s", sort_name(sort), descending ? "desc" : "asc");
}

/* Folders keep the order that was chosen. */
static void add_own_order(struct co_buf *out, const struct co_http_listing *listing)
{
    add_order(out, listing->sort, listing->descending);
}

void co_http_listing_up(struct co_buf *out, size_t levels)
{
    for (; levels > 0; levels--)
        co_buf_add_string(out, "../");
}

/* A link so many folders up. */
static void add_link_up(struct co_buf *out, const struct co_http_listing *listing, size_t levels)
{
    co_buf_add_string(out, "<a href=\"./");
    co_http_listing_up(out, levels);
    add_own_order(out, listing);
    co_buf_add_string(out, "\">");
}

static void add_icon(struct co_buf *out, const char *icon)
{
    co_buf_addf(
        out, "<svg class=\"%s\" aria-hidden=\"true\"><use href=\"#%s\"/></svg>", icon, icon);
}

/* Does the text begin with U+202D or U+202E, by which "a\u202egpj.exe" reads as "aexe.jpg"? */
static bool is_override(co_text text)
{
    return text.size >= 3 && memcmp(text.at, "\xe2\x80", 2) == 0 &&
           (text.at[2] == '\xad' || text.at[2] == '\xae');
}

/* Controls, which would break the name into lines or vanish, are shown by their pictures, and what
 * would turn it around by a mark in its place. */
void co_http_listing_name(struct co_buf *out, co_text name)
{
    while (name.size > 0) {
        size_t size = 0;
        while (size < name.size && (unsigned char)name.at[size] >= ' ' &&
               !is_override(co_text_after(name, size)))
            size++;
        co_escape_html(out, (co_text){name.at, size});
        name = co_text_after(name, size);
        bool override = is_override(name);
        if (override)
            co_buf_add_string(out, "\ufffd");
        else if (name.size > 0)
            co_buf_addf(out, "&#x24%02x;", (unsigned)name.at[0]);
        name = co_text_after(name, override ? 3 : 1);
    }
}

/* ---- the path ----------------------------------------------------------------------------- */

/* What is left of the path below the served folder. */
static co_text below_root(const struct co_http_listing *listing)
{
    return co_text_after(listing->path, listing->root_size);
}

size_t co_http_listing_levels(const struct co_http_listing *listing)
{
    co_text below = below_root(listing);
    size_t levels = 0;
    for (size_t i = 0; i < below.size; i++)
        levels += below.at[i] == '/';
    return levels;
}

/* The last name of a path that ends in a slash; "Home" for the root of all. */
static co_text last_name(co_text path)
{
    size_t end = path.size - 1, start = end;
    while (start > 0 && path.at[start - 1] != '/')
        start--;
    return start < end ? (co_text){path.at + start, end - start} : CO_TEXT("Home");
}

/* A folder on the way, by how far up it is. */
static void add_crumb(
    struct co_buf *out, const struct co_http_listing *listing, co_text name, size_t up)
{
    co_buf_add_string(out, up ? "<li>" : "<li aria-current=\"page\">");
    if (up)
        add_link_up(out, listing, up);
    co_http_listing_name(out, name);
    co_buf_add_string(out, up ? "</a>" : "");
}

static void add_crumbs(struct co_buf *out, const struct co_http_listing *listing)
{
    co_text below = below_root(listing);
    size_t levels = co_http_listing_levels(listing);
    add_crumb(out, listing, last_name((co_text){listing->path.at, listing->root_size}), levels);
    if (levels > CRUMBS_LAST + 1)
        co_buf_add_string(out, "<li>\u2026");
    for (; below.size > 0; levels--) {
        size_t size = (size_t)co_text_find(below, '/');
        if (levels <= CRUMBS_LAST + 1)
            add_crumb(out, listing, (co_text){below.at, size}, levels - 1);
        below = co_text_after(below, size + 1);
    }
}

/* ---- the page's start ----------------------------------------------------------------------- */

static void add_column(
    struct co_buf *out, const struct co_http_listing *listing, enum co_http_sort sort)
{
    static const char *const titles[] = {"Name", "Size", "Modified"};
    bool current = listing->sort == sort;
    /* At first by name from A, but by size from the largest and by date from the latest. */
    bool descending = current ? !listing->descending : sort != CO_HTTP_SORT_NAME;
    co_buf_addf(out, "<th class=\"%s\"", sort_name(sort));
    if (current)
        co_buf_addf(out, " aria-sort=\"%s\"", listing->descending ? "descending" : "ascending");
    co_buf_add_string(out, "><a rel=\"nofollow\" href=\"./");
    add_order(out, sort, descending);
    co_buf_addf(out, "\" title=\"Sort by %s, %s\">%s</a></th>", sort_name(sort),
        descending ? "descending" : "ascending", titles[sort]);
}

static void add_parent(struct co_buf *out, const struct co_http_listing *listing)
{
    if (listing->path.size == listing->root_size)
        return;
    co_buf_add_string(out, "<tr class=\"parent\"><td>");
    add_link_up(out, listing, 1);
    add_icon(out, "up");
    co_buf_add_string(out, "<span>Parent folder</span></a></td><td></td><td></td></tr>\n");
}

static void table_start(struct co_buf *out, const struct co_http_listing *listing)
{
    co_buf_add_string(out, "<main><table>\n<thead><tr>");
    add_column(out, listing, CO_HTTP_SORT_NAME);
    add_column(out, listing, CO_HTTP_SORT_SIZE);
    add_column(out, listing, CO_HTTP_SORT_DATE);
    co_buf_add_string(out, "</tr></thead>\n<tbody>\n");
    add_parent(out, listing);
    if (listing->count == 0)
        co_buf_add_string(
            out, "<tr class=\"empty\"><td colspan=\"3\">This folder is empty.</td></tr>\n");
}

static void page_start(struct co_buf *out, const struct co_http_listing *listing)
{
    co_buf_add_string(out, co_http_page_head);
    co_buf_add_string(out, listing->is_box ? "<title>Upload to " : "<title>Index of ");
    co_http_listing_name(out, listing->path);
    co_buf_add_string(out, "</title>\n<style nonce=\"");
    co_buf_add(out, listing->nonce, sizeof listing->nonce);
    co_buf_add_string(out, "\">\n");
    co_buf_add_string(out, co_http_page_style);
    if (co_http_listing_tells(listing))
        co_buf_add_string(out, co_http_page_style_may);
    co_buf_add_string(out, "</style>\n");
    co_buf_add_string(out, co_http_page_icons);
    co_buf_add_string(out, "<header>");
    add_icon(out, "folder");
    co_buf_add_string(out, "<h1><nav aria-label=\"Path\"><ol>");
    add_crumbs(out, listing);
    co_buf_add_string(out, "</ol></nav></h1></header>\n");
    co_http_listing_may(out, listing);
    if (listing->is_box)
        co_buf_add_string(out, "<main class=\"box\">What lies here is not shown.");
    else
        table_start(out, listing);
}

/* ---- rows --------------------------------------------------------------------------------- */

/* "512 B", "1.2 kB", "35 MB": three figures tell enough, `title` tells the rest. */
static void add_size(struct co_buf *out, uint64_t size)
{
    static const char units[] = " kMGTPE";
    size_t unit = 0;
    uint64_t scale = 1;
    while (unit < 6 && size / scale >= 1000) {
        scale *= 1000;
        unit++;
    }
    if (unit == 0) {
        co_buf_addf(out, "%u\u00a0B", (unsigned)size);
        return;
    }
    uint64_t tenths = size / (scale / 10);
    if (tenths < 100)
        co_buf_addf(
            out, "%u.%u\u00a0%cB", (unsigned)(tenths / 10), (unsigned)(tenths % 10), units[unit]);
    else
        co_buf_addf(out, "%u\u00a0%cB", (unsigned)(tenths / 10), units[unit]);
}

/* 1234567 as "1,234,567". */
static void add_grouped(struct co_buf *out, uint64_t number)
{
    char digits[20];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    while (count > 0) {
        co_buf_add_char(out, digits[--count]);
        if (count > 0 && count % 3 == 0)
            co_buf_add_char(out, ',');
    }
}

static void add_size_cell(struct co_buf *out, const struct co_tree_entry *entry)
{
    if (entry->stat.kind == CO_TREE_FOLDER) {
        co_buf_add_string(out, "<td></td>");
        return;
    }
    co_buf_add_string(out, "<td title=\"");
    add_grouped(out, entry->stat.size);
    co_buf_add_string(out, entry->stat.size == 1 ? " byte\">" : " bytes\">");
    add_size(out, entry->stat.size);
    co_buf_add_string(out, "</td>");
}

/* "2026-11-22 03:02", with the second in its title. */
static void add_date_cell(struct co_buf *out, int64_t seconds)
{
    char iso[CO_DATE_ISO_SIZE];
    co_date_write_iso(iso, seconds);
    co_buf_addf(out,
        "<td><time datetime=\"%.20s\" title=\"%.10s %.8s UTC\">%.10s <i>%.5s</i></time></td>", iso,
        iso, iso + 11, iso, iso + 11);
}

static void page_row(struct co_buf *out, const struct co_http_listing *listing, size_t index)
{
    const struct co_tree_entry *entry = &listing->entries[index];
    bool folder = entry->stat.kind == CO_TREE_FOLDER;
    co_text name = co_text_of(entry->name);
    co_buf_add_string(out, "<tr><td><a href=\"");
    co_http_listing_link(out, entry);
    if (folder)
        add_own_order(out, listing);
    co_buf_add_string(out, "\">");
    add_icon(
        out, folder ? "folder" : co_http_page_icon(co_media_type(listing->files->media, name)));
    co_buf_add_string(out, "<span>");
    co_http_listing_name(out, name);
    co_buf_add_string(out, folder ? "/</span></a></td>" : "</span></a></td>");
    add_size_cell(out, entry);
    add_date_cell(out, co_http_entry_seconds(entry));
    co_buf_add_string(out, "</tr>\n");
}

/* ---- the page's end ------------------------------------------------------------------------- */

static void add_count(struct co_buf *out, uint64_t count, const char *noun)
{
    add_grouped(out, count);
    co_buf_addf(out, " %s%s", noun, count == 1 ? "" : "s");
}

/* "3 folders, 12 files, 4.5 MB"; what there is none of goes unsaid. */
static void add_summary(struct co_buf *out, const struct co_http_listing *listing)
{
    uint64_t files = listing->count - listing->folders;
    if (listing->folders > 0)
        add_count(out, listing->folders, "folder");
    if (listing->folders > 0 && files > 0)
        co_buf_add_string(out, ", ");
    if (files > 0) {
        add_count(out, files, "file");
        co_buf_add_string(out, ", ");
        add_size(out, listing->bytes);
    }
    if (listing->truncated)
        co_buf_add_string(out, "; the folder holds more than are listed here");
}

static void table_end(struct co_buf *out, const struct co_http_listing *listing)
{
    co_buf_add_string(out, "</tbody></table></main>\n<footer><p>");
    add_summary(out, listing);
    co_buf_add_string(out, "</p>");
    co_http_archive_links(listing->visit, out);
}

static void page_end(struct co_buf *out, const struct co_http_listing *listing)
{
    if (!listing->is_box)
        table_end(out, listing);
    co_buf_add_string(out, listing->is_box ? "</main>\n<footer><p>" : "<p>Times are UTC");
    if (!listing->unnamed)
        co_buf_add_string(out, listing->is_box ? "Coronet" : " \u00b7 Coronet");
    co_buf_add_string(out, "</p></footer>\n");
    co_http_listing_script(out, listing);
    co_buf_add_string(out, "</html>\n");
}

const struct co_http_listing_writer co_http_listing_page = {
    .type = "text/html; charset=utf-8",
    .start = page_start,
    .row = page_row,
    .end = page_end,
};
