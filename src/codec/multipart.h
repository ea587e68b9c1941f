/* SPDX-License-Identifier: MIT */
/*
 * multipart/form-data (RFC 7578, RFC 2046 5.1): a decoder that resumes at any byte. Its pieces are
 * slices of its input, but for what looked like a boundary at an input's end and was none.
 *
 * Fields of parts other than Content-Disposition are of no interest here and pass unread. Neither
 * nested parts nor transfer codings are known: RFC 7578 4.3 and 4.7 have done away with them.
 */
#ifndef CO_CODEC_MULTIPART_H
#define CO_CODEC_MULTIPART_H

#include "base/base.h"

#define CO_MULTIPART_BOUNDARY_MAX 70   /* bytes (RFC 2046 5.1.1) */
#define CO_MULTIPART_HEAD_MAX     4096 /* bytes of a part's fields */

struct co_multipart {
    uint8_t state;   /* the members are the decoder's own */
    uint8_t matched; /* bytes of the delimiter that have come */
    bool in_part;    /* content is wanted */
    uint16_t head_size;
    uint8_t delimiter_size;
    char delimiter[4 + CO_MULTIPART_BOUNDARY_MAX]; /* "\r\n--BOUNDARY" */
    char head[CO_MULTIPART_HEAD_MAX];
};

enum co_multipart_event {
    CO_MULTIPART_MORE, /* all input taken, the body goes on */
    CO_MULTIPART_PART, /* a part begins: co_multipart_disposition tells which */
    CO_MULTIPART_DATA, /* *ret_data is a piece of its content */
    CO_MULTIPART_DONE, /* the part is complete */
    CO_MULTIPART_END,  /* the body is complete; what may follow means nothing */
};

/* Makes a decoder for a Content-Type's value. 0; -EINVAL: it is no form data with a boundary. */
int co_multipart_start(struct co_multipart *decoder, co_text content_type);

/* Takes bytes off *input until there is something to report. Returns a co_multipart_event, or
 * CO_EHTTP when the body is malformed (the decoder stays so). ret_data: valid until the next call.
 */
int co_multipart_next(struct co_multipart *decoder, co_text *input, co_text *ret_data);

/*
 * What the part that has just begun is. ret_name: the form's field. ret_file: the file's name or
 * path as it was sent, where browsers and curl write a quote as %22 or \"; at NULL when the part is
 * no file. RFC 7578 4.2 has no filename*, but some clients send it, a few alone: it counts before
 * filename. Both point into the decoder, whose text they change, until the next call; ask once. 0;
 * CO_EHTTP: it is no part of a form, or its name cannot be read.
 */
int co_multipart_disposition(struct co_multipart *decoder, co_text *ret_name, co_text *ret_file);

/*
 * The path that a file is to have below the folder it was sent to: its last component, or, where a
 * whole folder was sent, the relative path. What climbs (".."), begins at a root or names a drive
 * is cut down to the last component. A slice of `file`; size 0: no name that could be used.
 */
co_text co_multipart_path(co_text file);

#endif
