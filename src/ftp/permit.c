/* SPDX-License-Identifier: MIT */
/* The server's permission for what a command is about to do. */
#include "ftp/session.h"

#include <errno.h>

int co_ftp_ask(struct co_ftp_session *session, unsigned right, co_text path)
{
    const struct co_ftp_options *options = &session->server->options;
    struct co_buf shown = CO_BUF(CO_TREE_PATH_MAX + 1);
    if (!options->permit)
        return 0;
    co_ftp_shown_path(&shown, path);
    const struct co_ftp_wish wish = {
        .peer = co_peer(session->control),
        .scheme = co_ftp_is_secure(session) ? "ftps" : "ftp",
        .user = co_text_of(session->user),
        .account = &session->account,
        .command = co_text_of(co_ftp_rule_name(session->rule)),
        .right = right,
        .path = co_buf_text(&shown),
    };
    int rc = shown.error ? shown.error : options->permit(options->permit_arg, &wish);
    co_buf_free(&shown);
    return rc > 0 ? -EPERM : rc;
}

int co_ftp_path_permitted(struct co_ftp_session *session, co_text argument, struct co_buf *out)
{
    int rc = co_ftp_path(session, argument, out);
    return rc < 0 ? rc : co_ftp_ask(session, session->rule->right, co_buf_text(out));
}
