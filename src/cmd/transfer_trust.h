/* SPDX-License-Identifier: MIT */
/* Whom a command trusts that asks servers, whom it says to be, and who may listen. */
#ifndef CO_CMD_TRANSFER_TRUST_H
#define CO_CMD_TRANSFER_TRUST_H

#include "cmd/key_log.h"
#include "coronet/tls.h"

struct co_transfer_command;

struct co_transfer_trust {
    co_tls *tls;       /* of servers; NULL: the defaults of the library */
    co_tls *proxy_tls; /* of proxies that are spoken to in TLS; likewise */
    struct co_key_log key_log;
};

#define CO_TRANSFER_TRUST_NONE ((struct co_transfer_trust){.key_log = CO_KEY_LOG_NONE})

/* Reads what the options name. 0, or an exit code, having said why; co_transfer_trust_close in any
 * case.
 */
int co_transfer_trust_open(
    struct co_transfer_trust *trust, const struct co_transfer_command *command);
void co_transfer_trust_close(struct co_transfer_trust *trust);

#endif
