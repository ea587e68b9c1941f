/* SPDX-License-Identifier: MIT */
/* Who asks, by --user. */
#ifndef CO_CMD_TRANSFER_USER_H
#define CO_CMD_TRANSFER_USER_H

/* given: "NAME:PASSWORD", or a name whose password a person at a terminal is asked for; NULL:
 * nobody. *ret: both, or NULL. 0 or an exit code, having said why; co_transfer_user_close in any
 * case. */
int co_transfer_user_open(const char *given, char **ret);

/* Forgets them; NULL is allowed. */
void co_transfer_user_close(char *user);

#endif
