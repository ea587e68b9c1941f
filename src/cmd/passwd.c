/* SPDX-License-Identifier: MIT */
/*
 * The file is read twice: once to say what is wrong with it before anybody types a password, and
 * once under the lock, to be changed as it is by then.
 */
#include "cmd/passwd.h"

#include "app/log.h"
#include "cmd/ask.h"
#include "cmd/exit.h"
#include "cmd/message.h"
#include "cmd/replace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FILE_ROOM  (CO_PASSWD_FILE_MAX + (1U << 20)) /* for one that is too large, to be told so */
#define WHY_MAX    1024
#define PROMPT_MAX 160

#define AT(member) offsetof(struct co_passwd_command, member)

const struct co_option co_passwd_options_table[] = {
    {CO_OPTION_GROUP, .name = "User"},
    {CO_OPTION_TEXT, .name = "home", .value = "FOLDER", .at = AT(home),
        .help = "below the served one, all that the user sees (that one itself)"},
    {CO_OPTION_TEXT, .name = "rights", .value = "RIGHTS", .at = AT(rights),
        .help = "some of read,list,add,change (all of them)"},
    {CO_OPTION_BYTES, .name = "quota", .value = "BYTES", .at = AT(quota),
        .help = "that the user may keep; 0: no limit (0)"},
    {CO_OPTION_BYTES, .name = "rate", .value = "BYTES", .at = AT(rate),
        .help = "bytes a second of each connection; 0: no limit (0)"},
    {CO_OPTION_FLAG, .name = "delete", .help = "remove the user", .at = AT(remove)},

    {.name = NULL},
};

struct passwd {
    const struct co_passwd_command *command;
    const char *path;
    struct co_passwd_change change;
    struct co_replace replace;
    struct co_buf file, made, why;
    bool exists; /* the user, before the change */
    char password[CO_PASSWD_LINE_MAX + 1], again[CO_PASSWD_LINE_MAX + 1];
};

void co_passwd_defaults(void *settings)
{
    struct co_passwd_command *command = settings;
    command->quota = command->rate = -1;
}

static const char *why(struct passwd *passwd)
{
    co_buf_add_char(&passwd->why, '\0');
    return passwd->why.error ? "malformed" : passwd->why.at;
}

static int file_error(const struct passwd *passwd, const char *what, int rc)
{
    co_error("cannot %s %s: %s", what, passwd->path,
        rc == -EMEDIUMTYPE ? "it is no regular file" : co_explain(rc));
    return CO_EXIT_FILE;
}

static int malformed(struct passwd *passwd)
{
    co_error("%s: %s", passwd->path, why(passwd));
    return CO_EXIT_FILE;
}

/* ---- what is asked for -------------------------------------------------------------------- */

static bool has_settings(const struct co_passwd_command *command)
{
    return command->home || command->rights || command->quota >= 0 || command->rate >= 0;
}

static int check_command(struct passwd *passwd)
{
    const struct co_passwd_command *command = passwd->command;
    const struct co_option_list *arguments = &command->common.arguments;
    if (arguments->count < 2) {
        co_error("usage: coronet passwd FILE NAME");
        return CO_EXIT_USAGE;
    }
    if (command->remove && has_settings(command)) {
        co_error("--delete goes with no other option of a user");
        return CO_EXIT_USAGE;
    }
    passwd->path = arguments->at[0];
    passwd->change = (struct co_passwd_change){
        .name = arguments->at[1],
        .home = command->home,
        .rights = command->rights,
        .quota = command->quota,
        .rate = command->rate,
        .remove = command->remove,
    };
    if (co_passwd_check(&passwd->change, &passwd->why) == 0)
        return 0;
    co_error("%s", why(passwd));
    return CO_EXIT_USAGE;
}

/* ---- the password ------------------------------------------------------------------------- */

static int bad_password(const char *text)
{
    co_error("%s; nothing was changed", text);
    return CO_EXIT_USAGE;
}

static int bad_line(long rc)
{
    if (rc == -ENODATA)
        return bad_password("no password was given");
    if (rc == -E2BIG)
        return bad_password("the password is longer than 256 bytes");
    co_error("cannot read the password: %s", co_explain((int)rc));
    return CO_EXIT_OTHER;
}

/* What is typed unseen is typed twice. */
static int confirm(struct passwd *passwd, size_t size)
{
    long again = co_ask_secret("Once more: ", passwd->again, CO_PASSWD_LINE_MAX);
    if (again < 0)
        return bad_line(again);
    if ((size_t)again != size || memcmp(passwd->again, passwd->password, size) != 0)
        return bad_password("the two differ");
    return 0;
}

/* Nothing at all keeps the password of a user of whom something else is changed. */
static int ask(struct passwd *passwd)
{
    char prompt[PROMPT_MAX];
    bool terminal = co_ask_is_terminal();
    bool may_keep = passwd->exists && has_settings(passwd->command);
    snprintf(prompt, sizeof prompt, "Password for %s%s: ", passwd->change.name,
        may_keep ? " (empty: the same as before)" : "");
    long size = co_ask_secret(prompt, passwd->password, CO_PASSWD_LINE_MAX);
    if (may_keep && (size == -ENODATA || (terminal && size == 0)))
        return 0;
    if (size < 0)
        return bad_line(size);
    if (size == 0)
        return bad_password("the password must not be empty");
    int code = terminal ? confirm(passwd, (size_t)size) : 0;
    passwd->change.password = (co_text){passwd->password, (size_t)size};
    if (code == 0 && co_passwd_check(&passwd->change, &passwd->why) < 0)
        return bad_password(why(passwd));
    return code;
}

/* ---- the file ----------------------------------------------------------------------------- */

static int look(struct passwd *passwd)
{
    int rc = co_replace_begin(&passwd->replace, passwd->path);
    if (rc == 0)
        rc = co_replace_read(&passwd->replace, &passwd->file);
    if (rc < 0)
        return file_error(passwd, "read", rc);
    rc = co_passwd_find(
        &passwd->exists, co_buf_text(&passwd->file), passwd->change.name, &passwd->why);
    return rc == CO_EINVALID ? malformed(passwd) : rc < 0 ? file_error(passwd, "read", rc) : 0;
}

static int change(struct passwd *passwd)
{
    co_buf_clear(&passwd->file);
    int rc = co_replace_lock(&passwd->replace);
    if (rc == 0)
        rc = co_replace_read(&passwd->replace, &passwd->file);
    if (rc < 0)
        return file_error(passwd, "read", rc);
    rc = co_passwd_edit(&passwd->made, co_buf_text(&passwd->file), &passwd->change, &passwd->why);
    if (rc == -ENOENT) {
        co_error("%s has no user %s", passwd->path, passwd->change.name);
        return CO_EXIT_FILE;
    }
    if (rc == CO_EINVALID)
        return malformed(passwd);
    if (rc == 0)
        rc = co_replace_write(&passwd->replace, &passwd->made);
    return rc < 0 ? file_error(passwd, "change", rc) : 0;
}

static void report(const struct passwd *passwd)
{
    const char *what = passwd->change.remove ? "removed" : passwd->exists ? "changed" : "added";
    struct co_buf line = CO_BUF(WHY_MAX);
    if (passwd->command->common.json) {
        co_log_event(&line, what, "user", passwd->change.name);
        printf("%.*s", (int)line.size, line.at);
    } else if (!passwd->command->common.quiet) {
        co_say("%s %s", what, passwd->change.name);
    }
    co_buf_free(&line);
}

int co_passwd_run(void *settings)
{
    struct passwd passwd = {
        .command = settings,
        .replace.folder_fd = -1,
        .file = CO_BUF(FILE_ROOM),
        .made = CO_BUF(CO_PASSWD_FILE_MAX),
        .why = CO_BUF(WHY_MAX),
    };
    int code = check_command(&passwd);
    if (code == 0)
        code = look(&passwd);
    if (code == 0 && !passwd.change.remove)
        code = ask(&passwd);
    if (code == 0)
        code = change(&passwd);
    if (code == 0)
        report(&passwd);
    explicit_bzero(passwd.password, sizeof passwd.password);
    explicit_bzero(passwd.again, sizeof passwd.again);
    co_replace_end(&passwd.replace);
    co_buf_free(&passwd.file);
    co_buf_free(&passwd.made);
    co_buf_free(&passwd.why);
    return code;
}
