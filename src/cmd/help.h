/* SPDX-License-Identifier: MIT */
/* What the command says of itself, all of it from the option tables. */
#ifndef CO_CMD_HELP_H
#define CO_CMD_HELP_H

#include "cmd/options.h"

/* Help of one command, or of the program when it is NULL, on standard output. */
void co_help(const struct co_command *command);

/* A completion script on standard output. 0, or CO_EXIT_USAGE for a shell we do not know. */
int co_completion(const char *shell);

#endif
