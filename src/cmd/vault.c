/* SPDX-License-Identifier: MIT */
#include "cmd/vault.h"

#include "cmd/message.h"
#include "cmd/replace.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define MESSAGE_MAX 512 /* bytes */

static int read_file(const struct co_vault *vault, struct co_buf *ret)
{
    return vault->file ? co_replace_read_path(vault->file, ret) : 0;
}

/* A descriptor that stands at the start of these bytes. */
static int file_of(const struct co_buf *text)
{
    int fd = memfd_create("users", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = pwrite(fd, text->at, text->size, 0);
    if (n >= 0 && (size_t)n == text->size)
        return fd;
    int rc = n < 0 ? -errno : -EIO;
    close(fd);
    return rc;
}

static int list(const struct co_vault *vault, struct co_buf *message)
{
    struct co_buf text = CO_BUF(CO_SECRETS_BYTES_MAX), listed = CO_BUF(CO_SECRETS_BYTES_MAX);
    struct co_buf why = CO_BUF(MESSAGE_MAX);
    int rc = read_file(vault, &text);
    if (rc < 0) {
        co_buf_addf(message, "cannot read the users file %s: %s", vault->file,
            rc == -EMEDIUMTYPE ? "it is no regular file" : co_explain(rc));
    } else {
        const struct co_secrets secrets = {co_buf_text(&text), vault->given};
        rc = co_secrets_list(&secrets, &listed, &why);
        if (rc < 0 && vault->file)
            co_buf_addf(message, "users file %s: ", vault->file);
        if (rc < 0)
            co_buf_add_text(message, why.size ? co_buf_text(&why) : co_text_of(co_explain(rc)));
        if (rc == 0 && vault->file && listed.size == 0 && !vault->quiet)
            co_say("the users file %s has no users: nobody can log in until it gets some and is "
                   "read again (SIGHUP)",
                vault->file);
    }
    if (rc == 0)
        rc = file_of(&listed);
    co_buf_free(&text);
    co_buf_free(&listed);
    co_buf_free(&why);
    return rc;
}

int co_vault_list(const struct co_vault *vault, bool again)
{
    struct co_buf message = CO_BUF(MESSAGE_MAX);
    int rc = list(vault, &message);
    if (rc < 0)
        co_error("%.*s%s", CO_TEXT_PRINT(co_buf_text(&message)),
            again ? "; the users stay as they were" : "");
    co_buf_free(&message);
    return rc;
}

int co_vault_check(const struct co_vault *vault, co_text name, co_text password)
{
    struct co_buf text = CO_BUF(CO_SECRETS_BYTES_MAX);
    int rc = read_file(vault, &text);
    const struct co_secrets secrets = {co_buf_text(&text), vault->given};
    if (rc == 0)
        rc = co_secrets_check(&secrets, name, password);
    co_buf_free(&text);
    return rc;
}
