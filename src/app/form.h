/* SPDX-License-Identifier: MIT */
/* A form as browsers send it: multipart/form-data (RFC 7578). What is written is held in memory. */
#ifndef CO_APP_FORM_H
#define CO_APP_FORM_H

#include "base/buf.h"

struct co_media;

struct co_form {
    struct co_buf *body;
    char type[80];     /* of the body: the Content-Type, with the boundary */
    char boundary[48]; /* nobody can guess it: no content holds it */
    struct co_media *media;
};

/* Begins a form, which is appended to `body`. random: for the boundary. 0, -ENOMEM. In any case
 * co_form_end. */
int co_form_begin(struct co_form *form, struct co_buf *body, const uint64_t random[2]);

/* Begins a field; its content is the body's next bytes. path: of the file that it is, whose last
 * name goes along and tells the type; NULL: it is text. */
void co_form_field(struct co_form *form, co_text name, const char *path);

/* Ends the form. 0, or the body's error. */
int co_form_end(struct co_form *form);

#endif
