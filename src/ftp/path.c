/* SPDX-License-Identifier: MIT */
/* Paths as the visitor gives them, and the working directory (RFC 959 4.1.1; RFC 3659 6, TVFS). */
#include "ftp/session.h"

#include <errno.h>

/* Takes the last name off a path "a/b/". */
static void rise(struct co_buf *path)
{
    if (path->size)
        path->size--;
    while (path->size && path->at[path->size - 1] != '/')
        path->size--;
}

int co_ftp_path(const struct co_ftp_session *session, co_text argument, struct co_buf *out)
{
    co_buf_clear(out);
    if (argument.size == 0 || argument.at[0] != '/')
        co_buf_add_text(out, co_buf_text(&session->folder));
    while (argument.size > 0) {
        ssize_t slash = co_text_find(argument, '/');
        co_text name = {argument.at, slash < 0 ? argument.size : (size_t)slash};
        argument = co_text_after(argument, name.size + 1);
        if (co_text_equal(name, CO_TEXT("..")))
            rise(out);
        if (name.size == 0 || co_text_equal(name, CO_TEXT(".")) ||
            co_text_equal(name, CO_TEXT("..")))
            continue;
        co_buf_add_text(out, name);
        co_buf_add_char(out, '/');
    }
    if (!out->error && out->size)
        out->size--;
    return out->error;
}

void co_ftp_shown_path(struct co_buf *out, co_text path)
{
    co_buf_add_char(out, '/');
    co_buf_add_text(out, path);
}

/* ---- the working directory ------------------------------------------------------------------ */

static int enter(struct co_ftp_session *session, co_text argument)
{
    struct co_buf path = CO_BUF(CO_TREE_PATH_MAX);
    int rc = co_ftp_path_permitted(session, argument, &path);
    if (rc == 0)
        rc = co_tree_enter(session->tree, co_buf_text(&path));
    if (rc == 0) {
        if (path.size)
            co_buf_add_char(&path, '/');
        rc = path.error;
    }
    if (rc == 0) {
        co_buf_free(&session->folder);
        session->folder = path;
    } else {
        co_buf_free(&path);
    }
    return rc;
}

/* "~", which other servers know as the home, is the root unless there is something of that name. */
static int enter_home(struct co_ftp_session *session, co_text argument)
{
    co_text rest = co_text_after(argument, 1);
    if (argument.at[0] != '~' || (rest.size && rest.at[0] != '/'))
        return -ENOENT;
    return enter(session, rest.size ? rest : CO_TEXT("/"));
}

static int change(struct co_ftp_session *session, co_text argument)
{
    int rc = enter(session, argument);
    if (rc == -ENOENT)
        rc = enter_home(session, argument);
    return rc < 0 ? co_ftp_reply_error(session, rc)
                  : co_ftp_reply(session, 250, "This is the working directory now.");
}

int co_ftp_on_cwd(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    return change(session, command->argument.size ? command->argument : CO_TEXT("/"));
}

int co_ftp_on_cdup(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    (void)command;
    return change(session, CO_TEXT(".."));
}

int co_ftp_reply_path(struct co_ftp_session *session, int code, co_text path, const char *text)
{
    struct co_buf line = CO_BUF(2 * CO_TREE_PATH_MAX + 64);
    struct co_buf shown = CO_BUF(CO_TREE_PATH_MAX + 1);
    co_ftp_shown_path(&shown, path);
    co_buf_add_char(&line, '"');
    co_ftp_quote(&line, co_buf_text(&shown));
    co_buf_addf(&line, "\" %s", text);
    int rc = line.error ? co_ftp_reply_error(session, line.error)
                        : co_ftp_reply_text(session, code, co_buf_text(&line));
    co_buf_free(&shown);
    co_buf_free(&line);
    return rc;
}

int co_ftp_on_pwd(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    (void)command;
    co_text folder = co_buf_text(&session->folder);
    if (folder.size)
        folder.size--;
    return co_ftp_reply_path(session, 257, folder, "is the working directory.");
}
