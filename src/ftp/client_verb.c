/* SPDX-License-Identifier: MIT */
/* What the client does without a data connection. */
#include "codec/ftp_list.h"
#include "ftp/client.h"

#include <errno.h>
#include <stdio.h>

#define LINE_MAX_BYTES 16384
#define SHA256_DIGITS  64
#define FOLDER_MAX     4096 /* bytes of a path that is gone back to */

/* ---- one command ----------------------------------------------------------------------------- */

static int do_one(co_ftp_client *client, const char *doing, const char *verb, const char *path)
{
    int rc = co_ftp_client_begin(client, doing, path);
    return rc == 0 ? co_ftp_client_do(client, verb, path) : rc;
}

int co_ftp_delete(co_ftp_client *client, const char *path)
{
    return do_one(client, "delete", "DELE", path);
}

int co_ftp_make_folder(co_ftp_client *client, const char *path)
{
    return do_one(client, "make the folder", "MKD", path);
}

int co_ftp_remove_folder(co_ftp_client *client, const char *path)
{
    return do_one(client, "remove the folder", "RMD", path);
}

int co_ftp_change_folder(co_ftp_client *client, const char *path)
{
    if (strcmp(path, "..") != 0)
        return do_one(client, "change to the folder", "CWD", path);
    int rc = co_ftp_client_begin(client, "change to the folder", path);
    return rc == 0 ? co_ftp_client_do(client, "CDUP", NULL) : rc;
}

int co_ftp_command(co_ftp_client *client, const char *line)
{
    int rc = co_ftp_client_begin(client, "say", line);
    return rc == 0 ? co_ftp_client_ask(client, line, NULL) : rc;
}

/* ---- with more to it ------------------------------------------------------------------------- */

/* RFC 959 5.4: 350 between the two. */
int co_ftp_rename(co_ftp_client *client, const char *from, const char *to)
{
    int rc = co_ftp_client_begin(client, "rename to", to);
    if (rc == 0)
        rc = co_ftp_client_begin(client, "rename", from);
    int code = rc < 0 ? rc : co_ftp_client_ask(client, "RNFR", from);
    if (code < 0)
        return code;
    if (code != 350)
        return co_ftp_client_fail(client, code < 400 ? CO_EFTP : CO_ESTATUS, NULL);
    return co_ftp_client_do(client, "RNTO", to);
}

/* "VERB BEFORE PATH" */
static int do_with(co_ftp_client *client, const char *verb, const char *before, const char *path)
{
    struct co_buf argument = CO_BUF(LINE_MAX_BYTES);
    co_buf_addf(&argument, "%s ", before);
    co_buf_add_string(&argument, path);
    co_buf_add_char(&argument, '\0');
    int rc = argument.error ? argument.error : co_ftp_client_do(client, verb, argument.at);
    co_buf_free(&argument);
    return rc;
}

/* vsftpd knows MDTM with a time instead. Whoever takes that for a question after a file of that
 * name answers with a time. */
int co_ftp_set_time(co_ftp_client *client, const char *path, int64_t modified)
{
    char digits[CO_FTP_TIME_SIZE + 1];
    int64_t told;
    int rc = co_ftp_client_begin(client, "set the time of", path);
    co_ftp_time_write(digits, modified);
    digits[CO_FTP_TIME_SIZE] = '\0';
    if (rc == 0)
        rc = do_with(client, "MFMT", digits, path);
    if (rc != CO_ESTATUS || (client->code != 500 && client->code != 502))
        return rc;
    rc = do_with(client, "MDTM", digits, path);
    if (rc == 0 && co_ftp_time_parse(co_ftp_client_answer(client), &told) == 0)
        rc = co_ftp_client_fail(client, CO_ESTATUS, "it has no command for that");
    return rc;
}

int co_ftp_chmod(co_ftp_client *client, const char *path, unsigned mode)
{
    char before[32];
    int rc = co_ftp_client_begin(client, "set the permissions of", path);
    snprintf(before, sizeof before, "CHMOD %04o", mode & 07777);
    return rc == 0 ? do_with(client, "SITE", before, path) : rc;
}

int co_ftp_client_size(co_ftp_client *client, const char *path, uint64_t *ret)
{
    if (client->size_unknown)
        return CO_ESTATUS;
    int code = co_ftp_client_ask(client, "SIZE", path);
    if (code < 0)
        return code;
    client->size_unknown = code == 500 || code == 502;
    return code == 213 && co_text_number(co_ftp_client_answer(client), INT64_MAX, ret) == 0
               ? 0
               : CO_ESTATUS;
}

int co_ftp_client_size_ahead(
    co_ftp_client *client, const struct co_ftp_ahead *ahead, const char *path, uint64_t *ret)
{
    if (!ahead->is_sized)
        return co_ftp_client_size(client, path, ret);
    *ret = ahead->size;
    return ahead->has_size ? 0 : CO_ESTATUS;
}

int co_ftp_size(co_ftp_client *client, const char *path, uint64_t *ret)
{
    int rc = co_ftp_client_begin(client, "ask for the size of", path);
    if (rc == 0)
        rc = co_ftp_client_type(client, 'I');
    if (rc == 0)
        rc = co_ftp_client_size(client, path, ret);
    return rc == CO_ESTATUS && !client->failed ? co_ftp_client_fail(client, rc, NULL) : rc;
}

/* The third word of 213's "SHA-256 0-99 HEX NAME", if it is about this range. */
static int read_hash(co_text said, const uint64_t range[2], struct co_buf *out)
{
    char head[80];
    int size = snprintf(head, sizeof head, "SHA-256 %llu-%llu ", (unsigned long long)range[0],
        (unsigned long long)range[1]);
    co_text digits = co_text_after(said, (size_t)size);
    if (said.size < (size_t)size || digits.size < SHA256_DIGITS ||
        !co_text_equal_nocase((co_text){said.at, (size_t)size}, (co_text){head, (size_t)size}))
        return CO_ESTATUS;
    for (size_t i = 0; i < SHA256_DIGITS; i++)
        co_buf_add_char(out, co_lower(digits.at[i]));
    return out->error;
}

int co_ftp_client_hash(
    co_ftp_client *client, const char *path, const uint64_t range[2], struct co_buf *out)
{
    char words[48];
    snprintf(words, sizeof words, "%llu %llu", (unsigned long long)range[0],
        (unsigned long long)range[1]);
    int code = co_ftp_client_ask(client, "OPTS", "HASH SHA-256");
    if (code >= 200 && code < 300)
        code = co_ftp_client_ask(client, "RANG", words);
    if (code == 350)
        code = co_ftp_client_ask(client, "HASH", path);
    if (code < 0)
        return code;
    return code == 213 ? read_hash(co_ftp_client_answer(client), range, out) : CO_ESTATUS;
}

static ssize_t current_folder(co_ftp_client *client, char *ret, size_t size)
{
    int code = co_ftp_client_ask(client, "PWD", NULL);
    if (code < 0)
        return code;
    if (code != 257)
        return co_ftp_client_fail(client, code < 400 ? CO_EFTP : CO_ESTATUS, NULL);
    ssize_t n = co_ftp_reply_quoted(co_buf_text(&client->reply), ret, size);
    return n < 0 ? co_ftp_client_fail(client, (int)n, NULL) : n;
}

ssize_t co_ftp_current_folder(co_ftp_client *client, char *ret, size_t size)
{
    int rc = co_ftp_client_begin(client, "ask for the current folder", NULL);
    return rc == 0 ? current_folder(client, ret, size) : rc;
}

/* ---- what a path is -------------------------------------------------------------------------- */

static co_text last_component(const char *path)
{
    co_text name = co_text_of(path);
    while (name.size > 0 && name.at[name.size - 1] == '/')
        name.size--;
    const char *slash = name.size ? memrchr(name.at, '/', name.size) : NULL;
    return slash ? co_text_after(name, (size_t)(slash + 1 - name.at)) : name;
}

/* RFC 3659 7.3: the facts stand on a line of their own, behind a space. */
static int stat_facts(co_ftp_client *client, const char *path, struct co_ftp_entry *ret)
{
    int code = co_ftp_client_ask(client, "MLST", path);
    if (code < 0)
        return code;
    if (code >= 300)
        return CO_ESTATUS;
    co_buf_clear(&client->entry);
    co_buf_add_text(&client->entry, co_buf_text(&client->reply));
    co_text rest = co_buf_text(&client->entry), line;
    while (co_text_next_line(&rest, &line))
        if (co_ftp_facts_read(co_ftp_reply_inner(line), ret) == 0)
            return 0;
    return co_ftp_client_fail(client, CO_EFTP, "its reply to MLST has no facts");
}

/* MDTM (RFC 3659 3), which not all have. 0 or negative. */
static int stat_time(
    co_ftp_client *client, struct co_ftp_ahead *ahead, const char *path, struct co_ftp_entry *ret)
{
    int code = ahead->is_dated ? 0 : co_ftp_client_ask(client, "MDTM", path);
    if (code < 0)
        return code;
    if (!ahead->is_dated)
        co_ftp_time_take(client, ahead);
    if (ahead->has_time) {
        ret->modified = co_seconds_of_ns(ahead->time_ns);
        ret->modified_within = 1;
    }
    return 0;
}

int co_ftp_client_visit(co_ftp_client *client, const char *path)
{
    co_buf_clear(&client->home);
    char *home = co_buf_reserve(&client->home, FOLDER_MAX);
    ssize_t n = home ? current_folder(client, home, FOLDER_MAX) : -ENOMEM;
    if ((n == 0 || n == CO_ESTATUS || n == CO_EFTP) && !client->failed)
        return 1;
    if (n < 0)
        return (int)n;
    int rc = co_ftp_client_do(client, "CWD", path);
    client->is_away = rc == 0;
    return rc;
}

int co_ftp_client_come_home(co_ftp_client *client)
{
    client->is_away = false;
    int rc = co_ftp_client_do(client, "CWD", client->home.at);
    return rc == CO_ESTATUS ? co_ftp_client_break(client, CO_EFTP, "there is no way back") : rc;
}

static int stat_plain(co_ftp_client *client, const char *path, struct co_ftp_entry *ret)
{
    struct co_ftp_ahead ahead = {.type = 'I', .size_of = path, .time_of = path};
    int rc = co_ftp_client_ask_ahead(client, &ahead);
    if (rc == 0)
        rc = co_ftp_client_type(client, 'I');
    if (rc == 0)
        rc = co_ftp_client_size_ahead(client, &ahead, path, &ret->size);
    ret->type = CO_FTP_FILE;
    ret->size_known = rc == 0;
    if (rc == 0)
        return stat_time(client, &ahead, path, ret);
    if (rc != CO_ESTATUS || client->failed)
        return rc;
    rc = co_ftp_client_visit(client, path);
    ret->type = rc == 0 ? CO_FTP_FOLDER : CO_FTP_FILE;
    if ((rc != CO_ESTATUS && rc != 1) || client->failed)
        return rc;
    rc = stat_time(client, &ahead, path, ret);
    return rc == 0 && !ret->modified_within ? co_ftp_client_fail(client, CO_ESTATUS, NULL) : rc;
}

int co_ftp_stat(co_ftp_client *client, const char *path, struct co_ftp_entry *ret)
{
    struct co_ftp_entry entry = {0};
    int rc = co_ftp_client_begin(client, "look at", path);
    if (rc == 0 && client->facts) {
        rc = stat_facts(client, path, &entry);
        if (rc == CO_ESTATUS && !client->failed && client->code != 500 && client->code != 502)
            return co_ftp_client_fail(client, rc, NULL);
    }
    if (rc == 0 ? !client->facts : rc == CO_ESTATUS && !client->failed)
        rc = stat_plain(client, path, &entry);
    if (rc < 0)
        return rc;
    entry.name = last_component(path);
    *ret = entry;
    return 0;
}
