/* SPDX-License-Identifier: MIT */
#ifndef CO_CMD_READ_H
#define CO_CMD_READ_H

struct co_buf;

/* Reads a whole file, or standard input for "-". 0; CO_EXIT_FILE, having said why. */
int co_read_file(const char *path, struct co_buf *out);

#endif
