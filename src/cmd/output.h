/* SPDX-License-Identifier: MIT */
/*
 * A file for output that the user has named. The name is his own, so links in it are followed, as
 * by any other program; names from elsewhere never come here. What is no regular file, and what no
 * name leads to, is written to as it is, since nothing can be put in its place.
 */
#ifndef CO_CMD_OUTPUT_H
#define CO_CMD_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

/* Finds what it is. *ret_path: the name that its links lead to, whether or not there is anything,
 * to be freed; NULL: it is to be opened, by co_output_open. 0, -errno. */
int co_output_find(const char *named, char **ret_path);

/* Opens it for writing. Waits for a FIFO's reader. *ret may be stdout. 0, -errno. */
int co_output_open(const char *named, FILE **ret);

/* A file of an open descriptor, which it takes over, and closes if that fails. 0, -errno. */
int co_output_of(int fd, FILE **ret);

/* Writes what is left, and closes what is not stdout; NULL is allowed. 0, -errno. */
int co_output_close(FILE *file);

#endif
