/* SPDX-License-Identifier: MIT */
/* Dates as cookies have them (RFC 6265bis 5.1.1): in whatever form servers have ever written them,
 * each part known by its looks. */
#ifndef CO_CODEC_COOKIE_DATE_H
#define CO_CODEC_COOKIE_DATE_H

#include "base/base.h"

/* 0, or CO_EINVALID when it is no date. Always UTC, whatever zone the text claims. */
int co_cookie_date_read(co_text text, int64_t *ret_seconds);

/* A date of HTTP in a response, whose recipient is to be robust (RFC 9110 5.6.7): as co_date_read
 * has it, or in a cookie's form with GMT, UTC or "+0200" at its end. 0, or CO_EINVALID. */
int co_date_read_loosely(co_text text, int64_t now, int64_t *ret_seconds);

#endif
