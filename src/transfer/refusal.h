/* SPDX-License-Identifier: MIT */
/* How a server's refusal is told: by its status, and in its own words where it has some. */
#ifndef CO_TRANSFER_REFUSAL_H
#define CO_TRANSFER_REFUSAL_H

#include "coronet/http_client.h"

/* CO_ESTATUS, with the response's status for co_explain and the first line of what it says as plain
 * text. hint: what can be done about it, " (...)" or ""; one that is a guess gives way to the
 * server's words. Takes of the body. Suspends for two seconds at most. */
int co_refused(co_http_response *response, const char *hint);

#endif
