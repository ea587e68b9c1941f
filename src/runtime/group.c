/* SPDX-License-Identifier: MIT */
/* Groups: children join before their parent goes on; the first failure ends the siblings. */
#include "runtime/fiber.h"

#include <errno.h>
#include <stdlib.h>

void co_group_open(co_group *group, const struct co_group_options *options)
{
    struct co_rt *rt = co_rt_current();
    struct co_group_body *body = (struct co_group_body *)group;
    static const struct co_group_options defaults;
    if (!options)
        options = &defaults;
    *body = (struct co_group_body){
        .children_max = options->children_max,
        .keep_going = options->keep_going,
        .owner = rt->current,
    };
    co_list_init(&body->members);
    co_list_init(&body->guests);
    co_list_init(&body->spawners);
    co_scope_enter(&body->scope, rt->current->scope, rt->current,
        options->timeout_ms > 0 ? co_rt_deadline(rt, options->timeout_ms) : CO_NEVER);
    rt->current->scope = &body->scope;
}

static void group_fail(struct co_group_body *group, int error, struct co_detail **detail)
{
    if (!group->error) {
        group->error = error;
        group->detail = *detail; /* moves up with the error */
        *detail = NULL;
    }
    if (!group->keep_going)
        co_scope_end(&group->scope, CO_ECANCELED);
}

static void group_wake_closer(struct co_rt *rt, struct co_group_body *group)
{
    if (group->closer)
        co_fiber_wake(rt, group->closer, 0);
    group->closer = NULL;
}

void co_group_member_ended(
    struct co_rt *rt, struct co_group_body *group, int result, struct co_detail **detail)
{
    group->count--;
    if (result < 0)
        group_fail(group, result, detail);
    struct co_link *waiting = co_list_pop(&group->spawners);
    if (waiting)
        co_fiber_wake(rt, CO_CONTAINER(waiting, struct co_fiber, queued), 0);
    if (group->count == 0)
        group_wake_closer(rt, group);
}

void co_group_background_ended(struct co_rt *rt, struct co_group_body *group)
{
    if (--group->background == 0)
        group_wake_closer(rt, group);
}

int co_group_wait_place(struct co_rt *rt, struct co_group_body *group, bool drainable)
{
    const struct co_wait wait = {
        .what = "place in group",
        .interrupt = co_fiber_unqueue,
        .drainable = drainable,
    };
    while (group->children_max && group->count >= group->children_max) {
        int rc = co_fiber_refusal(rt, drainable);
        if (rc < 0)
            return rc;
        co_list_append(&group->spawners, &rt->current->queued);
        rc = co_fiber_wait(rt, &wait);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Starts a child, or notes that it has failed. */
static int group_start(
    struct co_group_body *group, const struct co_go_options *options, co_task *task, void *arg)
{
    struct co_rt *rt = co_rt_current();
    int rc = options->background ? 0 : co_group_wait_place(rt, group, false);
    if (rc == 0)
        rc = co_scope_refusal(&group->scope, rt->now);
    if (rc == 0)
        rc = co_fiber_spawn(rt, group, options, task, arg);
    if (rc < 0) {
        struct co_detail *none = NULL;
        group_fail(group, rc, &none);
        return rc;
    }
    if (options->background)
        group->background++;
    else
        group->count++;
    return 0;
}

void co_go_with(co_group *group, const struct co_go_options *options, co_task *task, void *arg)
{
    group_start((struct co_group_body *)group, options, task, arg); /* close tells of a failure */
}

/* Asks the background fibers to end, once the others have. */
static void group_dismiss(struct co_group_body *group)
{
    for (struct co_link *at = group->members.next; at != &group->members; at = at->next)
        co_scope_end(&CO_CONTAINER(at, struct co_fiber, sibling)->root, CO_ECANCELED);
}

/* Joining cannot be cut short; the deadline must all the same reach the children while it waits. */
static void group_join_interrupted(struct co_rt *rt, struct co_fiber *fiber, int code)
{
    (void)rt, (void)code;
    fiber->interrupted = false;
}

int co_group_close(co_group *group)
{
    static const struct co_wait wait = {.what = "children", .interrupt = group_join_interrupted};
    struct co_rt *rt = co_rt_current();
    struct co_group_body *body = (struct co_group_body *)group;
    struct co_fiber *fiber = rt->current;
    assert(fiber == body->owner && fiber->scope == &body->scope);
    while (body->count > 0 || body->background > 0) {
        if (body->count == 0)
            group_dismiss(body);
        body->closer = fiber;
        co_fiber_wait(rt, &wait);
    }
    fiber->scope = body->scope.parent;
    int ended = co_scope_own_end(&body->scope);
    co_scope_leave(&body->scope);
    if (body->detail)
        co_detail_set(&fiber->detail, body->detail->code, body->detail->text);
    free(body->detail);
    return body->error ? body->error : ended;
}

void co_group_cancel(co_group *group)
{
    co_scope_end(&((struct co_group_body *)group)->scope, CO_ECANCELED);
}

void co_group_drain(co_group *group)
{
    co_scope_drain(&((struct co_group_body *)group)->scope);
}

struct co_group_body *co_group_current(struct co_rt *rt)
{
    return rt->current->group;
}

void co_guest_join(struct co_group_body *group, struct co_guest *guest)
{
    guest->group = group;
    group->count++;
    co_list_append(&group->guests, &guest->link);
    co_scope_enter(&guest->scope, &group->scope, NULL, CO_NEVER);
    guest->scope.guest = guest;
}

void co_guest_leave(struct co_rt *rt, struct co_guest *guest)
{
    struct co_detail *none = NULL;
    co_scope_leave(&guest->scope);
    co_list_remove(&guest->link);
    co_group_member_ended(rt, guest->group, 0, &none);
}

/* ---- a child that says when it is ready
 * ----------------------------------------------------------- */

static void start_interrupted(struct co_rt *rt, struct co_fiber *fiber, int code)
{
    fiber->starting->starter = NULL;
    co_fiber_wake(rt, fiber, code);
}

int co_start(co_group *group, co_task *task, void *arg, long *ret_ready)
{
    static const struct co_wait wait = {
        .what = "child to be ready", .interrupt = start_interrupted};
    struct co_rt *rt = co_rt_current();
    struct co_group_body *body = (struct co_group_body *)group;
    struct co_go_options options = {.name = "start"};
    int rc = co_fiber_refusal(rt, false);
    if (rc < 0)
        return rc;
    rc = group_start(body, &options, task, arg);
    if (rc < 0)
        return rc;
    struct co_fiber *child = CO_CONTAINER(body->members.prev, struct co_fiber, sibling);
    child->starter = rt->current;
    child->starter_value = ret_ready;
    rt->current->starting = child;
    return co_fiber_wait(rt, &wait);
}

void co_ready(long value)
{
    struct co_rt *rt = co_rt_current();
    struct co_fiber *child = rt->current, *starter = child->starter;
    if (!starter)
        return;
    child->starter = NULL;
    if (child->starter_value)
        *child->starter_value = value;
    co_fiber_wake(rt, starter, 0);
}
