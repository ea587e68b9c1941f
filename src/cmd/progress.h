/* SPDX-License-Identifier: MIT */
/*
 * Progress for people: on a terminal a line for each file at work and one for all, redrawn in
 * place; elsewhere nothing. Lines are cut to the terminal's width.
 */
#ifndef CO_CMD_PROGRESS_H
#define CO_CMD_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CO_PROGRESS_ROWS 16 /* files shown at once */

struct co_progress_row {
    size_t index;
    const char *name; /* borrowed */
    uint64_t bytes, resumed;
    int64_t size; /* -1: unknown */
    int64_t start_ns;
    uint64_t measured; /* bytes that there were then: */
    int64_t measured_ns;
    double rate; /* bytes a second up to then */
    bool used;
};

struct co_progress {
    bool visible, begun; /* begun: some file has */
    size_t files, files_here;
    uint64_t bytes; /* that have come, of all files */
    int64_t start_ns, drawn_ns;
    unsigned drawn_rows; /* on the screen now, beneath which the cursor is */
    struct co_progress_row rows[CO_PROGRESS_ROWS];
};

/* Shown only if standard error is a terminal, and `wanted`. */
void co_progress_start(struct co_progress *progress, size_t files, bool wanted);

/* A file has begun, or got another name; is that far; has ended. Draws ten times a second at most.
 */
void co_progress_begin(struct co_progress *progress, size_t index, const char *name);
void co_progress_step(
    struct co_progress *progress, size_t index, uint64_t bytes, uint64_t resumed, int64_t size);
void co_progress_end(struct co_progress *progress, size_t index, bool is_here);

/* A task for the background: draws also while nothing happens, so that what stalls is seen. */
int co_progress_watch(void *progress);

/* Leaves the line of all files, if one has begun, and nothing else. */
void co_progress_finish(struct co_progress *progress);

/* "512 B", "1.5 MiB": four digits at most. As snprintf. */
int co_progress_bytes(char *text, size_t room, double bytes);

/* Takes the lines off the screen, before something else is printed. */
void co_progress_hide(struct co_progress *progress);

#endif
