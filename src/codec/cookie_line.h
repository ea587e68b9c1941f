/* SPDX-License-Identifier: MIT */
/*
 * A line of a cookie file in Netscape's format, which curl, wget, Python and browsers' extensions
 * read and write: seven fields with tabs between them.
 *
 *     #HttpOnly_.example.org  TRUE  /  TRUE  1790000000  name  value
 */
#ifndef CO_CODEC_COOKIE_LINE_H
#define CO_CODEC_COOKIE_LINE_H

#include "base/buf.h"

struct co_cookie_line {
    co_text domain; /* without its leading dot */
    bool subdomains;
    co_text path;
    bool secure, http_only;
    int64_t expires; /* seconds since 1970; 0: with the session */
    co_text name, value;
};

/* Reads a line, without its end; the slices point into it. 0; CO_EINVALID for a comment, an empty
 * line and all that is no cookie. A missing last field is an empty value. */
int co_cookie_line_parse(co_text line, struct co_cookie_line *ret);

/* Appends the line with its end. CO_EINVALID, and nothing is written, for what the format cannot
 * hold: a tab in a field. Otherwise out's error. */
int co_cookie_line_write(const struct co_cookie_line *line, struct co_buf *out);

#endif
