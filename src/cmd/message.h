/* SPDX-License-Identifier: MIT */
/* What the command says to people: on standard error, each line with the program's name. */
#ifndef CO_CMD_MESSAGE_H
#define CO_CMD_MESSAGE_H

#include <stdbool.h>

/* "coronet: TEXT"; what came from outside is made harmless for a terminal. */
__attribute__((format(printf, 1, 2))) void co_error(const char *format, ...);

/* A line without the name, for what scripts read: "ready". Whole or not at all. */
__attribute__((format(printf, 1, 2))) void co_say(const char *format, ...);

/* Why a command did not even begin: what co_run returned, and the value of --backend, if any. */
void co_error_of_start(int rc, const char *backend);

#endif
