/* SPDX-License-Identifier: MIT */
/* A response's body without its content codings (RFC 9110 8.4), while it comes. */
#ifndef CO_HTTP_DECODED_H
#define CO_HTTP_DECODED_H

#include "http/exchange.h"

/* What a client that decodes says that it takes. */
#define CO_HTTP_DECODED_ACCEPT "gzip, deflate, br, zstd"

/* Does the response say that its body is coded? Some servers say of none that it is no coding. */
bool co_http_is_coded(const struct co_http1_response *head);

struct co_http_decoded;

/*
 * Begins to decode. *ret: NULL where the body is not coded. 0; CO_EHTTP for a coding that is none
 * of the above; CO_ETOOBIG for more than two (attacks C05); -ENOMEM.
 */
int co_http_decoded_open(struct co_http_decoded **ret, const struct co_http1_response *head);
void co_http_decoded_close(struct co_http_decoded *decoded);

/*
 * As co_http_exchange_next, which must not be called beside it, but for what is coded: CO_EHTTP
 * when that is corrupt, CO_EEOF when its end is missing, CO_ETOOBIG when it grows beyond all
 * measure.
 */
ssize_t co_http_decoded_next(
    struct co_http_decoded *decoded, struct co_http_answer *answer, co_text *ret);

#endif
