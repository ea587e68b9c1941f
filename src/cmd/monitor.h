/* SPDX-License-Identifier: MIT */
/*
 * A process that has a worker at work, and starts another one when that dies: at once, or, if they
 * die young, after ever longer pauses. It reads nothing from outside. What it is told by signals it
 * passes on, and it looks at files for it (cmd/watch.h); what the worker may not do itself the
 * keeper (cmd/keeper.h) does here.
 *
 * The worker is told by signals of its own: those that a terminal or a service manager sends go to
 * both processes, and would count twice.
 */
#ifndef CO_CMD_MONITOR_H
#define CO_CMD_MONITOR_H

#include "cmd/keeper.h"
#include "cmd/watch.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* What the worker waits for; blocked in it from the start. A third STOP is a SIGKILL. */
#define CO_WORKER_STOP    SIGRTMIN /* the first: in good order; the second: at once */
#define CO_WORKER_RELOAD  (SIGRTMIN + 1)
#define CO_WORKER_DUMP    (SIGRTMIN + 2)
#define CO_WORKER_CHANGED (SIGRTMIN + 3) /* files that are watched have */

struct co_monitor_options {
    struct co_keeper *keeper;
    struct co_watch *watch;
    int notify_fd; /* the service manager's socket, or -1 */
    bool hidden;   /* nobody of this user may look into the monitor */
    /* The worker's life, in a process of its own: its exit code. again: it is not the first. */
    int (*work)(void *arg, bool again);
    void (*stopping)(void *arg); /* told, in the monitor, that no other worker will start */
    void *arg;
};

/* Before there are threads. Blocks SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD and the worker's own
 * signals. */
void co_monitor_block_signals(void);

/* Returns when told to stop, when the first worker ends before it serves, or when a later one ends
 * by itself with 0: the exit code. */
int co_monitor_run(const struct co_monitor_options *options);

/* In the worker, once more whenever it has become somebody else: it dies with the monitor, of this
 * process id. 0, -ESRCH when that is gone already, -errno. */
int co_monitor_bind(pid_t monitor);

#endif
