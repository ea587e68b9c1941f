/* SPDX-License-Identifier: MIT */
/* The addresses to dial: answers that the caller has fixed, else what a look-up finds. */
#ifndef CO_DIAL_ANSWERS_H
#define CO_DIAL_ANSWERS_H

#include "coronet/dial.h"

/* Are they what the options' answers must be? 0; CO_EINVALID with detail. NULL: there are none. */
int co_answers_check(const char *const *answers);

/* A copy of them, with their strings, which free() ends. 0 or -ENOMEM. NULL stays NULL. */
int co_answers_copy(const char *const *answers, const char *const **ret);

/* As co_resolve_hurried, but that the options' answers come first. */
int co_dial_look_up(const struct co_dial_options *options, const char *host, unsigned port,
    int64_t hurry_ms, co_address *ret);

#endif
