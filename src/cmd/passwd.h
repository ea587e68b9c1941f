/* SPDX-License-Identifier: MIT */
/* `coronet passwd`: the users of `coronet serve --users`. */
#ifndef CO_CMD_PASSWD_H
#define CO_CMD_PASSWD_H

#include "cmd/options.h"

struct co_passwd_command {
    struct co_common common;
    const char *home, *rights;
    int64_t quota, rate; /* negative: not named */
    bool remove;
};

extern const struct co_option co_passwd_options_table[];
void co_passwd_defaults(void *settings);
int co_passwd_run(void *settings);

#define CO_PASSWD_COMMAND                                                                          \
 {                                                                                                 \
  .name = "passwd", .summary = "add, change or remove a user of serve --users",                    \
  .usage = "FILE NAME [OPTION...]",                                                                \
  .examples = "  coronet passwd users alice           add alice, or give her another password\n"   \
              "  coronet passwd users alice --home people/alice --rights read,list,add,change\n"   \
              "  coronet passwd users guest --rights add --quota 1G < password\n"                  \
              "  coronet passwd users alice --delete\n",                                           \
  .options = (const struct co_option *const[]){co_passwd_options_table, co_common_options, NULL},  \
  .settings_bytes = sizeof(struct co_passwd_command), .arguments_max = 2,                          \
  .defaults = co_passwd_defaults, .run = co_passwd_run                                             \
 }

#endif
