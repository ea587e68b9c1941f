/* SPDX-License-Identifier: MIT */
/*
 * What a folder holds, as an HTTP server tells it: as JSON, in the form of Coronet's own listing,
 * of nginx's or of Caddy's, or as a page of links, of which those count that lead to direct
 * children. Read as it comes: memory does not grow with the folder.
 */
#ifndef CO_TRANSFER_FOLDER_HTTP_H
#define CO_TRANSFER_FOLDER_HTTP_H

#include "transfer/remote.h"

/* What to ask for. */
#define CO_FOLDER_ACCEPT "application/json, text/html;q=0.9, application/xhtml+xml;q=0.9, */*;q=0.1"

/* Reads a 200's body. Suspends. 0; CO_EPROTO when it is no listing, with a word on it; what
 * listing->see returned; as co_http_response_read. */
int co_folder_read(co_http_response *response, struct co_remote_listing *listing);

/* Did a folder answer? That is where the path ends with a slash, which servers add. */
bool co_folder_answers(const co_http_response *response);

#endif
