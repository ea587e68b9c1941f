/* SPDX-License-Identifier: MIT */
/*
 * What the monitor does for its worker, which is in a sandbox and cannot: it opens the log again,
 * which may have been moved away, knows the users and checks their passwords, and makes the
 * connections of FTP's active mode.
 *
 * The worker asks over a socket; each question brings along the socket for its answer, so that any
 * number of threads may ask at once, and what takes a while is answered by a child of the monitor.
 * The monitor believes nothing that it reads, for the worker may have been taken over: a question
 * is a kind, a number, a name and password or a descriptor; the files are a list from the start.
 */
#ifndef CO_CMD_KEEPER_H
#define CO_CMD_KEEPER_H

#include "cmd/privilege.h"
#include "cmd/vault.h"

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

/* All is borrowed. */
struct co_keeper_options {
    struct co_kept_file *files;
    size_t count;
    const struct co_doors *doors; /* at which FTP's control connections come in (cmd/active.h) */
    const struct co_vault *vault;
};

/* 0 or -ENOMEM. */
int co_keeper_new(struct co_keeper **ret, const struct co_keeper_options *options);
void co_keeper_free(struct co_keeper *keeper); /* NULL is allowed */

/* For the next worker: what an earlier one has asked is forgotten. Before the fork; after it each
 * side closes what is the other's. 0 or -errno. */
int co_keeper_begin(struct co_keeper *keeper);
void co_keeper_is_worker(struct co_keeper *keeper);
void co_keeper_is_monitor(struct co_keeper *keeper);

/* ---- in the monitor ----------------------------------------------------------------------- */

/* Readable when there is a question, or the worker is gone; -1 once that is known. */
int co_keeper_socket(const struct co_keeper *keeper);

/* Answers one question, or has a child answer it. */
void co_keeper_answer(struct co_keeper *keeper);

/* To be told of each child that has ended, but for the worker. */
void co_keeper_child_ended(struct co_keeper *keeper);

/* Has this worker said that it serves? */
bool co_keeper_heard_ready(const struct co_keeper *keeper);

/* ---- in the worker: each blocks until the answer is there; from any thread ------------------- */

/* Has one of the files opened. A descriptor or -errno (-EPIPE: the monitor is gone). */
int co_keeper_open(void *file);

/* Has a connection begun, as co_ftp_options.connect asks for. A descriptor or -errno. */
int co_keeper_connect(void *keeper, int control, unsigned port);

/* The list of users, as co_vault_list. A descriptor, or a negative code, told of already unless it
 * is -EPIPE. */
int co_keeper_list(void *keeper);

/* Is it this user's password? 1: it is, 0: it is not; negative: it cannot be found out. */
int co_keeper_check(void *keeper, co_text name, co_text password);

/* Says that it serves. 0 or -errno. */
int co_keeper_ready(struct co_keeper *keeper);

#endif
