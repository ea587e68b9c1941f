/* SPDX-License-Identifier: MIT */
#include "transfer/ftp_place.h"

#include "codec/netrc.h"
#include "codec/url.h"
#include "ftp/client.h"

#include <strings.h>

#define TEXT_MAX 16384 /* bytes of each part */

static const struct {
    const char *scheme;
    enum co_ftp_security security;
    uint16_t port;
} schemes[] = {
    {"ftp", CO_FTP_CLEAR, 21},
    {"ftps", CO_FTP_IMPLICIT, 990},
    {"ftpes", CO_FTP_EXPLICIT, 21},
};

bool co_ftp_is_url(const char *word)
{
    for (size_t i = 0; i < CO_LENGTH(schemes); i++) {
        size_t size = strlen(schemes[i].scheme);
        if (strncasecmp(word, schemes[i].scheme, size) == 0 && strncmp(word + size, "://", 3) == 0)
            return true;
    }
    return false;
}

/* ---- the type ------------------------------------------------------------------------------- */

/* 'a' or 'i' where the URL says so; else 0. */
static char type_of(co_text url)
{
    const co_text mark = CO_TEXT(";type=");
    if (url.size <= mark.size)
        return 0;
    co_text end = co_text_after(url, url.size - mark.size - 1);
    char type = co_lower(end.at[mark.size]);
    bool is_type = co_text_equal_nocase((co_text){end.at, mark.size}, mark);
    return is_type && (type == 'a' || type == 'i') ? type : 0;
}

co_text co_ftp_plain_url(const char *url)
{
    co_text text = co_text_of(url);
    if (co_ftp_is_url(url) && type_of(text))
        text.size -= sizeof ";type=a" - 1;
    return text;
}

/* ---- parts ---------------------------------------------------------------------------------- */

/* Ends it by a NUL that is not counted, if a command may hold it. */
static int seal(struct co_buf *part)
{
    bool has_nul = co_text_find(co_buf_text(part), '\0') >= 0;
    co_buf_add_char(part, '\0');
    if (part->error)
        return part->error;
    part->size--;
    if (has_nul || !co_ftp_client_may_say(part->at))
        return co_fail(CO_EINVALID, "a line's end or NUL in the URL or the user cannot be said");
    return 0;
}

static int decode(co_text text, struct co_buf *out)
{
    int rc = co_url_decode(text, out);
    return rc < 0 ? rc : seal(out);
}

static int take_user(struct co_ftp_place *place, const struct co_url *url, const char *given)
{
    if (!given) {
        int rc = url->user.at ? decode(url->user, &place->user) : 0;
        return rc == 0 && url->user.at ? decode(url->password, &place->password) : rc;
    }
    const char *colon = strchr(given, ':');
    co_buf_add(&place->user, given, colon ? (size_t)(colon - given) : strlen(given));
    co_buf_add_string(&place->password, colon ? colon + 1 : "");
    int rc = seal(&place->user);
    return rc < 0 ? rc : seal(&place->password);
}

static int take_path(struct co_ftp_place *place, co_text path)
{
    path = co_text_after(path, path.size > 0);
    while (path.size > 1 && path.at[path.size - 1] == '/')
        path.size--;
    return decode(path, &place->path);
}

int co_ftp_place_parse(struct co_ftp_place *ret, const char *url, const char *user)
{
    struct co_url parsed;
    *ret = (struct co_ftp_place){
        .host = CO_BUF(TEXT_MAX),
        .path = CO_BUF(TEXT_MAX),
        .user = CO_BUF(TEXT_MAX),
        .password = CO_BUF(TEXT_MAX),
        .account = CO_BUF(TEXT_MAX),
        .ascii = type_of(co_text_of(url)) == 'a',
    };
    int rc = co_url_parse(co_ftp_plain_url(url), &parsed);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < CO_LENGTH(schemes); i++)
        if (co_text_equal_nocase(parsed.scheme, co_text_of(schemes[i].scheme))) {
            ret->security = schemes[i].security;
            ret->port = parsed.port ? parsed.port : schemes[i].port;
        }
    co_buf_add_text(&ret->host, parsed.host);
    rc = seal(&ret->host);
    if (rc == 0)
        rc = take_user(ret, &parsed, user);
    return rc < 0 ? rc : take_path(ret, parsed.path);
}

int co_ftp_place_look_up(struct co_ftp_place *place, co_text netrc)
{
    struct co_netrc_login login = CO_NETRC_LOGIN;
    int rc = 0;
    if (place->password.size == 0 && netrc.size > 0)
        rc = co_netrc_find(netrc, co_buf_text(&place->host), co_buf_text(&place->user), &login);
    if (rc != 1) {
        co_netrc_login_free(&login);
        return rc < 0 ? co_fail(rc, "the netrc file is malformed, or has words that are too long")
                      : 0;
    }
    co_buf_free(&place->user);
    co_buf_free(&place->password);
    co_buf_free(&place->account);
    place->user = login.name;
    place->password = login.password;
    place->account = login.account;
    rc = seal(&place->user);
    rc = rc < 0 ? rc : seal(&place->password);
    return rc < 0 || place->account.size == 0 ? rc : seal(&place->account);
}

void co_ftp_place_free(struct co_ftp_place *place)
{
    co_buf_free(&place->host);
    co_buf_free(&place->path);
    co_buf_free(&place->user);
    co_buf_free(&place->password);
    co_buf_free(&place->account);
}
