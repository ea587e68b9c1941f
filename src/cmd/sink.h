/* SPDX-License-Identifier: MIT */
/*
 * A file or standard output that lines are written to without ever holding up who writes them.
 *
 * Lines gather in a bounded buffer; a thread of its own writes them. When the disk is full or the
 * reader stuck, lines are kept while there is room, then dropped and counted (attacks M11); the
 * count is reported on standard error once writing works again. Any thread may append.
 */
#ifndef CO_CMD_SINK_H
#define CO_CMD_SINK_H

#include "app/log.h"
#include "cmd/privilege.h"

struct co_sink;

/*
 * Opens a file for appending, or standard output when the path is "-"; lines wait until start. The
 * last component must not be a symbolic link, nor the file have a second name (attacks M12).
 * owner: whom a file that did not exist is given to, so that it can be reopened after the
 * privileges were dropped; NULL: nobody else. Returns 0 or -errno (-ELOOP: a link; -EMLINK).
 */
int co_sink_open(struct co_sink **ret, const char *path, const struct co_identity *owner);

/* Starts the thread: what it may do is what its caller may by then. 0 or -errno. */
int co_sink_start(struct co_sink *sink);

/* Opens the file once more: a descriptor or -errno. From any thread, and in a forked process. */
int co_sink_file(void *sink);

/* Has the path opened by another than co_sink_file from now on; before the start. */
void co_sink_reopen_by(struct co_sink *sink, int (*open)(void *arg), void *arg);

/* Between these two the caller may append whole lines to the buffer given. */
struct co_buf *co_sink_begin(struct co_sink *sink);
void co_sink_end(struct co_sink *sink);

/* Closes the file and opens the path again; what was appended before goes to the old one. */
void co_sink_reopen(struct co_sink *sink);

/* Writes what is left and ends the thread, but waits at most 2 seconds for that. NULL is allowed.
 */
void co_sink_close(struct co_sink *sink);

#endif
