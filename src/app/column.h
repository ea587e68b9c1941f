/* SPDX-License-Identifier: MIT */
/* Text for a terminal, by the columns that it takes there. */
#ifndef CO_APP_COLUMN_H
#define CO_APP_COLUMN_H

#include "base/buf.h"

/* Columns of a character: 0 for what joins the one before, 2 for East Asian wide ones and emoji
 * (Unicode 15, UAX 11), else 1. */
unsigned co_column_width(uint32_t code);

/* Appends a name, made harmless, in just so many columns: cut, or with spaces behind. */
void co_column_add(struct co_buf *out, const char *name, size_t columns);

#endif
