/* SPDX-License-Identifier: MIT */
/*
 * A few places for costly work, shared by all threads of a process. Who finds none free waits as a
 * fiber, by rank and then first come, first served; a place given back goes to the first of the
 * lowest rank, wherever it runs.
 */
#ifndef CO_AUTH_PLACES_H
#define CO_AUTH_PLACES_H

#include "base/list.h"

#include <pthread.h>

#define CO_PLACES_RANKS 3

struct co_places {
    pthread_mutex_t lock; /* guards the rest; held for a few pointers, never across a wait */
    unsigned free_count;
    unsigned waiting_max; /* of each rank, so that no crowd of one keeps another out */
    struct {
        struct co_link waiters;
        unsigned count;
    } ranks[CO_PLACES_RANKS];
};

void co_places_init(struct co_places *places, unsigned count, unsigned waiting_max);
/* Nobody may wait or hold a place. */
void co_places_end(struct co_places *places);

/* Suspends until there is a place. 0; -EBUSY at once when too many wait already; CO_ECANCELED,
 * CO_EDEADLINE. */
int co_places_take(struct co_places *places, unsigned rank);

/* Does not suspend. */
void co_places_give(struct co_places *places);

#endif
