/* SPDX-License-Identifier: MIT */
#include "app/certificates.h"

#include "codec/date.h"
#include "coronet/fiber.h"
#include "runtime/file.h"
#include "tls/certificate.h"
#include "tls/staple.h"
#include "tls/trust.h"

#include <errno.h>
#include <stdlib.h>

#define DAY_SECONDS    86400
#define SELF_DAYS      820 /* clients of Apple's refuse 826 and more */
#define SELF_DAYS_LEFT 30  /* with fewer it is time for another */

_Static_assert(CO_FINGERPRINT_SIZE == CO_FINGERPRINT_MAX, "two floors, one text");

/* ---- files ------------------------------------------------------------------------------------
 */

static int read_file(const struct co_certificate_file *file, bool again, struct co_buf *text)
{
    int fd = again && file->reopen ? file->reopen(file->reopen_arg) : -1;
    return !again || !file->reopen ? co_file_read_all(file->path, text)
           : fd < 0                ? fd
                                   : co_file_read_taken(fd, text);
}

static int read_one(const struct co_certificate_file *file, bool again, const char *what,
    struct co_buf *text, struct co_buf *message)
{
    int rc = read_file(file, again, text);
    if (rc < 0)
        co_buf_addf(message, "cannot read the %s %s: %s", what, file->path, co_explain(rc));
    return rc;
}

/* The texts of all pairs, and what they say as OpenSSL's callers want it. */
struct texts {
    struct co_buf chains[CO_CERTIFICATES_MAX], keys[CO_CERTIFICATES_MAX];
    struct co_buf ocsp[CO_CERTIFICATES_MAX], authorities, crls;
    int64_t crls_until; /* calendar seconds: the end of the first */
    struct co_tls_certificate pairs[CO_CERTIFICATES_MAX];
};

/* Whoever gives the certificate's file for the key's gets no riddle of PEM to read. */
static bool has_key(co_text text)
{
    const co_text mark = CO_TEXT("PRIVATE KEY-----");
    return memmem(text.at, text.size, mark.at, mark.size);
}

/* A pair that does not do is named by its files. */
static int check(const struct co_certificate_files *files, const struct co_tls_certificate *pair,
    struct co_buf *message)
{
    struct co_identity_pair read;
    int rc = co_identity_pair_read(pair, &read);
    co_identity_pair_free(&read);
    if (rc < 0 && !has_key(pair->key))
        co_buf_addf(message, "%s holds no private key; --key KEYFILE names the file that does",
            files->key.path);
    else if (rc < 0)
        co_buf_addf(message, "certificate %s with key %s: %s", files->chain.path, files->key.path,
            co_explain(rc));
    return rc;
}

static const char *separator(const struct co_buf *message)
{
    return message->size ? "; " : "";
}

/* What is not valid today is served all the same: its owner may have reasons, its users are told.
 */
static void warn(const char *path, const struct co_tls_certificate *pair, struct co_buf *message)
{
    struct co_certificate_look look;
    char date[CO_DATE_ISO_SIZE];
    int64_t now = co_wall_seconds();
    if (co_certificate_look(pair->chain, &look) < 0 || (look.begins <= now && now <= look.ends))
        return;
    bool expired = look.ends < now;
    co_date_write_iso(date, expired ? look.ends : look.begins);
    co_buf_addf(message, "%sthe certificate %s %s on %.10s: clients will refuse it",
        separator(message), path, expired ? "expired" : "begins to be valid", date);
}

/* A response that is of no use is left out, and said: it is often the old certificate's, and that
 * must not keep a new one from being served. */
static void check_ocsp(const char *path, struct co_tls_certificate *pair, struct co_buf *message)
{
    char date[CO_DATE_ISO_SIZE];
    int64_t until;
    int rc = co_staple_look(pair, &until);
    if (rc == 0 && co_wall_seconds() <= until)
        return;
    pair->ocsp = (co_text){0};
    if (rc < 0) {
        co_buf_addf(message, "%s%s is not shown: %s", separator(message), path, co_explain(rc));
        return;
    }
    co_date_write_iso(date, until);
    co_buf_addf(message, "%s%s is not shown: it expired on %.10s", separator(message), path, date);
}

static void read_ocsp(const struct co_certificate_file *file, bool again, struct co_buf *text,
    struct co_tls_certificate *pair, struct co_buf *message)
{
    int rc = read_file(file, again, text);
    if (rc < 0 && rc != -ENOENT)
        co_buf_addf(
            message, "%scannot read %s: %s", separator(message), file->path, co_explain(rc));
    if (rc < 0 || text->size == 0)
        return;
    pair->ocsp = co_buf_text(text);
    check_ocsp(file->path, pair, message);
}

static int read_pair(const struct co_certificates *certificates, unsigned i, struct texts *texts,
    struct co_buf *message)
{
    bool again = certificates->tls;
    const struct co_certificate_files *files = &certificates->files[i];
    struct co_buf *chain = &texts->chains[i], *key = &texts->keys[i];
    *chain = *key = texts->ocsp[i] = CO_BUF(CO_CERTIFICATE_BYTES);
    int rc = read_one(&files->chain, again, "certificate", chain, message);
    if (rc == 0)
        rc = read_one(&files->key, again, "key", key, message);
    texts->pairs[i] =
        (struct co_tls_certificate){.chain = co_buf_text(chain), .key = co_buf_text(key)};
    return rc == 0 ? check(files, &texts->pairs[i], message) : rc;
}

/* An empty file must not pass for one that revokes nothing. */
static int read_crls(
    const struct co_certificate_file *file, bool again, struct texts *texts, struct co_buf *message)
{
    int rc = read_one(file, again, "CRLs", &texts->crls, message);
    if (rc < 0)
        return rc;
    rc = co_trust_crls(NULL, co_buf_text(&texts->crls), &texts->crls_until);
    if (rc < 0)
        co_buf_addf(message, "%s: %s", file->path, co_explain(rc));
    return rc;
}

static void warn_crls(const char *path, int64_t until, struct co_buf *message)
{
    char date[CO_DATE_ISO_SIZE];
    if (co_wall_seconds() <= until)
        return;
    co_date_write_iso(date, until);
    co_buf_addf(message, "%sa CRL of %s expired on %.10s: clients of its authority are refused",
        separator(message), path, date);
}

static int read_clients(
    const struct co_certificates *certificates, struct texts *texts, struct co_buf *message)
{
    bool again = certificates->tls;
    int rc = 0;
    texts->authorities = CO_BUF(CO_CERTIFICATE_BYTES);
    texts->crls = CO_BUF(CO_CRLS_BYTES);
    if (certificates->authorities.path)
        rc = read_one(
            &certificates->authorities, again, "authorities", &texts->authorities, message);
    if (rc == 0 && certificates->crls.path)
        rc = read_crls(&certificates->crls, again, texts, message);
    return rc;
}

static int read_texts(
    const struct co_certificates *certificates, struct texts *texts, struct co_buf *message)
{
    bool again = certificates->tls;
    int rc = read_clients(certificates, texts, message);
    for (unsigned i = 0; rc == 0 && i < certificates->count; i++)
        rc = read_pair(certificates, i, texts, message);
    for (unsigned i = 0; rc == 0 && i < certificates->count; i++) {
        const struct co_certificate_files *files = &certificates->files[i];
        warn(files->chain.path, &texts->pairs[i], message);
        if (files->ocsp.path)
            read_ocsp(&files->ocsp, again, &texts->ocsp[i], &texts->pairs[i], message);
    }
    if (rc == 0 && certificates->crls.path)
        warn_crls(certificates->crls.path, texts->crls_until, message);
    return rc;
}

static void texts_free(struct texts *texts)
{
    for (unsigned i = 0; i < CO_CERTIFICATES_MAX; i++) {
        struct co_buf *key = &texts->keys[i];
        if (key->at)
            explicit_bzero(key->at, key->room);
        co_buf_free(key);
        co_buf_free(&texts->chains[i]);
        co_buf_free(&texts->ocsp[i]);
    }
    co_buf_free(&texts->authorities);
    co_buf_free(&texts->crls);
    free(texts);
}

static int use(struct co_certificates *certificates, const struct texts *texts)
{
    co_text authorities = co_buf_text(&texts->authorities), crls = co_buf_text(&texts->crls);
    if (certificates->tls)
        return co_tls_renew_trust(
            certificates->tls, texts->pairs, certificates->count, authorities, crls);
    struct co_tls_options options = certificates->options;
    options.certificates = texts->pairs;
    options.certificate_count = certificates->count;
    options.authorities = authorities;
    options.crls = crls;
    return co_tls_server(&certificates->tls, &options);
}

int co_certificates_read(struct co_certificates *certificates, struct co_buf *message)
{
    struct texts *texts = calloc(1, sizeof *texts);
    if (!texts)
        return -ENOMEM;
    int rc = read_texts(certificates, texts, message);
    if (rc == 0 && (rc = use(certificates, texts)) < 0) {
        co_buf_clear(message);
        co_buf_addf(message, "%s%s%s",
            certificates->authorities.path ? certificates->authorities.path : "",
            certificates->authorities.path ? ": " : "", co_explain(rc));
    }
    texts_free(texts);
    return rc;
}

/* ---- self-signed --------------------------------------------------------------------------------
 */

int co_self_signed_make(
    const char *const *hosts, int64_t now, struct co_buf *chain, struct co_buf *key)
{
    return co_certificate_make(hosts, now, SELF_DAYS, chain, key);
}

bool co_self_signed_will_do(const struct co_tls_certificate *pair, const char *const *hosts,
    int64_t now, char ret_fingerprint[CO_FINGERPRINT_SIZE])
{
    struct co_certificate_look look;
    struct co_identity_pair read;
    bool good = co_identity_pair_read(pair, &read) == 0 &&
                co_certificate_look(pair->chain, &look) == 0 && look.begins <= now &&
                look.ends - now >= SELF_DAYS_LEFT * DAY_SECONDS;
    co_identity_pair_free(&read);
    for (; good && *hosts; hosts++)
        good = co_certificate_is_for(pair->chain, *hosts);
    if (good)
        memcpy(ret_fingerprint, look.fingerprint, sizeof look.fingerprint);
    return good;
}
