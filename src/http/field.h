/* SPDX-License-Identifier: MIT */
/* Header fields that we emit, as lines "Name: value\r\n" in a buffer. */
#ifndef CO_HTTP_FIELD_H
#define CO_HTTP_FIELD_H

#include "base/buf.h"

/*
 * May a caller set this field? Not when it could break out of its line (attacks H20), and not those
 * that say where a message ends or what becomes of the connection: they are the server's own.
 */
bool co_http_may_set(co_text name, co_text value);

void co_http_line_add(struct co_buf *lines, co_text name, co_text value);

/* Removes all lines of that name. */
void co_http_line_remove(struct co_buf *lines, co_text name);

#endif
