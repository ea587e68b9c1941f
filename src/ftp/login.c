/* SPDX-License-Identifier: MIT */
/* Who is there (RFC 959 4.1.1, RFC 7151): an account, and the tree that it may see. */
#include "base/error.h"
#include "coding/gzip.h"
#include "ftp/session.h"

#include <errno.h>
#include <stdlib.h>

#define FAILURES_MAX   3   /* in one session; the authenticator counts by address */
#define USER_BYTES_MAX 256 /* bytes of a user name that are kept (attacks F19) */

void co_ftp_logout(struct co_ftp_session *session)
{
    const struct co_ftp_options *options = &session->server->options;
    if (session->account.held && options->leave)
        options->leave(options->authenticate_arg, &session->account);
    if (session->tree)
        session->start_ns = co_now_ns(); /* the next login has its own time */
    co_tree_view_leave(session->view);
    free(session->user);
    free(session->rename_from);
    free(session->compared);
    session->view = NULL;
    session->tree = NULL;
    session->user = session->rename_from = session->compared = NULL;
    session->account = (struct co_account){0};
    session->restart = session->range_end = 0;
    co_buf_free(&session->folder);
}

void co_ftp_begin_anew(struct co_ftp_session *session)
{
    co_ftp_logout(session);
    co_ftp_data_forget(session);
    session->telnet = (struct co_telnet){0};
    session->ascii = true; /* RFC 959 3.1.1.1 */
    session->epsv_all = session->packed = session->buffer_agreed = false;
    session->data_secure = session->implicit;
    session->facts = CO_FTP_FACTS_ALL;
    session->hash = CO_DIGEST_SHA256;
    session->pack_level = CO_GZIP_GOOD;
}

static bool is_anonymous(const struct co_ftp_session *session)
{
    co_text name = co_text_of(session->user);
    return co_text_equal_nocase(name, CO_TEXT("anonymous")) ||
           co_text_equal_nocase(name, CO_TEXT("ftp"));
}

static bool is_welcome(const struct co_ftp_session *session)
{
    return is_anonymous(session) && !session->server->options.no_anonymous;
}

co_text co_ftp_uploader(const struct co_ftp_session *session, char room[CO_CLIENT_ANONYMOUS_MAX])
{
    co_address peer;
    if (!is_welcome(session))
        return co_text_of(session->user);
    co_stream_peer(session->control, &peer);
    return co_client_anonymous(&peer, room);
}

/* RFC 959 allows USER at any time: it begins a new login. All names get the same answer (attacks
 * M07). */
int co_ftp_on_user(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    co_text name = command->argument;
    co_ftp_logout(session);
    if (!co_ftp_may_log_in(session))
        return 0;
    if (name.size > USER_BYTES_MAX)
        return co_ftp_reply(session, 501, "A user name has at most %d bytes.", USER_BYTES_MAX);
    session->user = co_text_copy(name);
    if (!session->user)
        return co_ftp_reply_error(session, -ENOMEM);
    if (is_welcome(session))
        return co_ftp_reply(session, 331, "Anonymous is welcome; give any password.");
    return co_ftp_reply(session, 331, "Now the password.");
}

static int authenticate(struct co_ftp_session *session, co_text password)
{
    const struct co_ftp_options *options = &session->server->options;
    if (is_welcome(session)) {
        session->account.rights = options->anonymous_rights;
        return 0;
    }
    if (!options->authenticate)
        return -EACCES;
    return options->authenticate(options->authenticate_arg, co_peer(session->control),
        co_text_of(session->user), password, &session->account);
}

/* Shows the visitor the account's tree. */
static int enter(struct co_ftp_session *session)
{
    int rc = co_tree_view_enter(&session->shard->views, &session->account, &session->view);
    if (rc == 0)
        session->tree = session->view->tree;
    return rc;
}

static int refuse(struct co_ftp_session *session, int rc)
{
    if (rc == -EBUSY) {
        co_ftp_reply(session, 421, "Too many logins have failed from there; try again later.");
        return CO_FTP_BYE;
    }
    if (rc != -EACCES)
        co_ftp_reply(session, 421, "Logging in is not possible now (%s).", co_error_sentence(rc));
    else
        co_ftp_reply(session, 530, "User name or password is wrong.");
    return rc != -EACCES || ++session->failures >= FAILURES_MAX ? CO_FTP_BYE : 0;
}

static void tell(struct co_ftp_session *session, int rc, co_text home)
{
    co_ftp_tell(session, &(struct co_ftp_event){
                             .kind = rc < 0 ? CO_FTP_LOGIN_FAILED : CO_FTP_LOGGED_IN,
                             .command = CO_TEXT("PASS"),
                             .path = home,
                             .start_seconds = co_wall_seconds(),
                             .error = rc,
                         });
}

/* Of whoever is who they say, but has no folder here: nobody guesses at that, so it is no failure
 * but of the session. */
static int refuse_entry(struct co_ftp_session *session, int rc)
{
    bool lasts = rc == -ENOENT || rc == -ENOTDIR || rc == -EACCES || rc == -ELOOP;
    if (lasts)
        co_ftp_reply(session, 530, "Your folder cannot be opened on this server (%s).",
            co_error_sentence(rc));
    else
        co_ftp_reply(session, 421, "Logging in is not possible now (%s).", co_error_sentence(rc));
    tell(session, rc, co_text_of(session->account.home ? session->account.home : ""));
    co_ftp_logout(session);
    return !lasts || ++session->failures >= FAILURES_MAX ? CO_FTP_BYE : 0;
}

static int welcome(struct co_ftp_session *session)
{
    int rc = co_ftp_reply(session, 230, "Logged in. %s",
        session->account.rights & CO_MAY_ADD ? "You may upload." : "You may read.");
    tell(session, 0, (co_text){0});
    return rc;
}

int co_ftp_on_pass(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    if (!co_ftp_may_log_in(session))
        return 0;
    if (session->tree)
        return co_ftp_reply(session, 503, "You are logged in; USER begins anew.");
    if (!session->user)
        return co_ftp_reply(session, 503, "First say who you are, by USER.");
    int rc = authenticate(session, command->argument);
    if (rc == 0) {
        rc = enter(session);
        return rc < 0 ? refuse_entry(session, rc) : welcome(session);
    }
    session->account = (struct co_account){0};
    int result = refuse(session, rc);
    tell(session, rc, (co_text){0});
    return result;
}

int co_ftp_on_acct(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    (void)command;
    return co_ftp_reply(session, 202, "No account is needed.");
}

int co_ftp_on_rein(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    (void)command;
    co_ftp_begin_anew(session);
    int rc = co_ftp_reply(session, 220, "Ready for a new user.");
    return rc < 0 ? rc : co_ftp_end_tls(session);
}

/* RFC 7151 3.1: before the login. There is one tree, whatever name led here. */
/* A name, or an address, that of IPv6 in brackets; without a port (RFC 7151 3.1). */
static bool is_host(co_text text)
{
    const char *bytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    if (text.size > 2 && text.at[0] == '[' && text.at[text.size - 1] == ']') {
        text = (co_text){text.at + 1, text.size - 2};
        bytes = "0123456789abcdefABCDEF:.";
    }
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] == '\0' || !strchr(bytes, text.at[i]))
            return false;
    return true;
}

int co_ftp_on_host(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    if (session->user)
        return co_ftp_reply(session, 503, "HOST comes before USER.");
    if (!is_host(command->argument))
        return co_ftp_reply(session, 501, "Expected the name or the address of a host.");
    return co_ftp_reply(session, 220, "Welcome.");
}
