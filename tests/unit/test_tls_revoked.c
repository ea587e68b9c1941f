/* SPDX-License-Identifier: MIT */
/* Clients whose certificates have been revoked (RFC 5280 5). */
#include "club_rig.h"

#include <openssl/pem.h>

#define TEXT_MAX 4096

/* An authority's CRL, in PEM behind what there is already: of this certificate, NULL: of none, and
 * for so many seconds. */
static void crl_add(
    const struct forged *authority, const struct forged *revoked, long ends, char text[TEXT_MAX])
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *time = X509_gmtime_adj(NULL, ends < 0 ? 2 * ends : -HOUR);
    X509_CRL_set_version(crl, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(authority->x));
    X509_CRL_set1_lastUpdate(crl, time);
    if (revoked) {
        X509_REVOKED *entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked->x));
        X509_REVOKED_set_revocationDate(entry, time);
        X509_CRL_add0_revoked(crl, entry);
    }
    X509_gmtime_adj(time, ends);
    X509_CRL_set1_nextUpdate(crl, time);
    X509_CRL_sign(crl, authority->key, EVP_sha256());
    BIO *out = BIO_new(BIO_s_mem());
    PEM_write_bio_X509_CRL(out, crl);
    pem_take(out, text + strlen(text), TEXT_MAX - strlen(text));
    ASN1_TIME_free(time);
    X509_CRL_free(crl);
}

/* A server for localhost whose clients are trusted so. */
static co_tls *strict_of(const struct identity *own, const char *authorities, const char *crls)
{
    const struct co_tls_certificate certificate = certificate_of(own);
    const struct co_tls_options options = {.certificates = &certificate,
        .certificate_count = 1,
        .clients = CO_TLS_CLIENTS_REQUIRED,
        .authorities = co_text_of(authorities),
        .crls = co_text_of(crls)};
    co_tls *tls = NULL;
    CHECK_INT(co_tls_server(&tls, &options), 0);
    return tls;
}

/* How it ends, in each version. */
static int ends_with(
    const char *authorities, const char *crls, const struct identity *shown, int result)
{
    struct identity own = identity_new("DNS:localhost", ANY_DAY);
    co_tls *server = strict_of(&own, authorities, crls);
    for (size_t i = 0; i < CO_LENGTH(versions); i++)
        CHECK_INT(visit_as(server, &own, shown, versions[i]).server, result);
    co_tls_free(server);
    return 0;
}

KERNEL_TEST(who_is_revoked_is_refused_t05)
{
    static struct club club, other;
    char none[TEXT_MAX] = "", bad[TEXT_MAX] = "", old[TEXT_MAX] = "", others[TEXT_MAX] = "";
    club_new(&club);
    club_new(&other);
    struct forged made = forge(&ann, NULL, &club.authority);
    struct identity shown = identity_of_forged(&made), good = member(&club, &ann);
    crl_add(&club.authority, NULL, HOUR, none);
    crl_add(&club.authority, &made, HOUR, bad);
    crl_add(&club.authority, NULL, -HOUR, old);
    crl_add(&other.authority, NULL, HOUR, others);
    ends_with(club.trusted, none, &shown, 0);
    ends_with(club.trusted, bad, &shown, CO_ECERTIFICATE);
    ends_with(club.trusted, bad, &good, 0);
    ends_with(club.trusted, old, &good, CO_ECERTIFICATE);
    ends_with(club.trusted, others, &good, CO_ECERTIFICATE);
    forged_free(&made);
    forged_free(&club.authority);
    forged_free(&other.authority);
    return 0;
}

/* Nor is anybody let in for whom an authority vouches that is revoked. */
KERNEL_TEST(authorities_are_asked_about_too_t05)
{
    static const struct paper usual;
    static struct club club;
    char one[TEXT_MAX] = "", good[TEXT_MAX] = "", bad[TEXT_MAX] = "";
    club_new(&club);
    struct forged middle = forge(&usual, "middle", &club.authority);
    struct forged made = forge(&ann, NULL, &middle);
    struct identity shown = identity_of_forged(&made);
    size_t size = strlen(shown.chain);
    text_of(middle.x, shown.chain + size, sizeof shown.chain - size);
    crl_add(&middle, NULL, HOUR, one);
    crl_add(&middle, NULL, HOUR, good);
    crl_add(&club.authority, NULL, HOUR, good);
    crl_add(&middle, NULL, HOUR, bad);
    crl_add(&club.authority, &middle, HOUR, bad);
    ends_with(club.trusted, good, &shown, 0);
    ends_with(club.trusted, one, &shown, CO_ECERTIFICATE);
    ends_with(club.trusted, bad, &shown, CO_ECERTIFICATE);
    forged_free(&made);
    forged_free(&middle);
    forged_free(&club.authority);
    return 0;
}

/* Whoever is resumed shows no certificate again. */
KERNEL_TEST(a_session_ends_with_the_crls_that_it_was_judged_by_t03)
{
    static struct club club;
    char none[TEXT_MAX] = "", bad[TEXT_MAX] = "";
    struct identity own = identity_new("DNS:localhost", ANY_DAY);
    const struct co_tls_certificate certificate = certificate_of(&own);
    club_new(&club);
    struct forged made = forge(&ann, NULL, &club.authority);
    struct identity shown = identity_of_forged(&made);
    crl_add(&club.authority, NULL, 1800, none);
    crl_add(&club.authority, &made, HOUR, bad);
    for (size_t i = 0; i < CO_LENGTH(versions); i++) {
        co_tls *server = strict_of(&own, club.trusted, none), *client = client_of(&own, &shown);
        SSL_CTX_set_max_proto_version(client->set->contexts[0], versions[i]);
        CHECK(!visit(server, client).resumed);
        CHECK(life_of_ticket(client) > 1700 && life_of_ticket(client) <= 1800);
        CHECK_INT(co_tls_renew(server, &certificate, 1), 0); /* the CRLs stay */
        CHECK(visit(server, client).resumed);
        CHECK_INT(
            co_tls_renew_trust(server, &certificate, 1, co_text_of(club.trusted), co_text_of(bad)),
            0);
        struct visit later = visit(server, client);
        CHECK(!later.resumed && later.server == CO_ECERTIFICATE);
        co_tls_free(server);
        co_tls_free(client);
    }
    forged_free(&made);
    forged_free(&club.authority);
    return 0;
}

KERNEL_TEST(what_is_no_crl_revokes_nothing_and_is_refused)
{
    static struct club club;
    char text[TEXT_MAX] = "";
    struct identity own = identity_new("DNS:localhost", ANY_DAY);
    const struct co_tls_certificate certificate = certificate_of(&own);
    club_new(&club);
    crl_add(&club.authority, NULL, HOUR, text);
    struct co_tls_options options = {.certificates = &certificate,
        .certificate_count = 1,
        .clients = CO_TLS_CLIENTS_REQUIRED,
        .authorities = co_text_of(club.trusted)};
    const co_text wrong[] = {
        co_text_of("nothing"), co_text_of(club.trusted), {text, strlen(text) - 40}};
    co_tls *tls;
    for (size_t i = 0; i < CO_LENGTH(wrong); i++) {
        options.crls = wrong[i];
        CHECK_INT(co_tls_server(&tls, &options), CO_EINVALID);
        CHECK(strstr(co_explain(CO_EINVALID), "CRL"));
    }
    options.crls = co_text_of(text);
    options.clients = CO_TLS_CLIENTS_ANY; /* who is not asked cannot be refused */
    CHECK_INT(co_tls_server(&tls, &options), CO_EINVALID);
    forged_free(&club.authority);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_revoked_is_refused_t05),
        cmocka_unit_test(authorities_are_asked_about_too_t05),
        cmocka_unit_test(a_session_ends_with_the_crls_that_it_was_judged_by_t03),
        cmocka_unit_test(what_is_no_crl_revokes_nothing_and_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
