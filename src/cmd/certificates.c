/* SPDX-License-Identifier: MIT */
/* Which certificates `coronet serve` has, with the words for whatever is wrong with them. */
#include "cmd/exit.h"
#include "cmd/message.h"
#include "cmd/self_signed.h"
#include "cmd/serving.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 2048 /* bytes: names of files are long */

static int check_options(const struct co_serve_command *command)
{
    const char *wrong = NULL;
    if (command->cert.count > command->key.count) {
        co_error("--cert %s goes without its private key: --key KEYFILE names the file that has it",
            command->cert.at[command->key.count]);
        return CO_EXIT_USAGE;
    }
    if (command->cert.count < command->key.count)
        wrong = "--cert and --key come in pairs: a key for each certificate";
    else if (command->cert.count > CO_CERTIFICATES_MAX)
        wrong = "too many certificates: at most 16";
    else if (command->cert.count && command->self_signed)
        wrong = "--cert and --self-signed exclude each other";
    else if (command->https.count && !command->cert.count && !command->self_signed)
        wrong = "--https needs a certificate: --cert FILE --key FILE, or --self-signed";
    else if (command->client_certificate && !command->client_ca)
        wrong = "--client-certificate needs the authorities: --client-ca FILE";
    else if (command->client_crl && !command->client_ca)
        wrong = "--client-crl is of the authorities of clients: --client-ca FILE";
    else if ((command->client_ca || command->strict_sni) && !command->cert.count &&
             !command->self_signed)
        wrong = "--client-ca and --strict-sni are for TLS, which needs a certificate: --cert FILE "
                "--key FILE, or --self-signed";
    else if (command->ftps.count && !command->cert.count && !command->self_signed)
        wrong = "--ftps needs a certificate: --cert FILE --key FILE, or --self-signed";
    else if (command->require_tls && !command->cert.count && !command->self_signed)
        wrong = "--require-tls needs a certificate: --cert FILE --key FILE, or --self-signed";
    else if (command->redirect_https && !command->https.count)
        wrong = "--redirect-https needs an address of --https to lead to";
    else if (command->hsts && !command->https.count)
        wrong = "--hsts is for responses over HTTPS: it needs an address of --https";
    if (!wrong)
        return 0;
    co_error("%s", wrong);
    return CO_EXIT_USAGE;
}

/* ---- files --------------------------------------------------------------------------------- */

static struct co_certificate_files *add(
    struct co_certificates *certificates, const char *chain, const char *key)
{
    struct co_certificate_files *files = &certificates->files[certificates->count++];
    *files = (struct co_certificate_files){.chain.path = chain, .key.path = key};
    return files;
}

/* With FILE.ocsp beside it, as HAProxy has it. */
static int add_given(struct co_serving *server, size_t i)
{
    const struct co_serve_command *command = server->command;
    struct co_certificate_files *files =
        add(&server->certificates, command->cert.at[i], command->key.at[i]);
    if (asprintf(&server->ocsp_paths[i], "%s.ocsp", command->cert.at[i]) < 0) {
        server->ocsp_paths[i] = NULL;
        co_error("no memory");
        return CO_EXIT_OTHER;
    }
    files->ocsp.path = server->ocsp_paths[i];
    return 0;
}

static int add_self_signed(struct co_serving *server)
{
    const struct co_serve_command *command = server->command;
    const struct co_option_list *const places[] = {
        &command->https, &command->ftps, &command->ftp, NULL};
    struct co_self_signed *kept = server->self_signed = calloc(1, sizeof *kept);
    if (!kept) {
        co_error("no memory");
        return CO_EXIT_OTHER;
    }
    int code = co_self_signed_find(kept, places);
    if (code)
        return code;
    add(&server->certificates, kept->chain, kept->key);
    if (!server->command->common.quiet)
        co_say("certificate %s, SHA-256 fingerprint %s", kept->chain, kept->fingerprint);
    return 0;
}

static void set_options(struct co_serving *server)
{
    const struct co_serve_command *command = server->command;
    const char *demand = command->client_certificate;
    struct co_tls_options *options = &server->certificates.options;
    options->strict_names = command->strict_sni;
    server->certificates.authorities.path = command->client_ca;
    server->certificates.crls.path = command->client_crl;
    if (command->client_ca)
        options->clients = demand && strcmp(demand, "optional") == 0 ? CO_TLS_CLIENTS_ASKED
                                                                     : CO_TLS_CLIENTS_REQUIRED;
}

int co_serving_certificates(struct co_serving *server)
{
    const struct co_serve_command *command = server->command;
    int code = check_options(command);
    if (code == 0 && (command->cert.count || command->self_signed))
        code = co_key_log_open(&server->key_log, &server->certificates.options);
    if (code == 0)
        set_options(server);
    for (size_t i = 0; code == 0 && i < command->cert.count; i++)
        code = add_given(server, i);
    return code == 0 && command->self_signed ? add_self_signed(server) : code;
}

void co_serving_certificates_free(struct co_serving *server)
{
    for (size_t i = 0; i < CO_CERTIFICATES_MAX; i++)
        free(server->ocsp_paths[i]);
    free(server->self_signed);
    co_key_log_close(&server->key_log);
}

/* Reads them; a warning is said, a failure left to be. */
static int read_all(struct co_serving *server, struct co_buf *message)
{
    if (server->certificates.count == 0)
        return 0;
    int rc = co_certificates_read(&server->certificates, message);
    if (rc == 0 && message->size && !server->command->common.quiet)
        co_error("%.*s", CO_TEXT_PRINT(co_buf_text(message)));
    return rc;
}

int co_serving_certificates_read(struct co_serving *server)
{
    struct co_buf message = CO_BUF(MESSAGE_MAX);
    int rc = read_all(server, &message);
    if (rc < 0 && message.size) {
        server->exit_code = rc == CO_EINVALID ? CO_EXIT_TLS : CO_EXIT_FILE;
        co_fail(rc, "%.*s", CO_TEXT_PRINT(co_buf_text(&message)));
    }
    co_buf_free(&message);
    server->settings.tls = server->certificates.tls;
    return rc;
}

void co_serving_certificates_reload(struct co_serving *server, bool asked)
{
    struct co_buf message = CO_BUF(MESSAGE_MAX);
    int rc = read_all(server, &message);
    if (rc < 0 && message.size == 0)
        co_buf_add_string(&message, co_explain(rc));
    if (rc < 0)
        co_error("%.*s; the certificates stay as they were", CO_TEXT_PRINT(co_buf_text(&message)));
    else if (!asked && !server->command->common.quiet)
        co_say("the certificates' files have changed and were read again");
    co_buf_free(&message);
}
