/* SPDX-License-Identifier: MIT */
#include "cmd/transfer.h"

#include "app/log.h"
#include "cmd/exit.h"
#include "cmd/message.h"
#include "cmd/read.h"

#include <string.h>

#define FILE_MAX  (4U << 20)  /* bytes of a file of certificates */
#define LISTS_MAX (64U << 20) /* bytes of one of what is revoked: some authorities' have many */

struct files {
    struct co_buf authorities, crls, cert, key;
};

static int read_wanted(const char *path, struct co_buf *out)
{
    return path ? co_read_file(path, out) : 0;
}

/* To the library nothing would be no wish: it would trust the system's authorities, and ask about
 * no CRL. */
static int read_some(const char *path, const char *what, struct co_buf *out)
{
    int code = read_wanted(path, out);
    if (code != 0 || !path || out->size > 0)
        return code;
    co_error("%s is empty: there is no %s in it", path, what);
    return CO_EXIT_TLS;
}

/* The key may stand in the file of the certificate. */
static int read_files(const struct co_transfer_command *command, struct files *files)
{
    const char *key = command->key ? command->key : command->cert;
    int code = read_some(command->cacert, "authority", &files->authorities);
    if (code == 0)
        code = read_some(command->crl, "CRL", &files->crls);
    if (code == 0)
        code = read_wanted(command->cert, &files->cert);
    if (code == 0)
        code = read_wanted(key, &files->key);
    return code;
}

static int make(const struct co_tls_options *options, const char *what, co_tls **ret)
{
    int rc = co_tls_client(ret, options);
    if (rc < 0)
        co_error("cannot use %s: %s", what, co_explain(rc));
    return rc < 0 ? CO_EXIT_TLS : 0;
}

static int make_servers(struct co_transfer_trust *trust, const struct co_transfer_command *command,
    const struct files *files)
{
    const struct co_tls_certificate own = {
        .chain = co_buf_text(&files->cert), .key = co_buf_text(&files->key)};
    struct co_tls_options options = {
        .authorities = co_buf_text(&files->authorities),
        .crls = co_buf_text(&files->crls),
        .certificates = &own,
        .certificate_count = command->cert ? 1 : 0,
        .pins = command->pins.at,
        .insecure = command->insecure,
        .only_tls13 = command->tls_min && strcmp(command->tls_min, "1.3") == 0,
    };
    int code = co_key_log_open(&trust->key_log, &options);
    return code ? code : make(&options, "the options of TLS", &trust->tls);
}

/* Certificate, CRLs and pins are the servers' business, and no proxy's. */
static int make_proxies(struct co_transfer_trust *trust, const char *path)
{
    struct co_buf authorities = CO_BUF(FILE_MAX);
    int code = read_some(path, "authority", &authorities);
    if (code == 0)
        code = make(&(struct co_tls_options){.authorities = co_buf_text(&authorities)},
            "the authorities of --proxy-cacert", &trust->proxy_tls);
    co_buf_free(&authorities);
    return code;
}

/* Does anything depart from the defaults? */
static bool is_wanted(const struct co_transfer_command *command)
{
    return command->insecure || command->cacert || command->crl || command->cert ||
           command->tls_min || command->pins.count || co_key_log_is_wanted();
}

int co_transfer_trust_open(
    struct co_transfer_trust *trust, const struct co_transfer_command *command)
{
    struct files files = {CO_BUF(FILE_MAX), CO_BUF(LISTS_MAX), CO_BUF(FILE_MAX), CO_BUF(FILE_MAX)};
    int code = 0;
    if (command->key && !command->cert) {
        co_error("--key is the key of a certificate: --cert FILE --key FILE");
        return CO_EXIT_USAGE;
    }
    if (command->insecure)
        co_error("--insecure: any server is believed, whoever it is");
    if (is_wanted(command)) {
        code = read_files(command, &files);
        if (code == 0)
            code = make_servers(trust, command, &files);
    }
    if (code == 0 && command->proxy_cacert)
        code = make_proxies(trust, command->proxy_cacert);
    co_buf_free(&files.authorities);
    co_buf_free(&files.crls);
    co_buf_free(&files.cert);
    co_buf_free(&files.key);
    return code;
}

void co_transfer_trust_close(struct co_transfer_trust *trust)
{
    co_tls_free(trust->tls);
    co_tls_free(trust->proxy_tls);
    co_key_log_close(&trust->key_log);
}
