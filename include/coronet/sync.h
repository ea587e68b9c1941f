/* SPDX-License-Identifier: MIT */
/*
 * Channels and locks between fibers of one thread.
 *
 * None of these blocks the thread, and none may be shared between shards; co_post (in shard.h)
 * leads from one into another's channel. Waiters are served first come, first served. A waiter
 * whose scope ends leaves the queue and loses nothing: a value or a lock that had been handed to it
 * by then is its result.
 */
#ifndef CORONET_SYNC_H
#define CORONET_SYNC_H

#include "coronet/fiber.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- channels ------------------------------------------------------------------------------ */

/* A bounded queue of values of one size. */
typedef struct co_channel co_channel;

/*
 * co_channel_new - make a channel.
 *
 * Does not suspend.
 * value_bytes: size of a value, 1 to 4096. capacity: values it holds; 0: sender and receiver meet.
 * Returns: 0, -ENOMEM, -EINVAL for another size.
 */
CO_API int co_channel_new(co_channel **ret, size_t value_bytes, size_t capacity) CO_MUST_USE;

/*
 * co_channel_free - end a channel; NULL is allowed. No fiber may wait on it.
 *
 * Does not suspend.
 */
CO_API void co_channel_free(co_channel *channel);

/*
 * co_channel_close - no more values: receivers get what is left, then CO_ECLOSED.
 *
 * Does not suspend. Waiting and later senders fail with CO_ECLOSED. Closing twice does nothing.
 */
CO_API void co_channel_close(co_channel *channel);

/*
 * co_send - put a value into the channel.
 *
 * Suspends while it is full.
 * value: value_bytes of the channel are copied.
 * Returns: 0, CO_ECLOSED, CO_ECANCELED, CO_EDEADLINE.
 */
CO_API int co_send(co_channel *channel, const void *value);

/*
 * co_try_send - put a value into the channel if there is room now.
 *
 * Does not suspend.
 * Returns: 0, -EAGAIN when it is full and nobody receives, CO_ECLOSED.
 */
CO_API int co_try_send(co_channel *channel, const void *value);

/*
 * co_receive - take a value out of the channel.
 *
 * Suspends while it is empty.
 * ret_value: room for value_bytes.
 * Returns: 0, CO_ECLOSED when closed and empty, CO_ECANCELED, CO_EDEADLINE.
 */
CO_API int co_receive(co_channel *channel, void *ret_value);

enum co_select_kind {
    CO_SELECT_SEND,    /* value: what to send */
    CO_SELECT_RECEIVE, /* value: where it goes */
};

struct co_select_case {
    enum co_select_kind kind;
    co_channel *channel; /* NULL: never ready */
    void *value;
};

/*
 * co_select - do exactly one of several channel operations, the first that can be done.
 *
 * Suspends until one can. Among several that can at once, the first in the array is done.
 * cases: count of them, at most 16; borrowed during the call. timeout_ms: give up after this;
 * negative: never; 0: do not suspend. ret_index: which case was done.
 * Returns: 0; CO_ECLOSED when the case in *ret_index met a closed channel; -EAGAIN when the time
 * was over; CO_ECANCELED, CO_EDEADLINE (also with timeout_ms 0: nothing is done in a scope that has
 * ended); -EINVAL for too many cases.
 */
CO_API int co_select(
    struct co_select_case *cases, unsigned count, int64_t timeout_ms, unsigned *ret_index);

/* ---- locks ----------------------------------------------------------------------------------- */

/* Zero-initialised is ready to use; the members are private. */
typedef struct co_mutex {
    void *private_[3];
} co_mutex;

/*
 * co_mutex_lock - enter; one fiber at a time.
 *
 * Suspends while another fiber is inside.
 * Returns: 0, CO_ECANCELED, CO_EDEADLINE (not entered), -EDEADLK when this fiber is inside already.
 */
CO_API int co_mutex_lock(co_mutex *mutex) CO_MUST_USE;

/*
 * co_mutex_unlock - leave; the longest-waiting fiber enters.
 *
 * Does not suspend. Only by the fiber that is inside.
 */
CO_API void co_mutex_unlock(co_mutex *mutex);

/* What fibers wait for that a mutex guards. Zero-initialised is ready to use. */
typedef struct co_condition {
    void *private_[2];
} co_condition;

/*
 * co_condition_wait - leave the mutex, wait for a signal, enter the mutex again.
 *
 * Suspends, also until the mutex is free again, which no deadline cuts short: the fiber is inside
 * of it when this returns, whatever is returned. What it waits for may have gone by then, so wait
 * in a loop that looks: while (!there && rc == 0) rc = co_condition_wait(&condition, &mutex);
 * mutex: which this fiber is inside of.
 * Returns: 0 when signalled, even if the scope has ended since; CO_ECANCELED, CO_EDEADLINE (no
 * signal was taken).
 */
CO_API int co_condition_wait(co_condition *condition, co_mutex *mutex) CO_MUST_USE;

/*
 * co_condition_signal - let the longest-waiting fiber go on; nothing happens when nobody waits.
 *
 * Does not suspend. Inside or outside of the mutex.
 */
CO_API void co_condition_signal(co_condition *condition);

/*
 * co_condition_broadcast - let all waiting fibers go on, in the order in which they came.
 *
 * Does not suspend. Inside or outside of the mutex.
 */
CO_API void co_condition_broadcast(co_condition *condition);

/* A counter that never falls below zero. Set `count` first; zero-initialise the rest. */
typedef struct co_semaphore {
    unsigned count;
    void *private_[2];
} co_semaphore;

/*
 * co_semaphore_take - count one down.
 *
 * Suspends while the count is 0.
 * Returns: 0, CO_ECANCELED, CO_EDEADLINE (nothing taken).
 */
CO_API int co_semaphore_take(co_semaphore *semaphore) CO_MUST_USE;

/*
 * co_semaphore_give - count one up, or hand it to the longest-waiting fiber.
 *
 * Does not suspend.
 */
CO_API void co_semaphore_give(co_semaphore *semaphore);

/* A flag to wait for. Zero-initialised is not set. */
typedef struct co_event {
    bool is_set;
    void *private_[2];
} co_event;

/*
 * co_event_set - set the flag: all waiting fibers go on, later waits return at once.
 *
 * Does not suspend.
 */
CO_API void co_event_set(co_event *event);

/*
 * co_event_clear - clear the flag.
 *
 * Does not suspend.
 */
CO_API void co_event_clear(co_event *event);

/*
 * co_event_wait - wait until the flag is set.
 *
 * Suspends unless it is.
 * Returns: 0, CO_ECANCELED, CO_EDEADLINE.
 */
CO_API int co_event_wait(co_event *event);

#ifdef __cplusplus
}
#endif
#endif
