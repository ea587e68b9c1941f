/* SPDX-License-Identifier: MIT */
/*
 * A process beside the server's, outside the sandbox, that opens one file again whenever it is
 * asked: the log, which may have been moved away, or the users' file, which `coronet passwd`
 * replaces. It reads nothing but the question, and ends with the server.
 */
#ifndef CO_CMD_KEEPER_H
#define CO_CMD_KEEPER_H

#include "cmd/privilege.h"

struct co_keeper;

/* Starts one, before there are threads. open: how it opens its file, a descriptor or -errno; arg
 * is its own copy from then on. user: who it becomes; NULL: nobody else. 0 or -errno. */
int co_keeper_start(
    struct co_keeper **ret, int (*open)(void *arg), void *arg, const struct co_identity *user);

/* Has the file opened. Blocks for that time; from any thread. A descriptor or -errno (-EPIPE: the
 * keeper is gone). */
int co_keeper_open(void *keeper);

/* Ends it. NULL is allowed. */
void co_keeper_stop(struct co_keeper *keeper);

#endif
