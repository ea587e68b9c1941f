/* SPDX-License-Identifier: MIT */
/*
 * Where the users and their passwords are: on the command line and in a file. For short-lived
 * children of the monitor, which read the file anew each time: a process that stays has no hash in
 * its memory, nor has what is forked from it.
 */
#ifndef CO_CMD_VAULT_H
#define CO_CMD_VAULT_H

#include "app/secrets.h"

struct co_vault {
    const char *file;         /* a users file; NULL: none */
    const char *const *given; /* as in co_secrets */
    bool quiet;               /* a file without users is not told of */
};

/* The list of users for those who serve, in a file without a name. again: those whom they have stay
 * if it fails. A descriptor, or a negative code, having said why on standard error. */
int co_vault_list(const struct co_vault *vault, bool again);

/* 1: the password is this user's, 0: it is not; negative: it cannot be found out. */
int co_vault_check(const struct co_vault *vault, co_text name, co_text password);

#endif
