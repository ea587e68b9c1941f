/* SPDX-License-Identifier: MIT */
/* $SSLKEYLOGFILE: the keys of TLS connections, for whoever looks at packets. */
#ifndef CO_CMD_KEY_LOG_H
#define CO_CMD_KEY_LOG_H

#include "coronet/tls.h"

struct co_key_log {
    int fd; /* -1: there is none */
};

#define CO_KEY_LOG_NONE ((struct co_key_log){-1})

/* Is one asked for? */
bool co_key_log_is_wanted(void);

/* Opens the file, as browsers and curl have it, says so, and has `options` write to it; the log
 * must outlive what is made of them. 0, also when none is asked for; CO_EXIT_FILE, having said why.
 */
int co_key_log_open(struct co_key_log *log, struct co_tls_options *options);
void co_key_log_close(struct co_key_log *log);

#endif
