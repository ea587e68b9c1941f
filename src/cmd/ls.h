/* SPDX-License-Identifier: MIT */
/* `coronet ls`: what a folder elsewhere holds. */
#ifndef CO_CMD_LS_H
#define CO_CMD_LS_H

#include "cmd/transfer.h"

struct co_ls_command {
    struct co_transfer_command transfer;
    bool details, recursive;
    const char *output;
};

extern const struct co_option co_ls_options_table[];
void co_ls_defaults(void *settings);
int co_ls_run(void *settings);

#define CO_LS_COMMAND                                                                              \
 {                                                                                                 \
  .name = "ls", .summary = "list a folder over HTTP, HTTPS and FTP", .usage = "URL [OPTION...]",   \
  .examples = "  coronet ls http://localhost:8000/                 names, one a line\n"            \
              "  coronet ls -l https://example.org/pub/            with sizes and times\n"         \
              "  coronet ls -R --json http://localhost:8000/       a whole tree, for programs\n",  \
  .options = (const struct co_option *const[]){co_ls_options_table, co_transfer_asking,            \
      co_common_options, NULL},                                                                    \
  .settings_bytes = sizeof(struct co_ls_command), .arguments_max = 1, .defaults = co_ls_defaults,  \
  .run = co_ls_run                                                                                 \
 }

#endif
