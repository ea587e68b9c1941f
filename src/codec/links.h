/* SPDX-License-Identifier: MIT */
/*
 * The links of an HTML page as it arrives: what stands in the href of each <a>, and of the <base>
 * that they start from; and the title.
 *
 * No tree is built: tags, quoted values, comments and the insides of scripts and styles are told
 * apart, and that is all. Each byte is looked at once, whatever the page does (attacks C17): time
 * is linear, memory a few KiB. The same at every split.
 */
#ifndef CO_CODEC_LINKS_H
#define CO_CODEC_LINKS_H

#include "base/buf.h"

#define CO_LINKS_HREF_MAX  8192 /* bytes; longer links are passed over */
#define CO_LINKS_TITLE_MAX 256  /* bytes that are kept */
#define CO_LINKS_NAME_MAX  16   /* bytes of a tag's or attribute's name that matter */

struct co_links {
    struct co_buf href;  /* the link, its character references undone: until the next call */
    struct co_buf title; /* the first bytes of the page's title, as they stand */
    /* The rest is private. */
    int state;
    char tag[CO_LINKS_NAME_MAX], attribute[CO_LINKS_NAME_MAX]; /* lower case, NUL-terminated */
    unsigned tag_size, attribute_size;
    unsigned matched;            /* bytes of a comment's or a raw text's end */
    char raw[CO_LINKS_NAME_MAX]; /* the element whose inside is no markup */
    bool has_href, has_base;
    int error;
};

void co_links_start(struct co_links *links);
void co_links_free(struct co_links *links);

#define CO_LINKS_LINK 1
#define CO_LINKS_BASE 2 /* comes once at most (HTML 4.2.3) */

/* Reads on, up to the next link or the base. One of these: it is in `href`; 0: all input was taken;
 * -ENOMEM, kept. */
int co_links_next(struct co_links *links, co_text *input);

#endif
