/* SPDX-License-Identifier: MIT */
/* `coronet put`: files to a server. */
#ifndef CO_CMD_PUT_H
#define CO_CMD_PUT_H

#include "cmd/transfer.h"

struct co_put_command {
    struct co_transfer_command transfer;
    bool resume;
};

extern const struct co_option co_put_options_table[];
void co_put_defaults(void *settings);
int co_put_run(void *settings);

#define CO_PUT_COMMAND                                                                             \
 {                                                                                                 \
  .name = "put", .summary = "put files to a server over HTTP, HTTPS and FTP",                      \
  .usage = "FILE... URL [OPTION...]",                                                              \
  .examples = "  coronet put a.txt b.txt http://localhost:8000/in/   into a folder\n"              \
              "  coronet put a.txt http://localhost:8000/in/new.txt  under another name\n"         \
              "  coronet put -c film.mkv http://localhost:8000/in/   go on where it broke off\n"   \
              "  tar -c src | coronet put - http://localhost:8000/in/src.tar\n",                   \
  .options = (const struct co_option *const[]){co_put_options_table, co_transfer_asking,           \
      co_transfer_retrying, co_common_options, NULL},                                              \
  .settings_bytes = sizeof(struct co_put_command), .arguments_max = 100000,                        \
  .defaults = co_put_defaults, .run = co_put_run                                                   \
 }

#endif
