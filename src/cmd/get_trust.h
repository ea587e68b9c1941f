/* SPDX-License-Identifier: MIT */
/* Whom `coronet get` trusts, whom it says to be, and who may listen. */
#ifndef CO_CMD_GET_TRUST_H
#define CO_CMD_GET_TRUST_H

#include "cmd/get.h"
#include "cmd/key_log.h"

struct co_get_trust {
    co_tls *tls;       /* of servers; NULL: the defaults of the library */
    co_tls *proxy_tls; /* of proxies that are spoken to in TLS; likewise */
    struct co_key_log key_log;
};

#define CO_GET_TRUST_NONE ((struct co_get_trust){.key_log = CO_KEY_LOG_NONE})

/* Reads what the options name. 0, or an exit code, having said why; co_get_trust_close in any case.
 */
int co_get_trust_open(struct co_get_trust *trust, const struct co_get_command *command);
void co_get_trust_close(struct co_get_trust *trust);

#endif
