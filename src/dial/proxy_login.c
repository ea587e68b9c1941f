/* SPDX-License-Identifier: MIT */
/*
 * Who asks a proxy of HTTP (RFC 9110 11.7). The password is told at once (Basic, RFC 7617), and no
 * more once the proxy has offered Digest (RFC 7616): then it is told proofs of it.
 */
#include "codec/base64.h"
#include "dial/login_offers.h"
#include "dial/proxy.h"

#define TRIES_MAX 3 /* of one request: a proxy may let nonces go stale faster than we answer */

/* RFC 7617, in which a name has no colon. */
static int add_basic(const struct co_proxy *proxy, struct co_buf *out)
{
    struct co_buf both = CO_BUF(2 * CO_PROXY_USER_MAX + 1);
    co_buf_add_text(&both, co_buf_text(&proxy->user));
    co_buf_add_char(&both, ':');
    co_buf_add_text(&both, co_buf_text(&proxy->password));
    co_buf_add_string(out, "Basic ");
    co_base64_encode(co_buf_text(&both), out);
    int rc = both.error;
    co_buf_free(&both);
    return rc;
}

static int add_digest(const struct co_proxy *proxy, struct co_digest_login *digest, co_text method,
    co_text target, struct co_buf *out)
{
    const struct co_digest_request request = {
        .name = co_buf_text(&proxy->user),
        .password = co_buf_text(&proxy->password),
        .method = method,
        .target = target,
    };
    return co_digest_login_show(digest, &request, out);
}

int co_proxy_authorize(const struct co_proxy *proxy, struct co_proxy_login *login, co_text method,
    co_text target, struct co_buf *out)
{
    if (proxy->user.size == 0)
        return 0;
    co_buf_add_string(out, "Proxy-Authorization: ");
    int rc = login->known ? add_digest(proxy, &login->digest, method, target, out)
                          : add_basic(proxy, out);
    co_buf_add_string(out, "\r\n");
    return rc < 0 ? rc : out->error;
}

int co_proxy_login_answer(const struct co_proxy *proxy, struct co_proxy_login *login,
    unsigned *tries, const struct co_http1_response *head)
{
    struct co_login_offers offers;
    if (head->status != 407) {
        *tries = 0;
        return 0;
    }
    if (proxy->user.size == 0 || *tries == TRIES_MAX)
        return 0;
    int rc = co_login_offers_read(head, CO_TEXT("Proxy-Authenticate"), &offers);
    if (rc < 0 || !offers.digest)
        return rc; /* the password itself it has been told, or is not to be */
    if (*tries > 0 && !offers.strongest.stale) {
        co_digest_login_end(&offers.strongest);
        return 0;
    }
    ++*tries;
    co_proxy_login_end(login);
    *login = (struct co_proxy_login){.known = true, .digest = offers.strongest};
    return 1;
}

void co_proxy_login_end(struct co_proxy_login *login)
{
    if (login->known)
        co_digest_login_end(&login->digest);
    login->known = false;
}
