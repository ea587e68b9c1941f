/* SPDX-License-Identifier: MIT */
/*
 * Locks between fibers of one thread. Each is a queue of waiting fibers, a lock or count handed
 * over directly: a fiber that was given it and is cancelled at the same moment has it all the same.
 */
#include "coronet/sync.h"

#include "runtime/fiber.h"

#include <errno.h>

/* A queue lives in two pointers of the object; zero-initialised objects have not linked it yet. */
static struct co_link *queue_of(void **room)
{
    struct co_link *queue = (struct co_link *)(void *)room;
    if (!queue->next)
        co_list_init(queue);
    return queue;
}

static int queue_wait(struct co_link *queue, const struct co_wait *wait)
{
    struct co_rt *rt = co_rt_current();
    co_list_append(queue, &rt->current->queued);
    return co_fiber_wait(rt, wait);
}

static struct co_fiber *queue_pop(struct co_link *queue)
{
    struct co_link *first = co_list_pop(queue);
    return first ? CO_CONTAINER(first, struct co_fiber, queued) : NULL;
}

/* private_: the queue, then the fiber inside. */
int co_mutex_lock(co_mutex *mutex)
{
    static const struct co_wait wait = {.what = "mutex", .interrupt = co_fiber_unqueue};
    struct co_rt *rt = co_rt_current();
    int rc = co_fiber_refusal(rt, false);
    if (rc < 0)
        return rc;
    if (mutex->private_[2] == rt->current)
        return -EDEADLK;
    if (!mutex->private_[2]) {
        mutex->private_[2] = rt->current;
        co_fiber_spend(rt);
        return 0;
    }
    return queue_wait(queue_of(mutex->private_), &wait);
}

void co_mutex_unlock(co_mutex *mutex)
{
    struct co_rt *rt = co_rt_current();
    assert(mutex->private_[2] == rt->current);
    struct co_fiber *next = queue_pop(queue_of(mutex->private_));
    mutex->private_[2] = next;
    if (next)
        co_fiber_wake(rt, next, 0);
}

/* Who is signalled, or cancelled, moves from the condition's queue into the mutex's, and is woken
 * once it is inside. From the move on it obeys no scope and its result is settled. */
struct condition_wait {
    struct co_wait wait;
    co_mutex *mutex;
    int code;
};

static void condition_move(struct co_rt *rt, struct co_fiber *fiber, int code)
{
    struct condition_wait *at = (struct condition_wait *)(uintptr_t)fiber->wait->on;
    at->code = code;
    at->wait.what = "mutex";
    at->wait.interrupt = NULL;
    if (at->mutex->private_[2]) {
        co_list_append(queue_of(at->mutex->private_), &fiber->queued);
        return;
    }
    at->mutex->private_[2] = fiber;
    co_fiber_wake(rt, fiber, 0);
}

static void condition_interrupted(struct co_rt *rt, struct co_fiber *fiber, int code)
{
    co_list_remove(&fiber->queued);
    condition_move(rt, fiber, code);
}

int co_condition_wait(co_condition *condition, co_mutex *mutex)
{
    struct condition_wait at = {
        .wait = {.what = "condition", .on = &at, .interrupt = condition_interrupted},
        .mutex = mutex,
    };
    int rc = co_fiber_refusal(co_rt_current(), false);
    if (rc < 0)
        return rc;
    co_mutex_unlock(mutex);
    queue_wait(queue_of(condition->private_), &at.wait);
    return at.code;
}

void co_condition_signal(co_condition *condition)
{
    struct co_fiber *next = queue_pop(queue_of(condition->private_));
    if (next)
        condition_move(co_rt_current(), next, 0);
}

void co_condition_broadcast(co_condition *condition)
{
    while (!co_list_empty(queue_of(condition->private_)))
        co_condition_signal(condition);
}

int co_semaphore_take(co_semaphore *semaphore)
{
    static const struct co_wait wait = {.what = "semaphore", .interrupt = co_fiber_unqueue};
    struct co_rt *rt = co_rt_current();
    int rc = co_fiber_refusal(rt, false);
    if (rc < 0)
        return rc;
    if (semaphore->count > 0) {
        semaphore->count--;
        co_fiber_spend(rt);
        return 0;
    }
    return queue_wait(queue_of(semaphore->private_), &wait);
}

void co_semaphore_give(co_semaphore *semaphore)
{
    struct co_fiber *next = queue_pop(queue_of(semaphore->private_));
    if (next)
        co_fiber_wake(co_rt_current(), next, 0);
    else
        semaphore->count++;
}

void co_event_set(co_event *event)
{
    struct co_fiber *next;
    event->is_set = true;
    while ((next = queue_pop(queue_of(event->private_))))
        co_fiber_wake(co_rt_current(), next, 0);
}

void co_event_clear(co_event *event)
{
    event->is_set = false;
}

int co_event_wait(co_event *event)
{
    static const struct co_wait wait = {.what = "event", .interrupt = co_fiber_unqueue};
    struct co_rt *rt = co_rt_current();
    int rc = co_fiber_refusal(rt, false);
    if (rc < 0)
        return rc;
    if (!event->is_set)
        return queue_wait(queue_of(event->private_), &wait);
    co_fiber_spend(rt);
    return 0;
}
