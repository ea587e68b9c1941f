/* SPDX-License-Identifier: MIT */
#ifndef CO_BASE_ERROR_H
#define CO_BASE_ERROR_H

#include "base/base.h"

/* The sentence of a code alone, without any fiber's detail. Static text, never NULL. */
const char *co_error_sentence(int code);

#endif
