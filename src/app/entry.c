/* SPDX-License-Identifier: MIT */
#include "app/entry.h"

#include "codec/date.h"
#include "codec/escape.h"

#define SIZE_COLUMNS 15 /* digits of a size of less than a PiB */

static bool is_folder(const struct co_remote_entry *entry)
{
    return entry->type == CO_REMOTE_FOLDER;
}

/* "2026-11-22T03:02:55Z", or nothing. */
static void add_time(struct co_buf *line, const struct co_remote_entry *entry)
{
    char date[CO_DATE_ISO_SIZE];
    if (entry->modified == CO_REMOTE_NO_TIME)
        return;
    co_date_write_iso(date, entry->modified);
    co_buf_add(line, date, sizeof date);
}

static void add_json(struct co_buf *line, co_text path, const struct co_remote_entry *entry)
{
    co_buf_add_string(line, "{\"path\":\"");
    co_escape_json(line, path);
    co_buf_addf(line, "\",\"type\":\"%s\"",
        is_folder(entry)                 ? "folder"
        : entry->type == CO_REMOTE_OTHER ? "other"
                                         : "file");
    if (entry->size >= 0 && !is_folder(entry))
        co_buf_addf(line, ",\"size\":%lld", (long long)entry->size);
    if (entry->modified != CO_REMOTE_NO_TIME) {
        co_buf_add_string(line, ",\"modified\":\"");
        add_time(line, entry);
        co_buf_add_char(line, '"');
    }
    co_buf_add_char(line, '}');
}

/* "-         123456  2026-11-22T03:02:55Z  name" */
static void add_details(struct co_buf *line, const struct co_remote_entry *entry)
{
    char type = is_folder(entry) ? 'd' : entry->type == CO_REMOTE_OTHER ? '?' : '-';
    if (entry->size >= 0 && !is_folder(entry))
        co_buf_addf(line, "%c %*lld  ", type, SIZE_COLUMNS, (long long)entry->size);
    else
        co_buf_addf(line, "%c %*s  ", type, SIZE_COLUMNS, "-");
    if (entry->modified == CO_REMOTE_NO_TIME)
        co_buf_addf(line, "%-*s", CO_DATE_ISO_SIZE, "-");
    add_time(line, entry);
    co_buf_add_string(line, "  ");
}

void co_entry_line(struct co_buf *out, struct co_entry_form form, co_text path,
    const struct co_remote_entry *entry)
{
    if (form.json) {
        add_json(out, path, entry);
        return;
    }
    if (form.details)
        add_details(out, entry);
    if (form.to_terminal)
        co_escape_terminal(out, path); /* attacks C08 */
    else
        co_buf_add_text(out, path);
    if (is_folder(entry))
        co_buf_add_char(out, '/');
}
