/* SPDX-License-Identifier: MIT */
/* `coronet mirror`: a tree here as one elsewhere, or the other way. */
#ifndef CO_CMD_MIRROR_H
#define CO_CMD_MIRROR_H

#include "cmd/transfer.h"

struct co_mirror_command {
    struct co_transfer_command transfer;
    struct co_option_list includes, excludes;
    bool delete_others, newer, dry_run, no_sync;
};

extern const struct co_option co_mirror_options_table[];
void co_mirror_defaults(void *settings);
int co_mirror_run_command(void *settings);

#define CO_MIRROR_COMMAND                                                                          \
 {                                                                                                 \
  .name = "mirror", .summary = "make one tree as another is, over HTTP, HTTPS and FTP",            \
  .usage = "FROM TO [OPTION...]",                                                                  \
  .examples = "  coronet mirror https://example.org/pub/ pub         a server's tree, here\n"      \
              "  coronet mirror site http://localhost:8000/site/     a tree of here, there\n"      \
              "  coronet mirror --delete --dry-run FROM TO           what would be done\n"         \
              "  coronet mirror --exclude '*.iso' FROM TO            all but some\n",              \
  .options = (const struct co_option *const[]){co_mirror_options_table, co_transfer_asking,        \
      co_transfer_retrying, co_common_options, NULL},                                              \
  .settings_bytes = sizeof(struct co_mirror_command), .arguments_max = 2,                          \
  .defaults = co_mirror_defaults, .run = co_mirror_run_command                                     \
 }

#endif
