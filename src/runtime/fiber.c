/* SPDX-License-Identifier: MIT */
/*
 * A fiber's life: started, switched to and from, ended.
 *
 * The control block lies at the top of its own stack, in the cache lines that the first frames use
 * anyway. A fiber that waits hands over to the next ready one directly; only when none is ready, or
 * the turn's budget is used up, does the loop run. An ended fiber's stack is put back by whoever
 * runs next, since nobody can free the ground he stands on.
 */
#include "runtime/fiber.h"

#include "runtime/sanitize.h"
#include "runtime/switch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Fibers run, and operations done at once, before the backend is asked again: no fiber starves the
 * sockets, however chatty its own may be. */
#define TURN_BUDGET 256
#define COPY_MAX    4096 /* bytes of an argument copied onto a fiber's stack */

/* Out of line: its locals would give every switch a protected frame. */
static __attribute__((noinline)) void fiber_free(struct co_rt *rt, struct co_fiber *fiber)
{
    struct co_stack stack = fiber->stack;
    if (fiber->tsan)
        co_tsan_destroy(fiber->tsan);
    co_stack_give(rt->stacks, &stack);
}

/* ---- switching ---------------------------------------------------------------------------------
 */

/* What every context does first when it goes on: the one that left may have ended. */
static void arrived(struct co_rt *rt)
{
    if (CO_UNLIKELY(rt->dead)) {
        struct co_fiber *dead = rt->dead;
        rt->dead = NULL;
        fiber_free(rt, dead);
    }
}

static void stack_check(const struct co_fiber *fiber)
{
    /* Only stacks without a guard page can have been written over; a guard would have trapped. */
    if (CO_UNLIKELY(fiber->canary != CO_FIBER_CANARY)) {
        fprintf(stderr, "coronet: a stack overflow has destroyed a fiber's control block\n");
        abort();
    }
}

static struct co_fiber *ready_pop(struct co_rt *rt)
{
    struct co_fiber *fiber = rt->ready_first;
    if (!fiber || rt->ready_budget == 0)
        return NULL;
    rt->ready_budget--;
    rt->ready_first = fiber->next_ready;
    if (!rt->ready_first)
        rt->ready_last = &rt->ready_first;
    return fiber;
}

static void ready_push(struct co_rt *rt, struct co_fiber *fiber)
{
    fiber->state = CO_FIBER_READY;
    fiber->next_ready = NULL;
    *rt->ready_last = fiber;
    rt->ready_last = &fiber->next_ready;
}

/* The optimiser must not look into what holds a switch: it would see no call, and take statics for
 * unchanged that another fiber changes. */
#if __has_attribute(noipa)
# define OPAQUE __attribute__((noipa))
#else
# define OPAQUE __attribute__((noinline))
#endif

/* Leaves the context saved in *save for the fiber, or for the loop when it is NULL. */
static inline __attribute__((always_inline)) void switch_to(
    struct co_rt *rt, void **save, void **fake_stack, struct co_fiber *to)
{
    rt->current = to;
    if (to) {
        stack_check(to);
        to->state = CO_FIBER_RUNNING;
        co_sanitize_leave(fake_stack, to->stack.bottom, (size_t)(to->stack.top - to->stack.bottom));
        co_tsan_switch(to->tsan);
        co_switch(save, to->sp);
        return;
    }
    co_sanitize_leave(fake_stack, rt->loop_stack_bottom, rt->loop_stack_size);
    co_tsan_switch(rt->loop_tsan);
    co_switch(save, rt->loop_sp);
}

/* The current fiber stops here until somebody makes it ready. */
static OPAQUE void fiber_leave(struct co_rt *rt)
{
    struct co_fiber *fiber = rt->current;
    struct co_fiber *next = ready_pop(rt);
    if (next && next == fiber) { /* it was woken before it left */
        fiber->state = CO_FIBER_RUNNING;
        return;
    }
    switch_to(rt, &fiber->sp, &fiber->fake_stack, next);
    co_sanitize_arrive(fiber->fake_stack, NULL, NULL);
    arrived(rt);
}

OPAQUE void co_fibers_run(struct co_rt *rt)
{
    rt->ready_budget = TURN_BUDGET;
    struct co_fiber *next;
    while ((next = ready_pop(rt))) {
        switch_to(rt, &rt->loop_sp, &rt->loop_fake_stack, next);
        co_sanitize_arrive(rt->loop_fake_stack, NULL, NULL);
        arrived(rt);
    }
}

/* ---- start and end ------------------------------------------------------------------------------
 */

/* What is being freed is no longer to be found, by free_value itself either. */
static void local_replace(struct co_local *local, struct co_local by)
{
    struct co_local before = *local;
    *local = by;
    if (before.free_value)
        before.free_value(before.value);
}

/* While the fiber is still one: a free_value may wait, and what it says of its own failures is not
 * why the fiber ends. */
static void locals_free(struct co_fiber *fiber)
{
    struct co_detail *detail = fiber->detail;
    fiber->detail = NULL;
    for (int i = 0; i < CO_LOCALS_MAX; i++)
        local_replace(&fiber->locals->at[i], (struct co_local){0});
    free(fiber->locals);
    fiber->locals = NULL;
    free(fiber->detail);
    fiber->detail = detail;
}

static void fiber_end(struct co_rt *rt, struct co_fiber *fiber)
{
    assert(fiber->scope == &fiber->root); /* every scope and group it opened must be closed */
    if (fiber->starter)
        co_fiber_wake(rt, fiber->starter, fiber->result < 0 ? fiber->result : -EPIPE);
    co_timer_forget(rt, &fiber->timer);
    co_timer_unreserve(rt);
    co_scope_leave(&fiber->root);
    co_list_remove(&fiber->link);
    rt->fiber_count--;
    if (fiber->group) {
        co_list_remove(&fiber->sibling);
        if (fiber->background)
            co_group_background_ended(rt, fiber->group);
        else
            co_group_member_ended(rt, fiber->group, fiber->result, &fiber->detail);
    }
    if (rt->main_fiber == fiber) {
        rt->main_fiber = NULL;
        rt->exit_code = fiber->result;
        if (fiber->detail)
            co_detail_set(&rt->exit_detail, fiber->detail->code, fiber->detail->text);
    }
    free(fiber->detail);
    fiber->state = CO_FIBER_ENDED;
    rt->dead = fiber;
}

static OPAQUE void fiber_main(void)
{
    struct co_rt *rt = co_rt_current();
    struct co_fiber *fiber = rt->current;
    co_sanitize_arrive(NULL, NULL, NULL);
    arrived(rt);
    fiber->result = fiber->task(fiber->arg);
    if (CO_UNLIKELY(fiber->locals))
        locals_free(fiber);
    fiber_end(rt, fiber);
    struct co_fiber *next = ready_pop(rt);
    switch_to(rt, &fiber->sp, NULL, next);
    __builtin_unreachable();
}

static struct co_fiber *fiber_place(const struct co_stack *stack, void **ret_top, size_t copy_bytes)
{
    uintptr_t at = (uintptr_t)stack->top - sizeof(struct co_fiber);
    at &= ~(uintptr_t)63;
    struct co_fiber *fiber = (struct co_fiber *)at;
    at -= (copy_bytes + 15) & ~(size_t)15;
    *ret_top = (void *)at;
    return fiber;
}

int co_fiber_spawn(struct co_rt *rt, struct co_group_body *group,
    const struct co_go_options *options, co_task *task, void *arg)
{
    struct co_stack stack;
    size_t wanted = options->stack_bytes ? options->stack_bytes : rt->options->stack_bytes;
    if (options->copy_bytes > COPY_MAX)
        return -E2BIG;
    if (co_timer_reserve(rt) < 0)
        return -ENOMEM;
    if (co_stack_take(rt->stacks, wanted ? co_stack_class_of(wanted) : CO_STACK_64K, &stack) < 0) {
        co_timer_unreserve(rt);
        return -ENOMEM;
    }
    void *top;
    struct co_fiber *fiber = fiber_place(&stack, &top, options->copy_bytes);
    *fiber = (struct co_fiber){
        .rt = rt,
        .background = options->background,
        .group = group,
        .timer = {.due = CO_NEVER},
        .task = task,
        .arg = options->copy_bytes ? memcpy(top, arg, options->copy_bytes) : arg,
        .name = options->name,
        .site = options->site,
        .id = ++rt->fiber_serial,
        .stack = stack,
        .canary = CO_FIBER_CANARY,
        .tsan = co_tsan_create(),
    };
    co_list_init(&fiber->queued);
    co_timer_init(&fiber->timer, co_fiber_timer_fired);
    co_scope_enter(&fiber->root, group ? &group->scope : NULL, fiber, CO_NEVER);
    fiber->scope = &fiber->root;
    fiber->sp = co_switch_prepare(top, (size_t)((char *)top - stack.bottom), fiber_main);
    co_list_append(&rt->fibers, &fiber->link);
    rt->fiber_count++;
    if (group)
        co_list_append(&group->members, &fiber->sibling);
    ready_push(rt, fiber);
    return 0;
}

/* ---- waiting ------------------------------------------------------------------------------------
 */

/* Expires on the fiber's own account whatever its wait lies in. */
void co_fiber_timer_fired(struct co_rt *rt, struct co_timer *timer)
{
    struct co_fiber *fiber = CO_CONTAINER(timer, struct co_fiber, timer);
    if (fiber->state == CO_FIBER_WAITING && fiber->scope->deadline <= rt->now)
        co_scope_expire(fiber->scope, rt->now);
}

int co_fiber_wait(struct co_rt *rt, const struct co_wait *wait)
{
    struct co_fiber *fiber = rt->current;
    fiber->wait = wait;
    fiber->wait_since = rt->now;
    fiber->interrupted = false;
    fiber->state = CO_FIBER_WAITING;
    co_timer_set(rt, &fiber->timer, wait->interrupt ? fiber->scope->deadline : CO_NEVER);
    int refusal = wait->interrupt ? co_fiber_refusal(rt, wait->drainable) : 0;
    if (refusal)
        co_fiber_interrupt(rt, fiber, refusal);
    fiber_leave(rt);
    fiber->wait = NULL;
    return fiber->wake_code;
}

void co_fiber_wake(struct co_rt *rt, struct co_fiber *fiber, int code)
{
    assert(fiber->state == CO_FIBER_WAITING);
    fiber->wake_code = code;
    ready_push(rt, fiber);
}

void co_fiber_interrupt(struct co_rt *rt, struct co_fiber *fiber, int code)
{
    if (fiber->state != CO_FIBER_WAITING || fiber->interrupted || !fiber->wait->interrupt)
        return;
    if (code == CO_EDRAIN && !fiber->wait->drainable)
        return;
    fiber->interrupted = true;
    fiber->wait->interrupt(rt, fiber, code);
}

void co_fiber_unqueue(struct co_rt *rt, struct co_fiber *fiber, int code)
{
    co_list_remove(&fiber->queued);
    co_fiber_wake(rt, fiber, code);
}

void co_fiber_spend(struct co_rt *rt)
{
    if (CO_LIKELY(rt->ready_budget > 0))
        rt->ready_budget--;
    else
        co_fiber_pause(rt);
}

void co_fiber_pause(struct co_rt *rt)
{
    if (!rt->ready_first)
        rt->ready_budget = 0; /* alone: those whose input has arrived are the others */
    ready_push(rt, rt->current);
    fiber_leave(rt);
}

/* ---- details and locals
 * -------------------------------------------------------------------------- */

void co_detail_set(struct co_detail **to, int code, const char *text)
{
    if (!*to)
        *to = malloc(sizeof **to); /* without memory the code alone must do */
    if (!*to)
        return;
    (*to)->code = code;
    snprintf((*to)->text, sizeof(*to)->text, "%s", text);
}

int co_local_set(const void *key, void *value, void (*free_value)(void *))
{
    struct co_fiber *fiber = co_rt_current()->current;
    if (!fiber->locals && !(fiber->locals = calloc(1, sizeof *fiber->locals)))
        return -ENOMEM;
    int at = -1;
    for (int i = CO_LOCALS_MAX - 1; i >= 0; i--)
        if (fiber->locals->at[i].key == key || (at < 0 && !fiber->locals->at[i].key))
            at = i;
    for (int i = 0; i < CO_LOCALS_MAX; i++)
        if (fiber->locals->at[i].key == key)
            at = i;
    if (at < 0)
        return -ENOSPC;
    struct co_local *local = &fiber->locals->at[at];
    if (local->key == key && local->value == value)
        local->free_value = free_value;
    else
        local_replace(local, (struct co_local){key, value, free_value});
    return 0;
}

void *co_local_get(const void *key)
{
    struct co_fiber *fiber = co_rt_current()->current;
    for (int i = 0; fiber->locals && i < CO_LOCALS_MAX; i++)
        if (fiber->locals->at[i].key == key)
            return fiber->locals->at[i].value;
    return NULL;
}
