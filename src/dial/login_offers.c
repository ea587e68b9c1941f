/* SPDX-License-Identifier: MIT */
#include "dial/login_offers.h"

#include <errno.h>

static int take_offer(const struct co_challenge *challenge, struct co_login_offers *offers)
{
    struct co_digest_login digest;
    if (co_text_equal_nocase(challenge->scheme, CO_TEXT("Basic")))
        offers->basic = true;
    if (!co_text_equal_nocase(challenge->scheme, CO_TEXT("Digest")))
        return 0;
    int rc = co_digest_login_read(challenge, &digest);
    if (rc < 0)
        return rc == -ENOMEM ? rc : 0;
    if (offers->digest && !co_digest_login_is_stronger(&digest, &offers->strongest)) {
        co_digest_login_end(&digest);
        return 0;
    }
    if (offers->digest)
        co_digest_login_end(&offers->strongest);
    offers->digest = true;
    offers->strongest = digest;
    return 0;
}

/* "Basic realm=the printer": what is asked for needs no realm, and nothing stronger stands behind.
 */
static bool is_sloppy_basic(const struct co_challenge *challenge, co_text rest)
{
    return co_text_equal_nocase(challenge->scheme, CO_TEXT("Basic")) && co_text_find(rest, ',') < 0;
}

static int read_offers_of(co_text field, struct co_login_offers *offers)
{
    struct co_challenge challenge;
    int next, rc = 0;
    while (rc == 0 && (next = co_challenge_next(&field, &challenge)) == 1)
        rc = take_offer(&challenge, offers);
    if (rc == 0 && next < 0)
        offers->basic |= is_sloppy_basic(&challenge, field);
    return rc;
}

int co_login_offers_read(
    const struct co_http1_response *head, co_text name, struct co_login_offers *ret)
{
    struct co_http_walk walk = {.fields = head->fields, .count = head->field_count, .name = name};
    struct co_login_offers offers = {0};
    co_text field;
    int rc = 0;
    while (rc == 0 && co_http_walk_line(&walk, &field))
        rc = read_offers_of(field, &offers);
    if (rc < 0 && offers.digest)
        co_digest_login_end(&offers.strongest);
    if (rc == 0)
        *ret = offers;
    return rc;
}
