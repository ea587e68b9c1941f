/* SPDX-License-Identifier: MIT */
/* From root to a user who may do little, with no way back. */
#ifndef CO_CMD_PRIVILEGE_H
#define CO_CMD_PRIVILEGE_H

#include <sys/types.h>

struct co_identity {
    uid_t uid;
    gid_t gid;
    char name[64];
};

/* Looks a user up by name or number. 0, -ENOENT, -errno. */
int co_identity_find(const char *name, struct co_identity *ret);

/* What is executed from now on gains nothing by set-user-ID bits; threads started later inherit
 * it. 0 or -errno. */
int co_privileges_forgo(void);

/* Makes the socket at this path, which is ours, the user's. 0 or -errno. */
int co_privileges_give_socket(const struct co_identity *user, const char *path);

/* Becomes the user: groups first, then group, then user (the other order would fail or leave
 * groups behind), and proves that there is no way back (attacks M06). 0 or -errno; on failure the
 * process must not go on. */
int co_privileges_drop(const struct co_identity *user);

#endif
