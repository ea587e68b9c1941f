/* SPDX-License-Identifier: MIT */
/* The looks of the listing page: constants, and which icon a file has. */
#ifndef CO_HTTP_LISTING_STYLE_H
#define CO_HTTP_LISTING_STYLE_H

#include "base/base.h"

extern const char co_http_page_head[]; /* from the doctype to before the title */
extern const char co_http_page_script[], co_http_page_tools[]; /* listing_script.c */
extern const char co_http_page_style[];                        /* the style sheet */
extern const char co_http_page_style_may[]; /* more of it, for what listing_may.c has */
extern const char co_http_page_icons[];     /* the body's start: the icons, to be used by name */

/* The name of the icon (and its class) for a media type. */
const char *co_http_page_icon(co_text type);

#endif
