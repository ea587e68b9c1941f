/* SPDX-License-Identifier: MIT */
#include "http/hsts.h"

#include "base/list.h"
#include "base/map.h"
#include "codec/url.h"
#include "coronet/fiber.h"
#include "runtime/file_edit.h"

#include <errno.h>
#include <stdlib.h>

#define HOST_MAX 253 /* bytes: no name is longer (RFC 1035 2.3.4) */
#define TITLE    "# Hosts that are asked over TLS alone (HSTS), in curl's format.\n"

struct co_hsts {
    struct co_map hosts;
    struct co_link all; /* in the order in which they came */
};

struct entry {
    struct co_link all;
    int64_t expires; /* seconds since 1970 */
    bool subdomains;
    bool heard; /* from the host itself: a file does not change it */
    size_t size;
    char host[];
};

struct host {
    char at[HOST_MAX];
    size_t size;
};

/* RFC 6797 8.1.1 and 8.2: a name of letters, digits, '-' and '_', without its final dot. False for
 * addresses and all else. */
static bool canonical(co_text host, struct host *ret)
{
    if (host.size > 1 && host.at[host.size - 1] == '.')
        host.size--;
    if (host.size == 0 || host.size > HOST_MAX || co_url_host_is_address(host))
        return false;
    for (size_t i = 0; i < host.size; i++) {
        char c = co_lower(host.at[i]);
        bool is_dot = c == '.' && i > 0 && host.at[i - 1] != '.';
        if (!(c >= 'a' && c <= 'z') && !co_is_digit(c) && c != '-' && c != '_' && !is_dot)
            return false;
        ret->at[i] = c;
    }
    ret->size = host.size;
    return true;
}

int co_hsts_make(co_hsts **ret, const uint64_t secret[2])
{
    co_hsts *hsts = calloc(1, sizeof *hsts);
    if (!hsts)
        return -ENOMEM;
    co_map_init(&hsts->hosts, secret);
    co_list_init(&hsts->all);
    *ret = hsts;
    return 0;
}

int co_hsts_new(co_hsts **ret)
{
    uint64_t secret[2];
    co_random(secret, sizeof secret);
    return co_hsts_make(ret, secret);
}

static struct entry *entry_of(struct co_link *link)
{
    return CO_CONTAINER(link, struct entry, all);
}

static co_text name_of(const struct entry *entry)
{
    return (co_text){entry->host, entry->size};
}

static void forget(co_hsts *hsts, struct entry *entry)
{
    co_map_remove(&hsts->hosts, name_of(entry));
    co_list_remove(&entry->all);
    free(entry);
}

void co_hsts_free(co_hsts *hsts)
{
    if (!hsts)
        return;
    while (!co_list_empty(&hsts->all))
        forget(hsts, entry_of(hsts->all.next));
    co_map_free(&hsts->hosts);
    free(hsts);
}

/* ---- noting --------------------------------------------------------------------------------- */

/* Who has filled the list with hosts of his own shall not push others out: so what is there stays.
 */
static bool make_room(co_hsts *hsts, int64_t now)
{
    struct co_link *at = hsts->all.next;
    if (hsts->hosts.count < CO_HSTS_MAX)
        return true;
    while (at != &hsts->all) {
        struct entry *entry = entry_of(at);
        at = at->next;
        if (entry->expires <= now)
            forget(hsts, entry);
    }
    return hsts->hosts.count < CO_HSTS_MAX;
}

/* The host's entry, made when there is none. */
static int entry_for(co_hsts *hsts, const struct host *host, int64_t now, struct entry **ret)
{
    *ret = co_map_get(&hsts->hosts, (co_text){host->at, host->size});
    if (*ret)
        return 0;
    if (!make_room(hsts, now))
        return CO_ETOOBIG;
    struct entry *entry = calloc(1, sizeof *entry + host->size);
    if (!entry)
        return -ENOMEM;
    memcpy(entry->host, host->at, host->size);
    entry->size = host->size;
    co_list_append(&hsts->all, &entry->all);
    int rc = co_map_set(&hsts->hosts, name_of(entry), entry);
    if (rc < 0) {
        co_list_remove(&entry->all);
        free(entry);
        return rc;
    }
    *ret = entry;
    return 0;
}

/* An entry that has ended stays, as heard: the file's older word must not bring it back. */
int co_hsts_note(co_hsts *hsts, co_text name, co_text field, int64_t now)
{
    struct co_hsts_policy policy;
    struct entry *entry;
    struct host host;
    if (!canonical(name, &host) || co_hsts_parse(field, &policy) < 0)
        return CO_EINVALID;
    int rc = entry_for(hsts, &host, now, &entry);
    if (rc < 0)
        return rc;
    entry->heard = true;
    entry->subdomains = policy.subdomains;
    if (__builtin_add_overflow(now, policy.max_age, &entry->expires))
        entry->expires = INT64_MAX;
    return 0;
}

/* ---- asking --------------------------------------------------------------------------------- */

bool co_hsts_covers(const co_hsts *hsts, co_text name, int64_t now)
{
    struct host host;
    if (!canonical(name, &host))
        return false;
    co_text whole = {host.at, host.size}, domain = whole;
    while (domain.size) {
        const struct entry *entry = co_map_get(&hsts->hosts, domain);
        if (entry && entry->expires > now && (entry->subdomains || domain.size == whole.size))
            return true;
        ssize_t dot = co_text_find(domain, '.');
        domain = dot < 0 ? (co_text){0} : co_text_after(domain, (size_t)dot + 1);
    }
    return false;
}

/* ---- files ---------------------------------------------------------------------------------- */

static int read_line(co_hsts *hsts, co_text text, int64_t now)
{
    struct co_hsts_line line;
    struct entry *entry;
    struct host host;
    if (co_hsts_line_parse(text, &line) < 0 || line.expires <= now || !canonical(line.host, &host))
        return 0;
    int rc = entry_for(hsts, &host, now, &entry);
    if (rc == 0 && !entry->heard) {
        entry->subdomains = line.subdomains;
        entry->expires = line.expires;
    }
    return rc == -ENOMEM ? rc : 0;
}

static bool is_entry(co_text line)
{
    struct co_hsts_line host;
    return co_hsts_line_parse(line, &host) == 0;
}

int co_hsts_read(co_hsts *hsts, co_text file, int64_t now)
{
    int rc = co_text_is_foreign(file, is_entry) ? CO_EINVALID : 0;
    co_text line;
    while (rc == 0 && co_text_next_line(&file, &line))
        rc = read_line(hsts, line, now);
    return rc;
}

int co_hsts_write(const co_hsts *hsts, int64_t now, struct co_buf *out)
{
    co_buf_add_string(out, TITLE);
    for (struct co_link *at = hsts->all.next; at != &hsts->all; at = at->next) {
        const struct entry *entry = entry_of(at);
        if (entry->expires > now)
            co_hsts_line_write(
                &(struct co_hsts_line){name_of(entry), entry->subdomains, entry->expires}, out);
    }
    return out->error;
}

int co_hsts_load(co_hsts *hsts, const char *path)
{
    struct co_buf text = CO_BUF(CO_HSTS_FILE_MAX);
    int rc = co_file_read_all(path, &text);
    if (rc == 0)
        rc = co_hsts_read(hsts, co_buf_text(&text), co_wall_seconds());
    co_buf_free(&text);
    return rc;
}

int co_hsts_save(co_hsts *hsts, const char *path)
{
    struct co_file_edit edit;
    struct co_buf text = CO_BUF(CO_HSTS_FILE_MAX);
    int64_t now = co_wall_seconds();
    int rc = co_file_edit_begin(&edit, path, CO_HSTS_FILE_MAX);
    if (rc < 0)
        return rc;
    rc = co_hsts_read(hsts, co_buf_text(&edit.text), now);
    if (rc == 0)
        rc = co_hsts_write(hsts, now, &text);
    return co_file_edit_end(&edit, rc, &text);
}
