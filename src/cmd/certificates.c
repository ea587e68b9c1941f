/* SPDX-License-Identifier: MIT */
/* Which certificates `coronet serve` has, with the words for whatever is wrong with them. */
#include "cmd/exit.h"
#include "cmd/message.h"
#include "cmd/self_signed.h"
#include "cmd/serving.h"

#include <stdlib.h>

#define MESSAGE_MAX 2048 /* bytes: names of files are long */

static int check_options(const struct co_serve_command *command)
{
    const char *wrong = NULL;
    if (command->cert.count != command->key.count)
        wrong = "--cert and --key come in pairs: a key for each certificate";
    else if (command->cert.count > CO_CERTIFICATES_MAX)
        wrong = "too many certificates: at most 16";
    else if (command->cert.count && command->self_signed)
        wrong = "--cert and --self-signed exclude each other";
    else if (command->https.count && !command->cert.count && !command->self_signed)
        wrong = "--https needs a certificate: --cert FILE --key FILE, or --self-signed";
    else if (command->redirect_https && !command->https.count)
        wrong = "--redirect-https needs an address of --https to lead to";
    if (!wrong)
        return 0;
    co_error("%s", wrong);
    return CO_EXIT_USAGE;
}

static void add(struct co_certificates *certificates, const char *chain, const char *key)
{
    certificates->files[certificates->count++] =
        (struct co_certificate_files){.chain.path = chain, .key.path = key};
}

static int add_self_signed(struct co_serving *server)
{
    struct co_self_signed *kept = server->self_signed = calloc(1, sizeof *kept);
    if (!kept) {
        co_error("no memory");
        return CO_EXIT_OTHER;
    }
    int code = co_self_signed_find(kept, &server->command->https);
    if (code)
        return code;
    add(&server->certificates, kept->chain, kept->key);
    if (!server->command->common.quiet)
        co_say("certificate %s, SHA-256 fingerprint %s", kept->chain, kept->fingerprint);
    return 0;
}

int co_serving_certificates(struct co_serving *server)
{
    const struct co_serve_command *command = server->command;
    int code = check_options(command);
    for (size_t i = 0; code == 0 && i < command->cert.count; i++)
        add(&server->certificates, command->cert.at[i], command->key.at[i]);
    return code == 0 && command->self_signed ? add_self_signed(server) : code;
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

void co_serving_certificates_reload(struct co_serving *server)
{
    struct co_buf message = CO_BUF(MESSAGE_MAX);
    int rc = read_all(server, &message);
    if (rc < 0 && message.size == 0)
        co_buf_add_string(&message, co_explain(rc));
    if (rc < 0)
        co_error("%.*s; the certificates stay as they were", CO_TEXT_PRINT(co_buf_text(&message)));
    co_buf_free(&message);
}
