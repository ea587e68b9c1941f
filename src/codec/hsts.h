/* SPDX-License-Identifier: MIT */
/* HTTP Strict Transport Security as text: the header field (RFC 6797 6.1), and lines of a file as
 * curl keeps it, `.example.org "20271231 23:59:59"`. */
#ifndef CO_CODEC_HSTS_H
#define CO_CODEC_HSTS_H

#include "base/buf.h"

struct co_hsts_policy {
    int64_t max_age; /* seconds; 0: no longer; saturated */
    bool subdomains;
};

/* Reads a field's value. 0; CO_EINVALID without max-age, with a directive twice or malformed: then
 * it is to be ignored as a whole. */
int co_hsts_parse(co_text text, struct co_hsts_policy *ret);

struct co_hsts_line {
    co_text host; /* without its leading dot */
    bool subdomains;
    int64_t expires; /* seconds since 1970; INT64_MAX: "unlimited" */
};

/* Reads a line, without its end; the slice points into it. 0; CO_EINVALID for a comment and all
 * that is no such line. */
int co_hsts_line_parse(co_text line, struct co_hsts_line *ret);

/* Appends the line with its end. */
void co_hsts_line_write(const struct co_hsts_line *line, struct co_buf *out);

#endif
