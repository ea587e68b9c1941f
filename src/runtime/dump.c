/* SPDX-License-Identifier: MIT */
/*
 * The tree of fibers as text: who waits for what, since when, how long still, and where.
 *
 * Written at a safe point by the thread itself, so every fiber but the current one is parked and
 * its frames can be walked by their frame pointers.
 */
#include "coronet/shard.h"

#include "runtime/fiber.h"
#include "runtime/switch.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>

#define FRAMES_MAX 12

static const char *state_name(const struct co_fiber *fiber)
{
    static const char *const names[] = {
        [CO_FIBER_READY] = "ready",
        [CO_FIBER_RUNNING] = "running",
        [CO_FIBER_WAITING] = "waits for",
        [CO_FIBER_ENDED] = "ended",
    };
    return names[fiber->state];
}

static int fiber_depth(const struct co_fiber *fiber)
{
    int depth = 0;
    for (const struct co_group_body *group = fiber->group; group; group = group->owner->group)
        depth++;
    return depth;
}

/* A static function has no name here; its offset within the file is what addr2line takes. */
static void dump_frame(int fd, int indent, const char *pc)
{
    Dl_info info;
    if (!dladdr(pc, &info)) {
        dprintf(fd, "%*sat %p\n", indent, "", (const void *)pc);
        return;
    }
    if (info.dli_sname)
        dprintf(fd, "%*sat %s+%td\n", indent, "", info.dli_sname, pc - (char *)info.dli_saddr);
    else
        dprintf(fd, "%*sat %s+%#zx\n", indent, "", info.dli_fname,
            (size_t)(pc - (char *)info.dli_fbase));
}

__attribute__((no_sanitize("address", "thread"))) static void dump_backtrace(
    int fd, int indent, const struct co_fiber *fiber)
{
    void *pc = NULL;
    void **frame = co_switch_frame(fiber->sp, &pc);
    for (int i = 0; i < FRAMES_MAX && pc; i++) {
        dump_frame(fd, indent, pc);
        if ((char *)frame < fiber->stack.bottom || (char *)(frame + 2) > fiber->stack.top ||
            (uintptr_t)frame % sizeof(void *))
            return;
        pc = frame[1];
        frame = frame[0];
    }
}

static void dump_fiber(struct co_rt *rt, int fd, const struct co_fiber *fiber)
{
    int indent = 2 * fiber_depth(fiber);
    dprintf(fd, "%*s#%" PRIu64 " %s", indent, "", fiber->id, fiber->name ? fiber->name : "?");
    if (fiber->site)
        dprintf(fd, " (%s)", fiber->site);
    dprintf(fd, ": %s", state_name(fiber));
    if (fiber->state == CO_FIBER_WAITING && fiber->wait) {
        dprintf(fd, " %s", fiber->wait->what);
        if (fiber->wait->is_op) {
            const struct co_op *op = fiber->wait->on;
            dprintf(fd, " fd %d", rt->backend->raw(rt, op->fd));
        }
        dprintf(fd, " for %.3f s", (double)(rt->now - fiber->wait_since) / 1e9);
    }
    if (fiber->scope->deadline != CO_NEVER)
        dprintf(fd, ", deadline in %.3f s", (double)(fiber->scope->deadline - rt->now) / 1e9);
    if (fiber->scope->code)
        dprintf(fd, ", scope ended: %s", co_error_name(fiber->scope->code));
    dprintf(fd, "\n");
    if (fiber->state == CO_FIBER_WAITING || (fiber->state == CO_FIBER_READY && fiber->wait))
        dump_backtrace(fd, indent + 4, fiber);
}

/* A fiber and all beneath it, each behind its parent: in the tree of scopes its own scope stands
 * for it, beneath its group's. Without recursion, since the tree may be deep. */
static void dump_tree(struct co_rt *rt, int fd, struct co_fiber *top)
{
    struct co_scope_body *at = &top->root;
    for (; at; at = co_scope_next(&top->root, at, true))
        if (at->fiber && at == &at->fiber->root)
            dump_fiber(rt, fd, at->fiber);
}

void co_rt_dump(struct co_rt *rt, int fd, const char *reason)
{
    dprintf(fd, "coronet: %s; shard %u, %" PRIu64 " fibers on %s\n", reason, co_shard_index(),
        rt->fiber_count, rt->backend->name);
    for (struct co_link *at = rt->fibers.next; at != &rt->fibers; at = at->next) {
        struct co_fiber *fiber = CO_CONTAINER(at, struct co_fiber, link);
        if (!fiber->group)
            dump_tree(rt, fd, fiber);
    }
}
