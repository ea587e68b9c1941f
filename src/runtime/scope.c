/* SPDX-License-Identifier: MIT */
#include "runtime/scope.h"

#include "runtime/fiber.h"

#define GRACE_MAX_MS 30000 /* the most that cleanup may take after a cancellation */

void co_scope_enter(struct co_scope_body *scope, struct co_scope_body *parent,
    struct co_fiber *fiber, int64_t own_deadline)
{
    *scope = (struct co_scope_body){
        .parent = parent,
        .deadline = own_deadline,
        .own_deadline = own_deadline,
        .fiber = fiber,
    };
    co_list_init(&scope->children);
    co_list_init(&scope->link);
    if (!parent)
        return;
    co_list_append(&parent->children, &scope->link);
    if (parent->deadline < own_deadline)
        scope->deadline = parent->deadline;
    scope->code = parent->code;
    scope->draining = parent->draining;
}

void co_scope_leave(struct co_scope_body *scope)
{
    assert(co_list_empty(&scope->children));
    co_list_remove(&scope->link);
}

/* What a scope is told when it or one above it ends or drains. */
static void scope_tell(struct co_rt *rt, struct co_scope_body *scope, int code)
{
    if (scope->guest)
        scope->guest->ended(rt, scope->guest, code);
    else if (scope->fiber && scope->fiber->scope == scope)
        co_fiber_interrupt(rt, scope->fiber, code); /* its innermost scope: what it waits in */
}

/* Marks one scope; false when what lies beneath need not be visited. */
static bool scope_mark(struct co_scope_body *scope, int code)
{
    if (code == CO_EDRAIN) {
        if (scope->draining)
            return false;
        scope->draining = true;
        return true;
    }
    if (scope->code)
        return false;
    scope->code = code;
    return true;
}

struct co_scope_body *co_scope_next(
    struct co_scope_body *top, struct co_scope_body *at, bool descend)
{
    if (descend && !co_list_empty(&at->children))
        return CO_CONTAINER(at->children.next, struct co_scope_body, link);
    while (at != top) {
        if (at->link.next != &at->parent->children)
            return CO_CONTAINER(at->link.next, struct co_scope_body, link);
        at = at->parent;
    }
    return NULL;
}

static void scope_walk(struct co_scope_body *top, int code)
{
    struct co_rt *rt = co_rt_current();
    struct co_scope_body *at = top;
    while (at) {
        bool stops = at != top && at->shield && code != CO_EDRAIN;
        bool descend = !stops && scope_mark(at, code);
        if (descend)
            scope_tell(rt, at, code);
        at = co_scope_next(top, at, descend);
    }
}

void co_scope_end(struct co_scope_body *scope, int code)
{
    if (!scope->own_ended)
        scope->own_ended = code;
    scope_walk(scope, code);
}

void co_scope_drain(struct co_scope_body *scope)
{
    scope_walk(scope, CO_EDRAIN);
}

void co_scope_expire(struct co_scope_body *scope, int64_t now)
{
    struct co_scope_body *outermost = NULL;
    for (struct co_scope_body *at = scope; at; at = at->shield ? NULL : at->parent)
        if (at->own_deadline <= now && !at->own_ended)
            outermost = at;
    if (outermost)
        co_scope_end(outermost, CO_EDEADLINE);
}

int co_scope_own_end(const struct co_scope_body *scope)
{
    struct co_rt *rt = co_rt_current();
    if (scope->own_ended || scope->own_deadline == CO_NEVER)
        return scope->own_ended;
    return scope->own_deadline <= rt->backend->now(rt) ? CO_EDEADLINE : 0;
}

static void scope_open(co_scope *scope, int64_t timeout_ms, bool shield)
{
    struct co_rt *rt = co_rt_current();
    struct co_scope_body *body = (struct co_scope_body *)scope;
    struct co_fiber *fiber = rt->current;
    int64_t deadline = timeout_ms < 0 ? CO_NEVER : co_rt_deadline(rt, timeout_ms);
    co_scope_enter(body, fiber->scope, fiber, deadline);
    if (shield) {
        body->shield = true;
        body->code = 0;
        body->deadline = deadline;
    }
    fiber->scope = body;
}

void co_scope_open(co_scope *scope, int64_t timeout_ms)
{
    scope_open(scope, timeout_ms, false);
}

void co_scope_shield(co_scope *scope, int64_t grace_ms)
{
    int64_t grace = grace_ms < 0 || grace_ms > GRACE_MAX_MS ? GRACE_MAX_MS : grace_ms;
    scope_open(scope, grace, true);
}

int co_scope_close(co_scope *scope)
{
    struct co_rt *rt = co_rt_current();
    struct co_scope_body *body = (struct co_scope_body *)scope;
    assert(rt->current->scope == body); /* scopes close in reverse order, by their own fiber */
    rt->current->scope = body->parent;
    co_scope_leave(body);
    return co_scope_own_end(body);
}

void co_scope_cancel(co_scope *scope)
{
    co_scope_end((struct co_scope_body *)scope, CO_ECANCELED);
}

int co_status(void)
{
    struct co_rt *rt = co_rt_current();
    rt->now = rt->backend->now(rt); /* a long computation has not been back to the loop */
    return co_fiber_refusal(rt, false);
}
