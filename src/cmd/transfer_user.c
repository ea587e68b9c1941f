/* SPDX-License-Identifier: MIT */
#include "cmd/transfer_user.h"

#include "cmd/ask.h"
#include "cmd/exit.h"
#include "cmd/message.h"
#include "coronet/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSWORD_MAX 4096 /* bytes that are typed: as many as a terminal's line may have */
#define PROMPT_MAX   128

static int refuse(long size)
{
    if (size == -ENODATA)
        co_error("--user: no password was given");
    else if (size == -E2BIG)
        co_error("--user: the password is too long");
    else
        co_error("cannot read the password: %s", co_explain((int)size));
    return CO_EXIT_USAGE;
}

static int ask(const char *name, char *password)
{
    char prompt[PROMPT_MAX];
    snprintf(prompt, sizeof prompt, "Password for %s: ", name);
    long size = co_ask_secret(prompt, password, PASSWORD_MAX);
    return size < 0 ? refuse(size) : 0;
}

static int complete(const char *name, char **ret)
{
    size_t size = strlen(name) + 1;
    *ret = malloc(size + PASSWORD_MAX + 1);
    if (!*ret)
        return co_error("no memory"), CO_EXIT_OTHER;
    memcpy(*ret, name, size);
    (*ret)[size - 1] = ':';
    (*ret)[size] = '\0';
    return ask(name, *ret + size);
}

int co_transfer_user_open(const char *given, char **ret)
{
    *ret = NULL;
    if (given && !strchr(given, ':') && co_ask_is_terminal())
        return complete(given, ret);
    if (given && !strchr(given, ':')) {
        co_error("--user: the password is missing: NAME:PASSWORD, or NAME: for an empty one; at a "
                 "terminal it is asked for, and --netrc-file hides it from others");
        return CO_EXIT_USAGE;
    }
    *ret = given ? strdup(given) : NULL;
    return given && !*ret ? (co_error("no memory"), CO_EXIT_OTHER) : 0;
}

void co_transfer_user_close(char *user)
{
    if (user)
        explicit_bzero(user, strlen(user));
    free(user);
}
