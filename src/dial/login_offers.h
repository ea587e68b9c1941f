/* SPDX-License-Identifier: MIT */
/* By what a server or a proxy wants to be told who asks. */
#ifndef CO_DIAL_LOGIN_OFFERS_H
#define CO_DIAL_LOGIN_OFFERS_H

#include "codec/http1_response.h"
#include "dial/digest_login.h"

/* Those that can be answered. */
struct co_login_offers {
    bool basic, digest;
    struct co_digest_login strongest; /* when digest */
};

/* Reads a response's fields of that name: WWW-Authenticate, Proxy-Authenticate. What is malformed
 * ends its field, not the others. 0, and with Digest co_digest_login_end is due; -ENOMEM. */
int co_login_offers_read(
    const struct co_http1_response *head, co_text name, struct co_login_offers *ret);

#endif
