/* SPDX-License-Identifier: MIT */
/*
 * What the monitor does for its worker, which is in a sandbox and cannot: it opens files again (the
 * log, which may have been moved away, and the users' file, which `coronet passwd` replaces), and
 * it makes the connections of FTP's active mode.
 *
 * The worker asks over a socket; each question brings along the socket for its answer, so that any
 * number of threads may ask at once. The monitor believes nothing that it reads: the worker may
 * have been taken over. A question is a kind, a number and perhaps a descriptor; the files are a
 * list from the start.
 */
#ifndef CO_CMD_KEEPER_H
#define CO_CMD_KEEPER_H

#include "cmd/privilege.h"

#include <stdbool.h>
#include <stddef.h>

struct co_doors;
struct co_keeper;

struct co_kept_file {
    int (*open)(void *arg);         /* a descriptor or -errno; in the monitor */
    void *arg;                      /* as it is in the monitor when the worker is forked */
    const struct co_identity *user; /* who opens it; NULL: who the monitor is */
    struct co_keeper *keeper;       /* co_keeper_new's to set */
};

/* For these files; control: where FTP's control connections come in (cmd/active.h). Both stay until
 * it is freed. 0 or -errno. */
int co_keeper_new(struct co_keeper **ret, struct co_kept_file *files, size_t count,
    const struct co_doors *control);
void co_keeper_free(struct co_keeper *keeper); /* NULL is allowed */

/* For the next worker: what an earlier one has asked is forgotten. Before the fork; after it each
 * side closes what is the other's. 0 or -errno. */
int co_keeper_begin(struct co_keeper *keeper);
void co_keeper_is_worker(struct co_keeper *keeper);
void co_keeper_is_monitor(struct co_keeper *keeper);

/* ---- in the monitor ----------------------------------------------------------------------- */

/* Readable when there is a question, or the worker is gone; -1 once that is known. */
int co_keeper_socket(const struct co_keeper *keeper);

/* Answers one question. Blocks as long as opening the file does. */
void co_keeper_answer(struct co_keeper *keeper);

/* Has this worker said that it serves? */
bool co_keeper_heard_ready(const struct co_keeper *keeper);

/* ---- in the worker: each blocks until the answer is there; from any thread ------------------- */

/* Has one of the files opened. A descriptor or -errno (-EPIPE: the monitor is gone). */
int co_keeper_open(void *file);

/* Has a connection begun, as co_ftp_options.connect asks for. A descriptor or -errno. */
int co_keeper_connect(void *keeper, int control, unsigned port);

/* Says that it serves. 0 or -errno. */
int co_keeper_ready(struct co_keeper *keeper);

#endif
