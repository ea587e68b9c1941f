/* SPDX-License-Identifier: MIT */
/*
 * What a server says in Set-Cookie (RFC 6265bis 5.6, the algorithm that browsers follow): all that
 * it may say is taken, and what nobody could mean is passed over.
 *
 * A pure function of the text: what the jar makes of it (where it comes from, what may be set
 * there) is http/cookies.h's.
 */
#ifndef CO_CODEC_SET_COOKIE_H
#define CO_CODEC_SET_COOKIE_H

#include "base/base.h"

#define CO_COOKIE_BYTES_MAX     4096 /* of name and value together (RFC 6265bis 5.6) */
#define CO_COOKIE_ATTRIBUTE_MAX 1024 /* bytes of an attribute's value; a longer one is none */

enum co_same_site {
    CO_SAME_SITE_DEFAULT, /* nothing was said, or nothing that is known */
    CO_SAME_SITE_NONE,
    CO_SAME_SITE_LAX,
    CO_SAME_SITE_STRICT,
};

struct co_set_cookie {
    co_text name, value; /* either may be empty, not both */
    co_text domain;      /* without its leading dot; empty: none */
    co_text path;        /* begins with '/'; empty: the request's */
    bool secure, http_only;
    bool has_expires, has_max_age;
    int64_t expires; /* seconds since 1970 */
    int64_t max_age; /* seconds; 0 or less: gone at once; saturated */
    enum co_same_site same_site;
};

/*
 * Reads a field's value; the slices point into it. Takes time in proportion to the text, and to no
 * more of it than CO_SET_COOKIE_MAX bytes. 0; CO_EINVALID: to be ignored as a whole (control bytes,
 * nothing in it); CO_ETOOBIG: the same, for its size.
 */
int co_set_cookie_parse(co_text text, struct co_set_cookie *ret);

#define CO_SET_COOKIE_MAX 16384 /* bytes of a whole field: attributes included */

/* May it be a cookie's name or value: no control byte but a tab, and together no more than
 * CO_COOKIE_BYTES_MAX? */
bool co_cookie_is_good(co_text name, co_text value);

#endif
