/* SPDX-License-Identifier: MIT */
/* The name that a file from elsewhere gets here. */
#ifndef CO_TRANSFER_LOCAL_NAME_H
#define CO_TRANSFER_LOCAL_NAME_H

#include "base/buf.h"

#define CO_LOCAL_NAME_MAX 255 /* bytes: what file systems take */

/*
 * Appends the last component of a URL's path, decoded: 0. 1: there is none, and "index.html" it is.
 * CO_EINVALID when it is unsafe as a name here: hidden, with control bytes, not to be decoded or
 * too long (attacks C06).
 */
int co_local_name(co_text url, struct co_buf *out);

/* The same for what a server calls it by Content-Disposition. CO_EINVALID also when it does not. */
int co_local_name_of_server(co_text disposition, struct co_buf *out);

#endif
