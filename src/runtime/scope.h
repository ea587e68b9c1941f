/* SPDX-License-Identifier: MIT */
/*
 * Scopes: the tree along which deadlines and cancellation travel.
 *
 * A scope's `code` is why calls beneath it fail, its own or inherited; it is handed down when it is
 * set, so a waiting call asks one word. The tree is: a fiber's open scopes in a chain; a group is a
 * scope of its parent fiber, and the root scope of each child fiber hangs beneath it.
 */
#ifndef CO_RUNTIME_SCOPE_H
#define CO_RUNTIME_SCOPE_H

#include "base/list.h"
#include "coronet/fiber.h"

struct co_fiber;
struct co_rt;
struct co_guest;

struct co_scope_body {
    struct co_scope_body *parent;
    struct co_link children; /* scopes directly beneath */
    struct co_link link;     /* among the parent's children */
    int64_t deadline;        /* ns, the earliest of its own and those above; CO_NEVER */
    int64_t own_deadline;
    struct co_fiber *fiber; /* whose waits it interrupts */
    struct co_guest *guest; /* or the guest it stands for */
    int32_t code;           /* 0, or why calls beneath fail */
    int32_t own_ended;      /* why this very scope ended, if it did */
    bool shield;            /* cancellation from above stops here */
    bool draining;          /* accepts fail and parked streams end; handed down too */
};

_Static_assert(sizeof(struct co_scope_body) <= sizeof(co_scope), "co_scope is too small");

/* Links the scope beneath `parent` (NULL: the top) and inherits from it. */
void co_scope_enter(struct co_scope_body *scope, struct co_scope_body *parent,
    struct co_fiber *fiber, int64_t own_deadline);
void co_scope_leave(struct co_scope_body *scope);

/* Ends a scope with CO_ECANCELED, CO_EDEADLINE or CO_EDEADLOCK and everything beneath it. */
void co_scope_end(struct co_scope_body *scope, int code);

/* Tells everything beneath to take on no new work. */
void co_scope_drain(struct co_scope_body *scope);

/* The scope after `at` in the tree beneath `top`, those beneath `at` first unless they are to be
 * passed over; NULL behind the last. */
struct co_scope_body *co_scope_next(
    struct co_scope_body *top, struct co_scope_body *at, bool descend);

/* Why this very scope ended, its deadline looked at by the clock: what its close returns. */
int co_scope_own_end(const struct co_scope_body *scope);

/* Ends the outermost scope above (or at) this one whose deadline is over at `now`, if any. */
void co_scope_expire(struct co_scope_body *scope, int64_t now);

/* Why calls beneath the scope fail at the time `now`: 0, or its code. */
static inline int co_scope_refusal(struct co_scope_body *scope, int64_t now)
{
    if (CO_UNLIKELY(scope->deadline <= now && !scope->code))
        co_scope_expire(scope, now);
    return scope->code;
}

#endif
