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

/* Reads "Name: value", a field for all responses. 0; -EINVAL when it is none; -EEXIST for those
 * that are the server's own, or that each response has of itself. */
int co_http_common_read(const char *line, co_text *ret_name, co_text *ret_value);

void co_http_line_add(struct co_buf *lines, co_text name, co_text value);

/* Is there a line of that name? */
bool co_http_line_has(const struct co_buf *lines, co_text name);

/* Removes all lines of that name. */
void co_http_line_remove(struct co_buf *lines, co_text name);

#endif
