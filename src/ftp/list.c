/* SPDX-License-Identifier: MIT */
/* Listings: LIST, NLST and MLSD over a data connection; MLST and STAT in the reply (RFC 959 4.1.3;
 * RFC 3659 7). Names that could forge a line are left out (attacks F20). */
#include "codec/glob.h"
#include "ftp/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PIECE     (64u << 10) /* bytes of lines that go out together; less at a batch's end */
#define LINES_MAX (PIECE + 3 * CO_TREE_PATH_MAX) /* a prefix, a name and its facts more */

enum form { FORM_LIST, FORM_NAMES, FORM_FACTS };

/* What is asked for: a folder, or those of its entries that match; or one entry alone. */
struct listing {
    enum form form;
    unsigned facts;
    unsigned rights; /* the visitor's */
    co_text pattern; /* of names; empty: all */
    struct co_buf
        prefix; /* NLST: before each name, so that it can be asked for (RFC 1123 4.1.2.7) */
    bool alone; /* the one entry is the thing asked for itself */
    bool one_given;
    int64_t now;
    struct co_tree_reader *folder;
    struct co_tree_entry one;
};

static unsigned may(const struct co_tree_stat *stat, unsigned rights)
{
    bool folder = stat->kind == CO_TREE_FOLDER;
    unsigned may = rights & (folder ? CO_MAY_LIST : CO_MAY_READ) ? CO_FTP_MAY_READ : 0;
    may |= rights & CO_MAY_CHANGE ? CO_FTP_MAY_CHANGE : 0;
    return may | (folder && rights & CO_MAY_ADD ? CO_FTP_MAY_ADD : 0);
}

/* Links look like what they lead to; but whoever removes a folder would have their client empty
 * what a link in it leads to, too. */
static struct co_ftp_shown entry_of(const struct co_tree_entry *entry, unsigned rights)
{
    const struct co_tree_stat *stat = &entry->stat;
    return (struct co_ftp_shown){
        .name = co_text_of(entry->name),
        .folder = stat->kind == CO_TREE_FOLDER,
        .link = entry->is_link && stat->kind == CO_TREE_FOLDER && rights & CO_MAY_CHANGE,
        .size = stat->size,
        .modified_seconds = co_seconds_of_ns(stat->modified_ns),
        .mode = stat->mode,
        .inode = stat->inode,
        .device = stat->device,
        .may = may(stat, rights),
    };
}

static void add_line(
    struct co_buf *out, const struct listing *listing, const struct co_tree_entry *entry)
{
    struct co_ftp_shown shown = entry_of(entry, listing->rights);
    if (!co_ftp_name_is_shown(shown.name))
        return;
    if (listing->pattern.size && !co_glob_match(listing->pattern, shown.name))
        return;
    switch (listing->form) {
    case FORM_LIST: co_ftp_list_line(out, &shown, listing->now); return;
    case FORM_NAMES:
        co_buf_add_text(out, co_buf_text(&listing->prefix));
        co_buf_add_text(out, shown.name);
        break;
    case FORM_FACTS: co_ftp_facts_write(out, &shown, listing->facts); break;
    }
    co_buf_add_string(out, "\r\n");
}

/* ---- what is asked for ---------------------------------------------------------------------- */

/* "-la", "--full-time"; but "-a.txt" is a name. */
static bool is_flags(co_text word)
{
    for (size_t i = 0; i < word.size; i++) {
        char c = co_lower(word.at[i]);
        if (c != '-' && c != '=' && !co_is_digit(c) && (c < 'a' || c > 'z'))
            return false;
    }
    return word.size > 0 && word.at[0] == '-';
}

co_text co_ftp_skip_flags(co_text argument)
{
    bool more = true;
    while (more) {
        ssize_t space = co_text_find(argument, ' ');
        co_text word = {argument.at, space < 0 ? argument.size : (size_t)space};
        if (!is_flags(word))
            break;
        argument = co_text_after(argument, word.size + 1);
        more = !co_text_equal(word, CO_TEXT("--"));
    }
    return argument;
}

/* The part up to the last slash, and what follows it. */
static co_text split(co_text path, co_text *ret_name)
{
    size_t at = path.size;
    while (at > 0 && path.at[at - 1] != '/')
        at--;
    *ret_name = co_text_after(path, at);
    return (co_text){path.at, at};
}

/* The entry itself, by its name as it was given. */
static int open_alone(struct listing *listing, const struct co_tree_stat *stat, co_text name)
{
    listing->one = (struct co_tree_entry){.stat = *stat};
    listing->one.name = co_text_copy(name);
    listing->alone = true;
    return listing->one.name ? 0 : -ENOMEM;
}

static void listing_close(struct listing *listing)
{
    co_buf_free(&listing->prefix);
    co_tree_reader_close(listing->folder);
    free((void *)(uintptr_t)listing->one.name);
}

/* The next entries; as co_tree_reader_next. */
static ssize_t listing_next(struct listing *listing, const struct co_tree_entry **ret)
{
    if (!listing->alone)
        return co_tree_reader_next(listing->folder, ret);
    *ret = &listing->one;
    bool first = !listing->one_given;
    listing->one_given = true;
    return first;
}

static void add_prefix(struct listing *listing, co_text folder)
{
    co_buf_add_text(&listing->prefix, folder);
    if (folder.size && folder.at[folder.size - 1] != '/')
        co_buf_add_char(&listing->prefix, '/');
}

/* A name that is there means itself; one that is not may be a pattern for its folder's names. */
static int open_path(struct co_ftp_session *session, struct listing *listing, co_text argument)
{
    struct co_tree_stat stat;
    struct co_buf path = CO_BUF(CO_TREE_PATH_MAX);
    co_text name, folder = split(argument, &name);
    int rc = co_ftp_path_permitted(session, argument, &path);
    if (rc == 0)
        rc = co_tree_stat_path(session->tree, co_buf_text(&path), &stat);
    if (rc == 0 && stat.kind == CO_TREE_FOLDER) {
        add_prefix(listing, argument);
        rc = co_tree_reader_open(&listing->folder, session->tree, co_buf_text(&path));
    } else if (rc == 0) {
        rc = open_alone(listing, &stat, listing->form == FORM_NAMES ? argument : name);
    } else if (rc == -ENOENT && listing->form != FORM_FACTS && co_glob_is_pattern(name)) {
        listing->pattern = name;
        co_buf_add_text(&listing->prefix, folder);
        rc = co_ftp_path_permitted(session, folder.size ? folder : CO_TEXT("."), &path);
        if (rc == 0)
            rc = co_tree_reader_open(&listing->folder, session->tree, co_buf_text(&path));
    }
    co_buf_free(&path);
    return rc;
}

static int listing_open(
    struct co_ftp_session *session, struct listing *listing, enum form form, co_text argument)
{
    *listing = (struct listing){
        .form = form,
        .facts = session->facts,
        .rights = co_tree_rights(session->tree),
        .now = co_wall_seconds(),
        .prefix = CO_BUF(CO_FTP_LINE_MAX),
    };
    if (form != FORM_FACTS)
        argument = co_ftp_skip_flags(argument);
    return open_path(session, listing, argument);
}

/* ---- over a data connection ----------------------------------------------------------------- */

/* Writes the entries' lines; all of them have gone out afterwards. */
static int send_batch(struct co_ftp_job *transfer, struct co_buf *lines,
    const struct co_tree_entry *entries, ssize_t count)
{
    int rc = 0;
    for (ssize_t i = 0; rc == 0 && i < count; i++) {
        add_line(lines, transfer->arg, &entries[i]);
        if (lines->size < PIECE && i + 1 < count)
            continue;
        rc = transfer->local_error = lines->error;
        if (rc == 0)
            rc = co_ftp_job_send(transfer, co_buf_text(lines));
        co_buf_clear(lines);
    }
    return rc;
}

/* Each batch goes out as soon as it is read: the first one at once, however many there are. */
static int send_lines(struct co_ftp_job *transfer)
{
    const struct co_tree_entry *entries;
    struct co_buf lines = CO_BUF(LINES_MAX);
    ssize_t n = 1;
    int rc = 0;
    while (rc == 0 && n > 0) {
        n = listing_next(transfer->arg, &entries);
        if (n < 0)
            rc = transfer->local_error = (int)n;
        else
            rc = send_batch(transfer, &lines, entries, n);
    }
    co_buf_free(&lines);
    return rc;
}

static int send_listing(
    struct co_ftp_session *session, struct listing *listing, const struct co_ftp_command *command)
{
    struct co_buf path = CO_BUF(CO_TREE_PATH_MAX);
    co_ftp_path(session, co_ftp_skip_flags(command->argument), &path);
    struct co_ftp_job transfer = {
        .move = send_lines,
        .arg = listing,
        .kind = CO_FTP_LISTED,
        .command = co_ftp_verb_name(command->verb),
        .path = co_buf_text(&path),
    };
    int rc = co_ftp_job_run(session, &transfer);
    co_buf_free(&path);
    return rc;
}

static int list(
    struct co_ftp_session *session, const struct co_ftp_command *command, enum form form)
{
    struct listing listing;
    int rc = listing_open(session, &listing, form, command->argument);
    if (rc < 0)
        rc = co_ftp_reply_error(session, rc);
    else if (form == FORM_FACTS && listing.alone) /* RFC 3659 7.2.1 */
        rc = co_ftp_reply(session, 501, "That is a file, not a folder; MLST tells of it.");
    else
        rc = send_listing(session, &listing, command);
    listing_close(&listing);
    return rc;
}

int co_ftp_on_list(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    return list(session, command, FORM_LIST);
}

int co_ftp_on_nlst(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    return list(session, command, FORM_NAMES);
}

int co_ftp_on_mlsd(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    return list(session, command, FORM_FACTS);
}

/* ---- in the reply --------------------------------------------------------------------------- */

/* RFC 3659 7.2: one entry, whatever it is, by its whole path. */
int co_ftp_on_mlst(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    struct co_tree_entry entry = {.name = ""};
    struct co_buf path = CO_BUF(CO_TREE_PATH_MAX), shown = CO_BUF(CO_TREE_PATH_MAX + 1),
                  line = CO_BUF(2 * CO_TREE_PATH_MAX);
    int rc = co_ftp_path_permitted(session, command->argument, &path);
    if (rc == 0)
        rc = co_tree_stat_path(session->tree, co_buf_text(&path), &entry.stat);
    if (rc == 0) {
        struct co_ftp_shown facts = entry_of(&entry, co_tree_rights(session->tree));
        co_ftp_shown_path(&shown, co_buf_text(&path));
        facts.name = co_buf_text(&shown);
        co_ftp_facts_write(&line, &facts, session->facts);
        rc = line.error;
    }
    if (rc < 0) {
        rc = co_ftp_reply_error(session, rc);
    } else {
        co_ftp_reply_begin(session, 250, "It is:");
        co_ftp_reply_line(session, co_buf_text(&line));
        rc = co_ftp_reply(session, 250, "End.");
    }
    co_buf_free(&path);
    co_buf_free(&shown);
    co_buf_free(&line);
    return rc;
}

/* The lines of LIST, each within the reply: 212 for a folder, 213 for a file (RFC 959 4.2.2). */
static int reply_lines(struct co_ftp_session *session, struct listing *listing)
{
    const struct co_tree_entry *entries;
    struct co_buf line = CO_BUF(LINES_MAX);
    int code = listing->alone ? 213 : 212;
    ssize_t n;
    co_ftp_reply_begin(session, code, "It is:");
    while ((n = listing_next(listing, &entries)) > 0 && !session->failed) {
        for (ssize_t i = 0; i < n; i++) {
            add_line(&line, listing, &entries[i]);
            if (line.size > 2)
                co_ftp_reply_line(session, (co_text){line.at, line.size - 2});
            co_buf_clear(&line);
        }
    }
    co_buf_free(&line);
    return co_ftp_reply(session, code, n < 0 ? "There is more, which could not be read." : "End.");
}

static int stat_path(struct co_ftp_session *session, co_text argument)
{
    struct listing listing;
    int rc = listing_open(session, &listing, FORM_LIST, argument);
    rc = rc < 0 ? co_ftp_reply_error(session, rc) : reply_lines(session, &listing);
    listing_close(&listing);
    return rc;
}

/* What the session is doing; during a transfer, how far it is. */
static int stat_session(struct co_ftp_session *session)
{
    char line[CO_ADDRESS_TEXT_MAX + 32];
    const struct co_ftp_job *transfer = session->transfer;
    co_ftp_reply_begin(session, 211, "Coronet FTP server:");
    snprintf(line, sizeof line, "Connected from %s.", co_peer(session->control));
    co_ftp_reply_line(session, co_text_of(line));
    snprintf(line, sizeof line, "Logged in; type %s.", session->ascii ? "A" : "I");
    co_ftp_reply_line(session, co_text_of(line));
    if (co_ftp_is_secure(session))
        co_ftp_reply_line(session, session->data_secure
                                       ? CO_TEXT("Commands and data are encrypted.")
                                       : CO_TEXT("Commands are encrypted, data is not."));
    if (transfer) {
        snprintf(line, sizeof line, "%s: %llu bytes so far.", transfer->command,
            (unsigned long long)transfer->bytes);
        co_ftp_reply_line(session, co_text_of(line));
    }
    return co_ftp_reply(session, 211, "End.");
}

int co_ftp_on_stat(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    if (command->argument.size == 0)
        return stat_session(session);
    return stat_path(session, command->argument);
}
