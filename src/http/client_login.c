/* SPDX-License-Identifier: MIT */
#include "http/client_login.h"

#include "codec/base64.h"
#include "codec/netrc.h"
#include "dial/login_offers.h"
#include "http/client.h"
#include "http/field.h"
#include "net/fail.h"

#include <errno.h>
#include <stdlib.h>

#define TRIES_MAX 3 /* of one request: a server may let nonces go stale faster than we answer */

/* A challenge that is known: of a place, for a user. */
struct known {
    struct co_link link;
    struct co_buf host, user;
    struct co_pool_place place; /* its host lies in `host` */
    struct co_digest_login digest;
};

/* ---- who asks ------------------------------------------------------------------------------- */

int co_http_login_look_up(struct co_http_errand *errand, const struct co_url *given)
{
    struct co_buf user = CO_BUF(CO_HTTP_USER_MAX);
    struct co_netrc_login login = CO_NETRC_LOGIN;
    int rc = co_url_decode(given->user, &user);
    if (rc == 0 && errand->options->netrc.size) {
        rc = co_netrc_find(errand->options->netrc, given->host, co_buf_text(&user), &login);
        if (rc < 0)
            rc = co_fail(rc, "the netrc file is malformed, or has words that are too long");
    }
    if (rc == 1)
        co_buf_addf(&errand->user, "%.*s:%.*s", CO_TEXT_PRINT(co_buf_text(&login.name)),
            CO_TEXT_PRINT(co_buf_text(&login.password)));
    else if (rc == 0 && user.size)
        co_buf_addf(&errand->user, "%.*s:", CO_TEXT_PRINT(co_buf_text(&user)));
    co_buf_free(&user);
    co_netrc_login_free(&login);
    return rc < 0 ? rc : errand->user.error;
}

/* ---- what is remembered --------------------------------------------------------------------- */

void co_http_logins_start(struct co_http_logins *logins)
{
    co_list_init(&logins->known);
    logins->count = 0;
    logins->proxy = (struct co_proxy_login){0};
}

static void forget(struct co_http_logins *logins, struct known *known)
{
    co_list_remove(&known->link);
    logins->count--;
    co_digest_login_end(&known->digest);
    co_buf_free(&known->host);
    co_buf_free(&known->user);
    free(known);
}

static struct known *known_of(struct co_link *link)
{
    return CO_CONTAINER(link, struct known, link);
}

void co_http_logins_end(struct co_http_logins *logins)
{
    while (!co_list_empty(&logins->known))
        forget(logins, known_of(logins->known.next));
    co_proxy_login_end(&logins->proxy);
}

static bool is_known(const struct known *known, const struct co_http_errand *errand)
{
    struct co_pool_place place = co_http_errand_place(errand);
    return co_secret_is_same_place(&known->place, &place) &&
           co_text_equal(co_buf_text(&known->user), co_buf_text(&errand->user));
}

static struct known *recall(const struct co_http_errand *errand)
{
    struct co_link *all = &errand->login.logins->known;
    for (struct co_link *at = all->next; at != all; at = at->next)
        if (is_known(known_of(at), errand)) {
            co_list_remove(at);
            co_list_append(all, at);
            return known_of(at);
        }
    return NULL;
}

/* Takes the challenge over. */
static int remember(const struct co_http_errand *errand, struct co_digest_login *digest)
{
    struct co_http_logins *logins = errand->login.logins;
    struct known *before = recall(errand);
    struct known *known = calloc(1, sizeof *known);
    if (!known) {
        co_digest_login_end(digest);
        return -ENOMEM;
    }
    known->host = known->user = CO_BUF(CO_HTTP_USER_MAX);
    known->place = co_http_errand_place(errand);
    known->digest = *digest;
    co_buf_add_text(&known->host, known->place.host);
    co_buf_add_text(&known->user, co_buf_text(&errand->user));
    known->place.host = co_buf_text(&known->host);
    co_list_append(&logins->known, &known->link);
    logins->count++;
    int rc = known->host.error ? known->host.error : known->user.error;
    if (before)
        forget(logins, before);
    if (rc < 0)
        forget(logins, known);
    else if (logins->count > CO_HTTP_LOGINS_MAX)
        forget(logins, known_of(logins->known.next));
    return rc;
}

/* ---- what is shown -------------------------------------------------------------------------- */

/* A proxy that a request in clear text goes by hears it. */
static bool is_unheard(const struct co_http_errand *errand)
{
    struct co_pool_place place = co_http_errand_place(errand);
    return co_secret_is_unheard(&place) && (place.secure || !errand->proxy_url);
}

/* RFC 6750 2.1: a token68. */
static bool is_token(co_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~' || memchr("\",;\\", text.at[i], 4))
            return false;
    return text.size > 0;
}

/* RFC 6750 5.3: whoever hears it can use it. */
static int add_bearer(const struct co_http_errand *errand, struct co_buf *lines)
{
    co_text token = co_text_of(errand->what->bearer);
    if (!co_http_errand_may_tell(errand, CO_SECRET_BEARER))
        return 0;
    if (!is_token(token))
        return co_fail_at(CO_EINVALID, "show a token to", errand->url.at, "it is none", "");
    if (!is_unheard(errand))
        return co_fail_at(CO_EINVALID, "show a token to", errand->url.at,
            "others could hear it in clear text", " (use https)");
    co_buf_addf(lines, "Authorization: Bearer %.*s\r\n", CO_TEXT_PRINT(token));
    return lines->error;
}

static void add_basic(const struct co_http_errand *errand, struct co_buf *lines)
{
    co_buf_add_string(lines, "Authorization: Basic ");
    co_base64_encode(co_buf_text(&errand->user), lines);
    co_buf_add_string(lines, "\r\n");
}

static int add_digest(
    const struct co_http_errand *errand, struct co_digest_login *digest, struct co_buf *lines)
{
    struct co_buf target = CO_BUF(CO_HTTP_URL_MAX);
    co_text user = co_buf_text(&errand->user);
    ssize_t colon = co_text_find(user, ':');
    co_http_errand_target(errand, &target);
    const struct co_digest_request request = {
        .name = {user.at, colon < 0 ? user.size : (size_t)colon},
        .password = co_text_after(user, colon < 0 ? user.size : (size_t)colon + 1),
        .method = errand->method_text,
        .target = co_buf_text(&target),
    };
    co_buf_add_string(lines, "Authorization: ");
    int rc = target.error ? target.error : co_digest_login_show(digest, &request, lines);
    co_buf_add_string(lines, "\r\n");
    co_buf_free(&target);
    return rc < 0 ? rc : lines->error;
}

int co_http_login_add(struct co_http_errand *errand, struct co_buf *lines)
{
    struct co_http_login *login = &errand->login;
    login->shown = CO_HTTP_SHOWN_NOTHING;
    login->by_hand = co_http_line_has(lines, CO_TEXT("Authorization"));
    if (login->by_hand)
        return 0;
    if (errand->what->bearer)
        return add_bearer(errand, lines);
    if (!errand->user.size || !co_http_errand_may_tell(errand, CO_SECRET_USER))
        return 0;
    struct known *known = recall(errand);
    if (known) {
        login->shown = login->answered ? CO_HTTP_SHOWN_DIGEST : CO_HTTP_SHOWN_REMEMBERED;
        return add_digest(errand, &known->digest, lines);
    }
    if (!errand->what->digest_only && (login->asked || is_unheard(errand))) {
        login->shown = CO_HTTP_SHOWN_BASIC;
        add_basic(errand, lines);
    }
    return lines->error;
}

int co_http_login_add_proxy(struct co_http_errand *errand, struct co_buf *lines)
{
    struct co_buf target = CO_BUF(2 * CO_HTTP_URL_MAX);
    if (!errand->is_forwarded) /* nobody else may hear it (attacks C11) */
        return 0;
    co_http_errand_asked_target(errand, &target);
    int rc = target.error;
    if (rc == 0)
        rc = co_proxy_authorize(&errand->proxy, &errand->login.logins->proxy, errand->method_text,
            co_buf_text(&target), lines);
    co_buf_free(&target);
    return rc;
}

/* ---- what the server asks for --------------------------------------------------------------- */

/* Digest is answered once, and again only when the nonce was too old. 1: ask again. */
static int answer_digest(struct co_http_errand *errand, struct co_digest_login *digest)
{
    struct co_http_login *login = &errand->login;
    if (login->shown == CO_HTTP_SHOWN_DIGEST && !digest->stale) {
        struct known *known = recall(errand);
        if (known)
            forget(login->logins, known);
        co_digest_login_end(digest);
        return 0;
    }
    login->answered = true;
    int rc = remember(errand, digest);
    return rc < 0 ? rc : 1;
}

/* RFC 7616 3.5: the nonce for the requests to come. */
static void take_info(const struct co_http_errand *errand, const struct co_http1_response *head)
{
    struct co_challenge info;
    struct co_buf nonce = CO_BUF(CO_DIGEST_LOGIN_BYTES_MAX);
    struct known *known = errand->login.shown >= CO_HTTP_SHOWN_REMEMBERED ? recall(errand) : NULL;
    co_text field =
        co_http_field_find(head->fields, head->field_count, CO_TEXT("Authentication-Info"));
    if (!known || !field.at || co_challenge_params(field, &info) < 0)
        return;
    const struct co_challenge_param *next = co_challenge_find(&info, CO_TEXT("nextnonce"));
    if (next && co_challenge_value(next, &nonce) == 0 && nonce.size &&
        co_digest_login_renew(&known->digest, co_buf_text(&nonce)) < 0)
        forget(errand->login.logins, known);
    co_buf_free(&nonce);
}

int co_http_login_answer(struct co_http_errand *errand, const struct co_http1_response *head)
{
    struct co_http_login *login = &errand->login;
    struct co_login_offers offers;
    if (errand->is_forwarded) {
        int again =
            co_proxy_login_answer(&errand->proxy, &login->logins->proxy, &login->proxy_tries, head);
        if (again != 0)
            return again;
    }
    if (head->status != 401) {
        take_info(errand, head);
        return 0;
    }
    if (login->by_hand || errand->what->bearer || !errand->user.size || login->tries == TRIES_MAX ||
        !co_http_errand_may_tell(errand, CO_SECRET_USER))
        return 0;
    login->tries++;
    int rc = co_login_offers_read(head, CO_TEXT("WWW-Authenticate"), &offers);
    if (rc < 0)
        return rc;
    if (offers.digest)
        return answer_digest(errand, &offers.strongest);
    /* Whoever has been answered by Digest is not told the password afterwards. */
    if (login->shown != CO_HTTP_SHOWN_NOTHING || !offers.basic || errand->what->digest_only)
        return 0;
    login->asked = true;
    return 1;
}
