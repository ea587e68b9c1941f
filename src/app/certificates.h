/* SPDX-License-Identifier: MIT */
/*
 * The certificates of `coronet serve`: pairs of files, read at the start and again on demand, whole
 * or not at all; and the one that it makes for itself.
 */
#ifndef CO_APP_CERTIFICATES_H
#define CO_APP_CERTIFICATES_H

#include "base/buf.h"
#include "coronet/tls.h"

#define CO_CERTIFICATES_MAX  16         /* pairs */
#define CO_CERTIFICATE_BYTES (1 << 20)  /* of a file */
#define CO_CRLS_BYTES        (16 << 20) /* of one that grows with each certificate that is lost */

struct co_certificate_file {
    const char *path;
    int (*reopen)(void *arg); /* opens it for a reload: a descriptor or -errno; NULL: we do */
    void *reopen_arg;
};

struct co_certificate_files {
    struct co_certificate_file chain, key;
    struct co_certificate_file ocsp; /* need not be there; path NULL: there is none */
};

struct co_certificates {
    unsigned count;
    struct co_certificate_files files[CO_CERTIFICATES_MAX];
    struct co_certificate_file authorities; /* of clients; path NULL: none are asked */
    struct co_certificate_file crls;        /* of those; path NULL: nothing is revoked */
    struct co_tls_options options;          /* whatever is not read from files */
    co_tls *tls;                            /* NULL before the start; co_tls_free ends it */
};

/* Reads the files, and makes a server's context of them or gives the one that is there the new
 * ones. Inside a fiber; suspends. message: receives a sentence on failure, and warnings when a
 * certificate or CRL is not valid today or an OCSP response cannot be shown. 0; -ENOMEM;
 * CO_EINVALID and -errno with a message: nothing has changed. */
int co_certificates_read(struct co_certificates *certificates, struct co_buf *message);

/* ---- self-signed ---------------------------------------------------------------------------- */

#define CO_FINGERPRINT_SIZE 96 /* "AB:CD:...", SHA-256, with its NUL */

/* Makes a certificate for these hosts (NULL-terminated) and its key, both PEM. now: calendar
 * seconds. 0 or -ENOMEM. */
int co_self_signed_make(
    const char *const *hosts, int64_t now, struct co_buf *chain, struct co_buf *key);

/* Is the pair whole, for all these hosts, and good for some weeks more? Then its fingerprint. */
bool co_self_signed_will_do(const struct co_tls_certificate *pair, const char *const *hosts,
    int64_t now, char ret_fingerprint[CO_FINGERPRINT_SIZE]);

#endif
