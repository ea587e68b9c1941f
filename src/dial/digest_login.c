/* SPDX-License-Identifier: MIT */
#include "dial/digest_login.h"

#include "codec/base64.h"
#include "codec/http1.h"
#include "coronet/fiber.h"

#include <errno.h>

#define HEX_BYTES    65 /* of the longest digest, and what ends it */
#define CNONCE_BYTES 16 /* random */

/* The stronger ones last. */
static const struct {
    co_text name;
    enum co_digest_kind kind;
    unsigned strength;
} algorithms[] = {
    {CO_TEXT("MD5"), CO_DIGEST_MD5, 0},
    {CO_TEXT("SHA-256"), CO_DIGEST_SHA256, 1},
    {CO_TEXT("SHA-512-256"), CO_DIGEST_SHA512_256, 2},
};

static unsigned strength_of(enum co_digest_kind kind)
{
    for (size_t i = 0; i < CO_LENGTH(algorithms); i++)
        if (algorithms[i].kind == kind)
            return algorithms[i].strength;
    return 0;
}

bool co_digest_login_is_stronger(
    const struct co_digest_login *one, const struct co_digest_login *other)
{
    return strength_of(one->kind) > strength_of(other->kind);
}

/* ---- the challenge -------------------------------------------------------------------------- */

/* Takes a parameter's value into the login's own text. False when there is none. */
static bool take(const struct co_challenge *challenge, const char *name,
    struct co_digest_login *login, co_text *ret)
{
    const struct co_challenge_param *param = co_challenge_find(challenge, co_text_of(name));
    size_t from = login->text.size;
    if (!param || co_challenge_value(param, &login->text) < 0)
        return false;
    *ret = (co_text){login->text.at + from, login->text.size - from};
    return true;
}

static bool find_algorithm(co_text name, struct co_digest_login *login)
{
    co_text suffix = CO_TEXT("-sess"), plain = name;
    if (name.size > suffix.size &&
        co_text_equal_nocase(co_text_after(name, name.size - suffix.size), suffix)) {
        login->session = true;
        plain.size -= suffix.size;
    }
    for (size_t i = 0; i < CO_LENGTH(algorithms); i++)
        if (co_text_equal_nocase(plain, algorithms[i].name)) {
            login->kind = algorithms[i].kind;
            return true;
        }
    return false;
}

/* A list of what the server understands, "auth" among it. */
static bool offers_auth(co_text list)
{
    co_text element;
    while (co_http_list_next(&list, &element))
        if (co_text_equal_nocase(element, CO_TEXT("auth")))
            return true;
    return false;
}

/* RFC 7616 3.3. */
static bool read_all(const struct co_challenge *challenge, struct co_digest_login *login)
{
    co_text word;
    login->kind = CO_DIGEST_MD5;
    if (!take(challenge, "realm", login, &login->realm) ||
        !take(challenge, "nonce", login, &login->nonce))
        return false;
    (void)take(challenge, "opaque", login, &login->opaque);
    if (take(challenge, "algorithm", login, &login->algorithm) &&
        !find_algorithm(login->algorithm, login))
        return false;
    if (take(challenge, "qop", login, &word)) {
        login->qop = offers_auth(word);
        if (!login->qop)
            return false;
    }
    login->userhash =
        take(challenge, "userhash", login, &word) && co_text_equal_nocase(word, CO_TEXT("true"));
    login->stale =
        take(challenge, "stale", login, &word) && co_text_equal_nocase(word, CO_TEXT("true"));
    return login->nonce.size > 0 && (login->qop || !login->session);
}

int co_digest_login_read(const struct co_challenge *challenge, struct co_digest_login *ret)
{
    struct co_digest_login login = {.text = CO_BUF(CO_DIGEST_LOGIN_BYTES_MAX)};
    /* All at once: slices into the text must not move. */
    bool good = co_buf_reserve(&login.text, CO_DIGEST_LOGIN_BYTES_MAX) != NULL;
    if (good)
        good = read_all(challenge, &login);
    int rc = login.text.error ? login.text.error : good ? 0 : CO_EINVALID;
    if (rc < 0)
        co_buf_free(&login.text);
    else
        *ret = login;
    return rc == CO_ETOOBIG ? CO_EINVALID : rc;
}

void co_digest_login_end(struct co_digest_login *login)
{
    co_buf_free(&login->text);
}

int co_digest_login_renew(struct co_digest_login *login, co_text nonce)
{
    size_t from = login->text.size;
    if (co_text_equal(nonce, login->nonce))
        return 0;
    if (nonce.size > login->nonce.size && nonce.size > CO_DIGEST_LOGIN_BYTES_MAX - from)
        return CO_ETOOBIG;
    if (nonce.size <= login->nonce.size) {
        char *place = login->text.at + (login->nonce.at - login->text.at);
        memcpy(place, nonce.at, nonce.size);
        login->nonce.size = nonce.size;
    } else {
        co_buf_add_text(&login->text, nonce);
        login->nonce = (co_text){login->text.at + from, nonce.size};
    }
    login->count = 0;
    return login->text.error;
}

/* ---- the answer ----------------------------------------------------------------------------- */

/* The digest of the parts with colons between them, in hexadecimal. */
static int digest(enum co_digest_kind kind, const co_text *parts, size_t count, struct co_buf *out)
{
    struct co_digest *digest;
    int rc = co_digest_new(&digest, kind);
    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        if (i > 0)
            rc = co_digest_step(digest, CO_TEXT(":"));
        if (rc == 0)
            rc = co_digest_step(digest, parts[i]);
    }
    if (rc == 0)
        rc = co_digest_end(digest, out);
    co_digest_free(digest);
    return rc;
}

/* RFC 7616 3.4.2: H(A1). */
static int digest_secret(const struct co_digest_login *login,
    const struct co_digest_request *request, struct co_buf *out)
{
    struct co_buf user = CO_BUF(HEX_BYTES);
    const co_text parts[] = {request->name, login->realm, request->password};
    if (!login->session)
        return digest(login->kind, parts, CO_LENGTH(parts), out);
    int rc = digest(login->kind, parts, CO_LENGTH(parts), &user);
    const co_text session[] = {co_buf_text(&user), login->nonce, request->cnonce};
    if (rc == 0)
        rc = digest(login->kind, session, CO_LENGTH(session), out);
    co_buf_free(&user);
    return rc;
}

/* RFC 7616 3.4.1: the response. count: as text. */
static int digest_response(const struct co_digest_login *login,
    const struct co_digest_request *request, co_text count, struct co_buf *out)
{
    struct co_buf secret = CO_BUF(HEX_BYTES), what = CO_BUF(HEX_BYTES);
    const co_text asked[] = {request->method, request->target};
    int rc = digest_secret(login, request, &secret);
    if (rc == 0)
        rc = digest(login->kind, asked, CO_LENGTH(asked), &what);
    const co_text with_qop[] = {co_buf_text(&secret), login->nonce, count, request->cnonce,
        CO_TEXT("auth"), co_buf_text(&what)};
    const co_text without[] = {co_buf_text(&secret), login->nonce, co_buf_text(&what)};
    if (rc == 0)
        rc = login->qop ? digest(login->kind, with_qop, CO_LENGTH(with_qop), out)
                        : digest(login->kind, without, CO_LENGTH(without), out);
    co_buf_free(&secret);
    co_buf_free(&what);
    return rc;
}

/* RFC 7616 3.4.4: a digest stands for the name where the server can find it so. */
static int write_name(const struct co_digest_login *login, co_text name, struct co_buf *out)
{
    const co_text parts[] = {name, login->realm};
    co_buf_add_string(out, "Digest username=");
    if (!login->userhash)
        return co_quoted_write(name, out);
    co_buf_add_char(out, '"');
    int rc = digest(login->kind, parts, CO_LENGTH(parts), out);
    co_buf_add_string(out, "\", userhash=true");
    return rc;
}

static int write_quoted(const char *name, co_text value, struct co_buf *out)
{
    co_buf_addf(out, ", %s=", name);
    return co_quoted_write(value, out);
}

int co_digest_login_write(
    struct co_digest_login *login, const struct co_digest_request *request, struct co_buf *out)
{
    struct co_buf response = CO_BUF(HEX_BYTES), count = CO_BUF(16);
    co_buf_addf(&count, "%08x", ++login->count);
    int rc = digest_response(login, request, co_buf_text(&count), &response);
    if (rc == 0)
        rc = write_name(login, request->name, out);
    if (rc == 0)
        rc = write_quoted("realm", login->realm, out);
    if (rc == 0)
        rc = write_quoted("nonce", login->nonce, out);
    if (rc == 0)
        rc = write_quoted("uri", request->target, out);
    if (rc == 0)
        rc = write_quoted("response", co_buf_text(&response), out);
    if (rc == 0 && login->algorithm.size)
        co_buf_addf(out, ", algorithm=%.*s", CO_TEXT_PRINT(login->algorithm));
    if (rc == 0 && login->opaque.at)
        rc = write_quoted("opaque", login->opaque, out);
    if (rc == 0 && login->qop) {
        co_buf_addf(out, ", qop=auth, nc=%.*s", CO_TEXT_PRINT(co_buf_text(&count)));
        rc = write_quoted("cnonce", request->cnonce, out);
    }
    co_buf_free(&response);
    co_buf_free(&count);
    return rc < 0 ? rc : out->error;
}

int co_digest_login_show(
    struct co_digest_login *login, const struct co_digest_request *request, struct co_buf *out)
{
    uint8_t random[CNONCE_BYTES];
    struct co_buf cnonce = CO_BUF(4 * CNONCE_BYTES);
    struct co_digest_request whole = *request;
    co_random(random, sizeof random);
    co_base64_encode((co_text){(const char *)random, sizeof random}, &cnonce);
    whole.cnonce = co_buf_text(&cnonce);
    int rc = cnonce.error ? cnonce.error : co_digest_login_write(login, &whole, out);
    co_buf_free(&cnonce);
    return rc;
}
