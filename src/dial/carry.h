/* SPDX-License-Identifier: MIT */
#ifndef CO_DIAL_CARRY_H
#define CO_DIAL_CARRY_H

#include "coronet/stream.h"

/* Puts a new stream in the place of this one, which carries it from then on: so that TLS can be
 * spoken within TLS. Does not suspend. 0, or -ENOMEM and the stream is as before. */
int co_carry(co_stream **stream);

#endif
