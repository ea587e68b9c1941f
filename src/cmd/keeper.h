/* SPDX-License-Identifier: MIT */
/*
 * A process beside the server's, outside the sandbox, that opens files again whenever it is asked:
 * the log, which may have been moved away, and the users' file, which `coronet passwd` replaces.
 * It has the list of them from the start, reads nothing but a number in it, and ends with the
 * server.
 */
#ifndef CO_CMD_KEEPER_H
#define CO_CMD_KEEPER_H

#include "cmd/privilege.h"

#include <stddef.h>

struct co_keeper;

struct co_kept_file {
    int (*open)(void *arg);         /* a descriptor or -errno */
    void *arg;                      /* the keeper has its own copy, as it is at the start */
    const struct co_identity *user; /* who opens it; NULL: who we are at the start */
    struct co_keeper *keeper;       /* the start's to set */
};

/* Starts one for these files, before there are threads; they stay until it is stopped. 0 or
 * -errno. */
int co_keeper_start(struct co_keeper **ret, struct co_kept_file *files, size_t count);

/* Has one of the files opened. Blocks for that time; from any thread. A descriptor or -errno
 * (-EPIPE: the keeper is gone). */
int co_keeper_open(void *file);

/* Ends it. NULL is allowed. */
void co_keeper_stop(struct co_keeper *keeper);

#endif
