/* SPDX-License-Identifier: MIT */
/*
 * A waiter stands in its fiber's frame. Once it is taken out of its queue a message to its thread
 * is on the way, and with it the place: so whoever is interrupted from then on waits for the
 * message (it comes at once) and has the place all the same.
 */
#include "auth/places.h"

#include "runtime/fiber.h"

#include <errno.h>

struct waiter {
    struct co_link link; /* in the queue of its rank */
    unsigned rank;
    bool queued;
    struct co_places *places;
    struct co_fiber *fiber;
    struct co_post given;
};

void co_places_init(struct co_places *places, unsigned count, unsigned waiting_max)
{
    *places = (struct co_places){.free_count = count, .waiting_max = waiting_max};
    pthread_mutex_init(&places->lock, NULL);
    for (unsigned i = 0; i < CO_PLACES_RANKS; i++)
        co_list_init(&places->ranks[i].waiters);
}

void co_places_end(struct co_places *places)
{
    for (unsigned i = 0; i < CO_PLACES_RANKS; i++)
        assert(co_list_empty(&places->ranks[i].waiters));
    pthread_mutex_destroy(&places->lock);
}

/* In the waiter's thread: it has a place. */
static void waiter_given(struct co_rt *rt, struct co_post *post)
{
    co_fiber_wake(rt, CO_CONTAINER(post, struct waiter, given)->fiber, 0);
}

static void unqueue(struct waiter *waiter)
{
    co_list_remove(&waiter->link);
    waiter->places->ranks[waiter->rank].count--;
    waiter->queued = false;
}

static void waiter_interrupted(struct co_rt *rt, struct co_fiber *fiber, int code)
{
    struct waiter *waiter = (struct waiter *)(uintptr_t)fiber->wait->on;
    pthread_mutex_lock(&waiter->places->lock);
    bool queued = waiter->queued;
    if (queued)
        unqueue(waiter);
    pthread_mutex_unlock(&waiter->places->lock);
    if (queued)
        co_fiber_wake(rt, fiber, code);
}

/* 0: the place is ours; 1: the waiter is queued; -EBUSY. */
static int take_or_queue(struct waiter *waiter)
{
    struct co_places *places = waiter->places;
    int rc = 0;
    pthread_mutex_lock(&places->lock);
    if (places->free_count > 0) {
        places->free_count--; /* nobody waits while there is one */
    } else if (places->ranks[waiter->rank].count == places->waiting_max) {
        rc = -EBUSY;
    } else {
        co_list_append(&places->ranks[waiter->rank].waiters, &waiter->link);
        places->ranks[waiter->rank].count++;
        waiter->queued = true;
        rc = 1;
    }
    pthread_mutex_unlock(&places->lock);
    return rc;
}

int co_places_take(struct co_places *places, unsigned rank)
{
    struct co_rt *rt = co_rt_current();
    struct waiter waiter = {
        .rank = rank,
        .places = places,
        .fiber = rt->current,
        .given.run = waiter_given,
    };
    const struct co_wait wait = {
        .what = "a place to check a password",
        .on = &waiter,
        .interrupt = waiter_interrupted,
    };
    int rc = co_fiber_refusal(rt, false);
    if (rc == 0)
        rc = take_or_queue(&waiter);
    if (rc <= 0)
        return rc;
    rt->outside++; /* another thread may have the place: that this one has nothing to do is no
                      deadlock */
    rc = co_fiber_wait(rt, &wait);
    rt->outside--;
    /* The giver may not be done with waking this runtime, which could end now. */
    pthread_mutex_lock(&places->lock);
    pthread_mutex_unlock(&places->lock);
    return rc;
}

static struct waiter *first_waiter(struct co_places *places)
{
    for (unsigned i = 0; i < CO_PLACES_RANKS; i++)
        if (!co_list_empty(&places->ranks[i].waiters))
            return CO_CONTAINER(places->ranks[i].waiters.next, struct waiter, link);
    return NULL;
}

void co_places_give(struct co_places *places)
{
    pthread_mutex_lock(&places->lock);
    struct waiter *waiter = first_waiter(places);
    if (waiter) {
        unqueue(waiter);
        co_rt_post(waiter->fiber->rt, &waiter->given);
    } else {
        places->free_count++;
    }
    pthread_mutex_unlock(&places->lock);
}
