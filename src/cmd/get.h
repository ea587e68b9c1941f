/* SPDX-License-Identifier: MIT */
/* `coronet get`: URLs to files. */
#ifndef CO_CMD_GET_H
#define CO_CMD_GET_H

#include "cmd/transfer.h"

struct co_get_command {
    struct co_transfer_command transfer;
    const char *output, *folder, *list;
    const char *method, *data, *checksum;
    struct co_option_list form;
    bool resume, force, no_sync, compressed;
    bool ascii, head, newer, content_disposition;
    int64_t max_size, segments, per_host;
};

extern const struct co_option co_get_options_table[], co_get_limits_table[];
void co_get_defaults(void *settings);
int co_get_run(void *settings);

#define CO_GET_COMMAND                                                                             \
 {                                                                                                 \
  .name = "get", .summary = "get files over HTTP, HTTPS and FTP", .usage = "URL... [OPTION...]",   \
  .examples = "  coronet get https://example.org/a.tar.gz          into the current directory\n"   \
              "  coronet get -c https://example.org/a.tar.gz       go on where it broke off\n"     \
              "  coronet get -o - http://localhost:8000/ | less    to standard output\n"           \
              "  coronet get -i urls -P downloads --jobs 8         many, several at once\n",       \
  .options = (const struct co_option *const[]){co_get_options_table, co_transfer_asking,           \
      co_get_limits_table, co_transfer_retrying, co_common_options, NULL},                         \
  .settings_bytes = sizeof(struct co_get_command), .arguments_max = 100000,                        \
  .defaults = co_get_defaults, .run = co_get_run                                                   \
 }

#endif
