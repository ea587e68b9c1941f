/* SPDX-License-Identifier: MIT */
/* Commands on files and folders as such: what they are, making, removing, renaming, dating them
 * (RFC 959 4.1.3; RFC 3659 3; draft-somers-ftp-mfxx; SITE). */
#include "ftp/session.h"
#include "tree/edit.h"

#include <errno.h>
#include <stdlib.h>

/* Resolves the argument and does `edit` to it; then replies and tells. */
static int change(struct co_ftp_session *session, co_text argument, const char *command,
    int (*edit)(struct co_tree *tree, co_text path))
{
    struct co_buf path = CO_BUF(CO_TREE_PATH_MAX);
    session->begun = true;
    int result, rc = co_ftp_path_permitted(session, argument, &path);
    if (rc == 0)
        rc = edit(session->tree, co_buf_text(&path));
    if (rc < 0)
        result = co_ftp_reply_error(session, rc);
    else if (edit == co_tree_folder_make)
        result = co_ftp_reply_path(session, 257, co_buf_text(&path), "was made.");
    else
        result = co_ftp_reply(session, 250, "It is gone.");
    co_ftp_tell(session, &(struct co_ftp_event){.kind = CO_FTP_CHANGED,
                             .command = co_text_of(command),
                             .path = co_buf_text(&path),
                             .start_seconds = co_wall_seconds(),
                             .error = rc});
    co_buf_free(&path);
    return result;
}

int co_ftp_on_dele(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    return change(session, command->argument, "DELE", co_tree_file_remove);
}

int co_ftp_on_mkd(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    return change(session, command->argument, "MKD", co_tree_folder_make);
}

int co_ftp_on_rmd(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    return change(session, command->argument, "RMD", co_tree_folder_remove);
}

/* ---- renaming ------------------------------------------------------------------------------- */

int co_ftp_on_rnfr(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    struct co_buf path = CO_BUF(CO_TREE_PATH_MAX);
    struct co_tree_stat stat;
    int rc = co_ftp_path_permitted(session, command->argument, &path);
    if (rc == 0 && path.size == 0) /* the root has no name to be changed */
        rc = -EINVAL;
    if (rc == 0)
        rc = co_tree_stat_path(session->tree, co_buf_text(&path), &stat);
    if (rc == 0) {
        session->rename_from = co_text_copy(co_buf_text(&path));
        rc = session->rename_from ? 0 : -ENOMEM;
    }
    co_buf_free(&path);
    return rc < 0 ? co_ftp_reply_error(session, rc)
                  : co_ftp_reply(session, 350, "Now the new name, by RNTO.");
}

int co_ftp_on_rnto(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    if (!session->rename_from)
        return co_ftp_reply(session, 503, "First say what, by RNFR.");
    struct co_buf path = CO_BUF(CO_TREE_PATH_MAX);
    co_text from = co_text_of(session->rename_from);
    int rc = co_ftp_path_permitted(session, command->argument, &path);
    if (rc == 0)
        rc = co_tree_rename(session->tree, from, co_buf_text(&path), true);
    int result = rc < 0 ? co_ftp_reply_error(session, rc) : co_ftp_reply(session, 250, "Renamed.");
    co_ftp_tell(session, &(struct co_ftp_event){.kind = CO_FTP_CHANGED,
                             .command = CO_TEXT("RNTO"),
                             .path = from,
                             .target = co_buf_text(&path),
                             .start_seconds = co_wall_seconds(),
                             .error = rc});
    co_buf_free(&path);
    free(session->rename_from);
    session->rename_from = NULL;
    return result;
}

/* ---- dates and modes ------------------------------------------------------------------------ */

int co_ftp_on_mdtm(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    char time[CO_FTP_TIME_SIZE];
    struct co_tree_stat stat;
    struct co_buf path = CO_BUF(CO_TREE_PATH_MAX);
    int rc = co_ftp_path_permitted(session, command->argument, &path);
    if (rc == 0)
        rc = co_tree_stat_path(session->tree, co_buf_text(&path), &stat);
    co_buf_free(&path);
    if (rc < 0)
        return co_ftp_reply_error(session, rc);
    co_ftp_time_write(time, co_seconds_of_ns(stat.modified_ns));
    return co_ftp_reply(session, 213, "%.*s", CO_FTP_TIME_SIZE, time);
}

/* What MFMT, MFF and SITE may set. */
struct attributes {
    bool has_time, has_mode;
    int64_t modified_ns;
    uint32_t mode;
};

static int mode_parse(co_text text, uint32_t *ret)
{
    uint32_t mode = 0;
    if (text.size == 0 || text.size > 5)
        return CO_EINVALID;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] < '0' || text.at[i] > '7')
            return CO_EINVALID;
        mode = mode * 8 + (uint32_t)(text.at[i] - '0');
    }
    *ret = mode;
    return mode > 0777 ? CO_EINVALID : 0; /* no set-user-id and the like (attacks F17) */
}

static int attributes_set(struct co_tree *tree, co_text path, const struct attributes *attributes)
{
    int rc = 0;
    if (attributes->has_mode)
        rc = co_tree_set_mode(tree, path, attributes->mode);
    if (rc == 0 && attributes->has_time)
        rc = co_tree_set_modified(tree, path, attributes->modified_ns);
    return rc;
}

/* Sets them, replies with `code` and `text`, and tells. */
static int set(struct co_ftp_session *session, const struct attributes *attributes,
    co_text argument, int code, co_text text)
{
    struct co_buf path = CO_BUF(CO_TREE_PATH_MAX);
    int rc = co_ftp_path_permitted(session, argument, &path);
    if (rc == 0)
        rc = attributes_set(session->tree, co_buf_text(&path), attributes);
    int result = rc < 0 ? co_ftp_reply_error(session, rc) : co_ftp_reply_text(session, code, text);
    co_ftp_tell(session, &(struct co_ftp_event){.kind = CO_FTP_CHANGED,
                             .command = attributes->has_mode ? CO_TEXT("CHMOD") : CO_TEXT("MFMT"),
                             .path = co_buf_text(&path),
                             .start_seconds = co_wall_seconds(),
                             .error = rc});
    co_buf_free(&path);
    return result;
}

/* Takes the word before the first space off the text. */
static co_text take_word(co_text *text)
{
    ssize_t space = co_text_find(*text, ' ');
    co_text word = {text->at, space < 0 ? text->size : (size_t)space};
    *text = co_text_after(*text, word.size + 1);
    return word;
}

/* "Modify=20261128023400; path": the facts again, as RFC 3659's listings have them. */
static int set_facts(
    struct co_ftp_session *session, const struct attributes *attributes, co_text argument)
{
    char time[CO_FTP_TIME_SIZE];
    struct co_buf line = CO_BUF(CO_FTP_LINE_MAX + 128);
    if (attributes->has_time) {
        co_ftp_time_write(time, co_seconds_of_ns(attributes->modified_ns));
        co_buf_addf(&line, "Modify=%.*s;", CO_FTP_TIME_SIZE, time);
    }
    if (attributes->has_mode)
        co_buf_addf(&line, "UNIX.mode=0%o;", attributes->mode);
    co_buf_add_char(&line, ' ');
    co_buf_add_text(&line, argument);
    int rc = line.error ? co_ftp_reply_error(session, line.error)
                        : set(session, attributes, argument, 213, co_buf_text(&line));
    co_buf_free(&line);
    return rc;
}

int co_ftp_on_mfmt(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    co_text rest = command->argument, time = take_word(&rest);
    struct attributes attributes = {.has_time = true};
    if (rest.size == 0 || co_ftp_time_parse(time, &attributes.modified_ns) < 0)
        return co_ftp_reply(session, 501, "Its syntax is MFMT <sp> YYYYMMDDHHMMSS <sp> file.");
    return set_facts(session, &attributes, rest);
}

static int fact_parse(co_text fact, struct attributes *ret)
{
    ssize_t equals = co_text_find(fact, '=');
    co_text name = {fact.at, equals < 0 ? fact.size : (size_t)equals};
    co_text value = co_text_after(fact, name.size + 1);
    if (co_text_equal_nocase(name, CO_TEXT("Modify"))) {
        ret->has_time = true;
        return co_ftp_time_parse(value, &ret->modified_ns);
    }
    if (co_text_equal_nocase(name, CO_TEXT("UNIX.mode"))) {
        ret->has_mode = true;
        return mode_parse(value, &ret->mode);
    }
    return CO_EINVALID;
}

int co_ftp_on_mff(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    co_text rest = command->argument, facts = take_word(&rest);
    struct attributes attributes = {0};
    int rc = rest.size && facts.size ? 0 : CO_EINVALID;
    while (rc == 0 && facts.size > 0) {
        ssize_t end = co_text_find(facts, ';');
        rc = end < 0 ? CO_EINVALID : fact_parse((co_text){facts.at, (size_t)end}, &attributes);
        facts = co_text_after(facts, (size_t)end + 1);
    }
    if (rc < 0)
        return co_ftp_reply(
            session, 501, "Expected Modify=YYYYMMDDHHMMSS; or UNIX.mode=0644; and a file.");
    return set_facts(session, &attributes, rest);
}

/* ---- SITE (RFC 959 4.1.3): no command of the machine's can be run (attacks F17) ------------- */

static int site_chmod(struct co_ftp_session *session, co_text rest)
{
    co_text mode = take_word(&rest);
    struct attributes attributes = {.has_mode = true};
    if (rest.size == 0 || mode_parse(mode, &attributes.mode) < 0)
        return co_ftp_reply(session, 501, "Its syntax is SITE CHMOD <sp> 0 to 0777 <sp> path.");
    return set(session, &attributes, rest, 200, CO_TEXT("The mode is set."));
}

/* "UTIME YYYYMMDDhhmm[ss] path", or "UTIME path ATIME MTIME CTIME UTC" of other servers. */
static int site_utime(struct co_ftp_session *session, co_text rest)
{
    struct attributes attributes = {.has_time = true};
    char padded[CO_FTP_TIME_SIZE] = "00000000000000";
    co_text path = rest, time = take_word(&path);
    static const size_t tail = sizeof " YYYYMMDDHHMMSS YYYYMMDDHHMMSS YYYYMMDDHHMMSS UTC" - 1;
    if (time.size == CO_FTP_TIME_SIZE - 2) {
        memcpy(padded, time.at, time.size);
        time = (co_text){padded, sizeof padded};
    }
    if (path.size && co_ftp_time_parse(time, &attributes.modified_ns) == 0)
        return set(session, &attributes, path, 200, CO_TEXT("The time is set."));
    if (rest.size > tail &&
        co_text_equal_nocase(co_text_after(rest, rest.size - 4), CO_TEXT(" UTC"))) {
        co_text times = co_text_after(rest, rest.size - tail);
        time = (co_text){times.at + CO_FTP_TIME_SIZE + 2, CO_FTP_TIME_SIZE};
        path = (co_text){rest.at, rest.size - tail};
        if (times.at[0] == ' ' && co_ftp_time_parse(time, &attributes.modified_ns) == 0)
            return set(session, &attributes, path, 200, CO_TEXT("The time is set."));
    }
    return co_ftp_reply(session, 501, "Its syntax is SITE UTIME <sp> YYYYMMDDHHMMSS <sp> path.");
}

int co_ftp_on_site(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    co_text rest = command->argument, name = take_word(&rest);
    if (co_text_equal_nocase(name, CO_TEXT("CHMOD")))
        return site_chmod(session, rest);
    if (co_text_equal_nocase(name, CO_TEXT("UTIME")))
        return site_utime(session, rest);
    if (co_text_equal_nocase(name, CO_TEXT("HELP")))
        return co_ftp_reply(session, 214, "SITE CHMOD mode path; SITE UTIME YYYYMMDDHHMMSS path.");
    return co_ftp_reply(session, 501, "SITE knows CHMOD, UTIME and HELP.");
}
