/* SPDX-License-Identifier: MIT */
/* A listing for programs. */
#include "codec/date.h"
#include "codec/escape.h"
#include "http/listing.h"

static void add_string(struct co_buf *out, co_text text)
{
    co_buf_add_char(out, '"');
    co_escape_json(out, text);
    co_buf_add_char(out, '"');
}

static void json_start(struct co_buf *out, const struct co_http_listing *listing)
{
    co_buf_add_string(out, "{\"path\":");
    add_string(out, listing->path);
    co_buf_add_string(out, ",\"entries\":[");
}

/* Links look like what they lead to; but whoever removes a folder would have their client empty
 * what a link in it leads to, too. */
static const char *type_of(const struct co_http_listing *listing, const struct co_tree_entry *entry)
{
    if (entry->stat.kind != CO_TREE_FOLDER)
        return "file";
    return entry->is_link && co_http_visit_rights(listing->visit) & CO_MAY_CHANGE ? "link"
                                                                                  : "folder";
}

/* A name that is no UTF-8 cannot stand in JSON: the link has its bytes. */
static void json_row(struct co_buf *out, const struct co_http_listing *listing, size_t index)
{
    const struct co_tree_entry *entry = &listing->entries[index];
    bool folder = entry->stat.kind == CO_TREE_FOLDER;
    char date[CO_DATE_ISO_SIZE];
    co_date_write_iso(date, co_http_entry_seconds(entry));
    co_buf_add_string(out, listing->sent + index ? ",\n{\"name\":" : "\n{\"name\":");
    add_string(out, co_text_of(entry->name));
    co_buf_add_string(out, ",\"href\":\"");
    co_http_listing_link(out, entry);
    co_buf_add_string(out, "\",\"type\":\"");
    co_buf_add_string(out, type_of(listing, entry));
    co_buf_add_char(out, '"');
    if (folder) {
        co_buf_addf(out, ",\"id\":\"%016llx\"",
            (unsigned long long)co_http_identity_of(listing->visit->view, &entry->stat));
    } else {
        co_buf_add_string(out, ",\"size\":");
        co_buf_add_number(out, entry->stat.size);
    }
    co_buf_add_string(out, ",\"modified\":\"");
    co_buf_add(out, date, sizeof date);
    co_buf_add_string(out, "\"}");
}

static void json_end(struct co_buf *out, const struct co_http_listing *listing)
{
    co_buf_add_string(
        out, listing->sent + listing->count ? "\n],\"truncated\":" : "],\"truncated\":");
    co_buf_add_string(out, listing->truncated ? "true}\n" : "false}\n");
}

const struct co_http_listing_writer co_http_listing_json = {
    .type = "application/json",
    .start = json_start,
    .row = json_row,
    .end = json_end,
};
