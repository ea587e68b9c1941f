/* SPDX-License-Identifier: MIT */
#ifndef CO_CODING_BOMB_H
#define CO_CODING_BOMB_H

#include <stdbool.h>
#include <stdint.h>

#define CO_BOMB_FREE_BYTES (64u << 20) /* may come of however little, */
#define CO_BOMB_RATIO_MAX  100         /* and beyond that so many of each byte */

/* Has so much more come out than went in that it is meant to do harm (attacks C05)? */
static inline bool co_is_bomb(uint64_t in, uint64_t out)
{
    return out > CO_BOMB_FREE_BYTES && out / CO_BOMB_RATIO_MAX > in;
}

#endif
