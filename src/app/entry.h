/* SPDX-License-Identifier: MIT */
/* What a folder elsewhere holds, as lines. */
#ifndef CO_APP_ENTRY_H
#define CO_APP_ENTRY_H

#include "transfer/remote.h"

struct co_entry_form {
    bool json;        /* an object; else its path, and with */
    bool details;     /* type, size and time before it */
    bool to_terminal; /* what is not printable is escaped (attacks C08) */
};

/* Appends a line without its end. */
void co_entry_line(struct co_buf *out, struct co_entry_form form, co_text path,
    const struct co_remote_entry *entry);

#endif
