/* SPDX-License-Identifier: MIT */
/* A secret from standard input. */
#ifndef CO_CMD_ASK_H
#define CO_CMD_ASK_H

#include <stdbool.h>
#include <stddef.h>

/* Is there a person to ask? */
bool co_ask_is_terminal(void);

/*
 * Reads one line into `ret` (room for max + 1 bytes), without its newline and with a NUL behind it;
 * not a byte of the next one is taken. On a terminal `prompt` is shown and nothing that is typed
 * is; a signal that comes meanwhile finds the terminal as it was before. Returns the line's bytes;
 * -ENODATA at the end of input; -E2BIG when it is longer than max; -errno.
 */
long co_ask_secret(const char *prompt, char *ret, size_t max);

#endif
